//! Records that a kill in the middle of a write leaves readable, and how a reader takes them.

use probe::layout::{
    EndCopy, FACT_BYTES, FD_STRETCHES, FactCopy, LostCopy, PANIC_TEXT_BYTES, PANIC_TEXT_WORD,
    PulseCopy, PulseRecord, SectionKind, WORD, unpack,
};
use probe::protocol::doubled;

use super::board::{Board, Contents};
use super::effort::Effort;
use super::pages::Pages;
use crate::source::Source;
use crate::words::label::Label;

/// Reads a doubled record: the copy that the sequence's lowest bit names, believed when the sequence
/// is the same after it. Returns the sequence; `None` when it changed at every try, which is counted.
pub fn doubled<const N: usize>(
    source: &Source,
    sequence_at: u64,
    [even_at, odd_at]: [u64; 2],
    effort: &mut Effort,
) -> Option<(u64, [u64; N])> {
    let read = doubled::read(
        || source.word(sequence_at),
        |odd, index| source.word((if odd { odd_at } else { even_at }) + (index * WORD) as u64),
        &mut effort.retries,
    );
    if read.is_none() {
        effort.torn += 1;
    }
    read
}

/// The keeper's last sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulse {
    /// Beats so far.
    pub beats: u64,
    /// Work skipped because it woke late.
    pub skipped: u64,
    /// Stamp of the last beat.
    pub stamp: u64,
    /// `CLOCK_MONOTONIC` of the last beat, ns.
    pub mono_ns: u64,
    /// Wall clock of the last beat, ns since 1970.
    pub wall_ns: u64,
    /// Processor time of the process; `None` where the board does not say.
    pub processor: Option<Processor>,
    /// The least number of open descriptors in each stretch of the process's life.
    pub fd_least: [u64; FD_STRETCHES],
    /// Stretches so far.
    pub fd_stretches: usize,
    /// Length of a stretch, ns.
    pub fd_stretch_ns: u64,
}

/// Processor time of a process at two moments, by its keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processor {
    /// Processor time of all threads so far, ns.
    pub ran_ns: u64,
    /// Stamp of that.
    pub ran_at: u64,
    /// Processor time at an earlier look, ns.
    pub ran_then_ns: u64,
    /// Stamp of that look: 10 to 20 s before the other, or the start.
    pub since: u64,
}

/// A panic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Panic {
    /// Stamp.
    pub stamp: u64,
    /// Wall clock, ns since 1970.
    pub wall_ns: u64,
    /// Thread id; 0 where it is not told.
    pub tid: u64,
    /// Message and place.
    pub text: Label,
}

/// What is known of the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndRead {
    /// Exit handlers ran.
    pub exited: bool,
    /// Exit code, as the process passed it.
    pub exit_code: i64,
    /// Stamp of the exit.
    pub exit_stamp: u64,
    /// Wall clock of the exit, ns since 1970.
    pub exit_wall_ns: u64,
    /// Panics so far, also those that were caught.
    pub panics: u64,
    /// The last of them.
    pub panic: Option<Panic>,
}

/// Reads the pulse; `None` before the first beat.
pub(super) fn pulse(board: &Board, contents: &Contents, effort: &mut Effort) -> Option<Pulse> {
    let sect = contents.get(SectionKind::Pulse)?;
    let at = sect.at(0).filter(|_| sect.stride >= PulseCopy::BYTES as u64)?;
    let (beats, [stamp, mono_ns, wall_ns, ran_ns, since, ran_then_ns, ran_at]) =
        doubled(&board.source, at, [at + 0x40, at + 0x80], effort)?;
    let skipped = board.source.word(at + 8);
    let (fd_least, fd_stretches, fd_stretch_ns) = descriptors(board, at);
    (beats != 0).then_some(Pulse {
        beats,
        skipped,
        stamp,
        mono_ns,
        wall_ns,
        // All zero before layout 1.2.
        processor: (ran_at != 0).then_some(Processor { ran_ns, ran_at, ran_then_ns, since }),
        fd_least,
        fd_stretches,
        fd_stretch_ns,
    })
}

/// The least number of open descriptors in each stretch, how many there are (none while the keeper writes
/// them), and a stretch's length.
fn descriptors(board: &Board, at: u64) -> ([u64; FD_STRETCHES], usize, u64) {
    let word = |field: usize| board.source.word(at + field as u64);
    let stretches = || word(core::mem::offset_of!(PulseRecord, fd_stretches));
    let count = stretches();
    // Pairs with the release store of the count.
    board.source.fence();
    let length = word(core::mem::offset_of!(PulseRecord, fd_stretch_ns));
    let first = core::mem::offset_of!(PulseRecord, fd_least);
    let least = core::array::from_fn(|index| word(first + index * 8));
    board.source.fence();
    let whole = stretches() == count;
    (least, if whole { FD_STRETCHES.min(count as usize) } else { 0 }, length)
}

/// Reads what could not be recorded.
pub(super) fn lost(board: &Board, contents: &Contents) -> LostCopy {
    let mut words = [0; LostCopy::BYTES / 8];
    if let Some(sect) = contents.get(SectionKind::Lost) {
        board.record(sect, 0, &mut words);
    }
    LostCopy {
        threads: words[0],
        metrics: words[1],
        sites: words[2],
        ops: words[3],
        nested: words[4],
        healed: words[5],
        strings: words[6],
        facts: words[7],
        histograms: words[8],
        signals: words[9],
        queues: words[10],
        misuse: words[11],
        windows: words[12],
        locks: words[13],
        reserved: [0; 2],
    }
}

/// Reads what is known of the end.
pub(super) fn end(board: &Board, contents: &Contents, effort: &mut Effort) -> EndRead {
    let whole = |sect: &&super::board::Sect| sect.stride >= EndCopy::BYTES as u64;
    let Some(at) = contents.get(SectionKind::End).filter(whole).and_then(|sect| sect.at(0)) else {
        return EndRead::default();
    };
    let exited = board.source.word(at) == 1;
    // Pairs with the release store of `exited`.
    board.source.fence();
    let mut head = [0; 5];
    board.source.words(at, &mut head);
    let (panics, copy) =
        doubled(&board.source, at + 0x20, [at + 0x40, at + 0x1a0], effort).unwrap_or((0, [0; 44]));
    let panic = (panics > 0).then(|| {
        let length = usize::try_from(copy[3]).unwrap_or(usize::MAX).min(PANIC_TEXT_BYTES);
        Panic {
            stamp: copy[0],
            wall_ns: copy[1],
            tid: copy[2],
            text: Label::from_bytes(&unpack(&copy[PANIC_TEXT_WORD..], length)),
        }
    });
    EndRead {
        exited,
        exit_code: head[1] as i64,
        exit_stamp: head[2],
        exit_wall_ns: head[3],
        panics,
        panic,
    }
}

/// Reads the facts: key reference and value.
pub(super) fn facts(board: &Board, contents: &Contents, effort: &mut Effort) -> Vec<(u64, Label)> {
    let Some(sect) = contents.get(SectionKind::Facts) else { return Vec::new() };
    if sect.stride < FactCopy::BYTES as u64 {
        return Vec::new();
    }
    let mut pages = Pages::new(board, sect);
    let mut fact = |index| {
        let record = pages.record(index)?;
        let key = record.word(8);
        if key == 0 {
            return None;
        }
        record.fence();
        let read = doubled::read(
            || record.word(0),
            |odd, index| record.word(if odd { 0x88 } else { 0x10 } + (index * WORD) as u64),
            &mut effort.retries,
        );
        effort.torn += u64::from(read.is_none());
        let (sequence, copy): (u64, [u64; 15]) = read?;
        let length = usize::try_from(copy[0]).unwrap_or(usize::MAX).min(FACT_BYTES);
        (sequence != 0).then(|| (key, Label::from_bytes(&unpack(&copy[1..], length))))
    };
    (0..sect.capacity).filter_map(&mut fact).collect()
}
