//! Where each thread is: slots and frames, read so that one thread's name never meets another's line.

use probe::layout::{
    BLOCK_BYTES, BLOCK_FRAMES, FrameCopy, SectionKind, SlotCopy, TRAIL_ENTRIES, WORD, WatchCopy,
    WorkerCopy, unpack_zero_ended,
};
use probe::protocol::keyed;
use probe::protocol::stack::{self, Level as Frame};
use probe::protocol::tenancy::{self, Reading};

use super::Effort;
use super::board::{Board, Contents, Sect};
use super::records::doubled;
use crate::snapshot::Label;

/// What a thread did, from its worker record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Queue that it serves, as an index.
    pub queue: Option<u64>,
    /// Busy clock units up to the last change.
    pub busy: u64,
    /// Stamp of the last change.
    pub changed: u64,
    /// Jobs in hand: 0 when idle since.
    pub in_hand: u64,
    /// Jobs finished.
    pub finished: u64,
}

/// What the keeper noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Digest of the position it saw.
    pub position: u64,
    /// Stamp of the first look that saw it there.
    pub since: u64,
    /// Stamp since which the thread also used no processor time; `u64::MAX` when not known.
    pub still_since: u64,
}

/// One thread as read from its slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRead {
    /// Index of its slot.
    pub slot: u64,
    /// Generation of the slot.
    pub generation: u64,
    /// Thread id in the daemon's pid namespace.
    pub tid: u64,
    /// Name.
    pub name: Label,
    /// Stamp of its first probe.
    pub started: u64,
    /// Busy time that the slot's earlier owners left.
    pub busy_at_start: u64,
    /// Open frames, the base first; `None` when they changed at every try.
    pub frames: Option<Vec<Frame>>,
    /// What it did last, a site and its argument, when it is in no scope and at no line.
    pub last: Option<(u64, Option<u64>)>,
    /// Its work, when it ever held a job.
    pub work: Option<Work>,
    /// What the keeper noticed, when it could be read.
    pub watch: Option<Watch>,
    /// Addresses of the sites of its last tags, the newest first; empty when the daemon keeps none.
    pub trail: Vec<u64>,
}

/// The open frames of a thread, and what it did last.
type Position = (Vec<Frame>, Option<(u64, Option<u64>)>);

/// The sections that hold one record for each slot.
pub(super) struct Rooms<'a> {
    board: &'a Board,
    slots: &'a Sect,
    frames: Option<&'a Sect>,
    workers: Option<&'a Sect>,
    watches: Option<&'a Sect>,
    trails: Option<&'a Sect>,
}

impl<'a> Rooms<'a> {
    pub(super) fn new(board: &'a Board, contents: &'a Contents) -> Option<Self> {
        Some(Self {
            board,
            slots: contents.get(SectionKind::Slots)?,
            frames: contents.get(SectionKind::Frames),
            workers: contents.get(SectionKind::Workers),
            watches: contents.get(SectionKind::Watches),
            trails: contents.get(SectionKind::Trails),
        })
    }

    /// Every live thread.
    pub(super) fn threads(&self, effort: &mut Effort) -> Vec<ThreadRead> {
        (0..self.slots.used).filter_map(|slot| self.thread(slot, effort)).collect()
    }

    /// One slot. It changed hands at every try: counted as torn, and left out, since any row would
    /// pair one thread's name with another's line.
    fn thread(&self, slot: u64, effort: &mut Effort) -> Option<ThreadRead> {
        let state_at = self.slots.at(slot)?;
        let mut retries = 0;
        let read = tenancy::read(
            || self.board.source.word(state_at),
            |generation| self.tenant(slot, generation, effort),
            &mut retries,
        );
        effort.retries += retries;
        match read {
            Reading::Live(_, thread) => thread,
            Reading::Vacant => None,
            Reading::Torn => {
                effort.torn += 1;
                None
            }
        }
    }

    /// What a slot says of the thread with this generation.
    fn tenant(&self, slot: u64, generation: u64, effort: &mut Effort) -> Option<ThreadRead> {
        let mut words = [0; SlotCopy::BYTES / 8];
        self.board.record(self.slots, slot, &mut words);
        let record = SlotCopy::from_words(&words)?;
        let (frames, last) = match self.frames(slot, record.block & 1, effort) {
            Some((frames, last)) => (Some(frames), last),
            None => (None, None),
        };
        Some(ThreadRead {
            slot,
            generation,
            tid: record.tid,
            name: Label::from_bytes(&unpack_zero_ended(&record.name)),
            started: record.started,
            busy_at_start: record.busy_at_start,
            frames,
            last,
            work: self.work(slot, generation, effort),
            watch: self.watch(slot, effort),
            trail: self.trail(slot),
        })
    }

    /// The open frames of the block in use, the base first, and what it did last; `None` when pushes outran
    /// every try.
    fn frames(&self, slot: u64, block: u64, effort: &mut Effort) -> Option<Position> {
        let none = Some((Vec::new(), None));
        let Some(at) = self.frames.and_then(|sect| sect.at(slot)) else { return none };
        let stride = self.frames.map_or(0, |sect| sect.stride);
        if stride < (block + 1) * BLOCK_BYTES as u64 {
            return none;
        }
        let at = at + block * BLOCK_BYTES as u64;
        let load = |frame: usize, word: usize| {
            self.board.source.word(at + (frame * FrameCopy::BYTES + word * WORD) as u64)
        };
        let mut levels = [Frame::default(); BLOCK_FRAMES - 1];
        let depth = stack::read(load, &mut levels, &mut effort.retries);
        if depth.is_none() {
            effort.torn += 1;
        }
        let levels = levels.get(..depth?).unwrap_or_default();
        let nowhere = matches!(levels, [base] if base.line == 0);
        Some((levels.to_vec(), if nowhere { stack::last(load) } else { None }))
    }

    /// The trail, the newest tag first. The newest stands before the first empty entry, or last; what
    /// the thread overwrote while the ring was read is cut off.
    fn trail(&self, slot: u64) -> Vec<u64> {
        let mut before = [0; TRAIL_ENTRIES];
        let mut after = [0; TRAIL_ENTRIES];
        let Some(sect) = self.trails.filter(|sect| sect.stride >= 8 * TRAIL_ENTRIES as u64) else {
            return Vec::new();
        };
        self.board.record(sect, slot, &mut before);
        self.board.source.fence();
        self.board.record(sect, slot, &mut after);
        let empty = before.iter().position(|&site| site == 0).unwrap_or(TRAIL_ENTRIES);
        let backwards =
            (0..TRAIL_ENTRIES).map(|step| (empty + 2 * TRAIL_ENTRIES - 1 - step) % TRAIL_ENTRIES);
        backwards
            .map_while(|at| {
                let (site, again) = (before.get(at).copied()?, after.get(at).copied()?);
                (site != 0 && site == again).then_some(site)
            })
            .collect()
    }

    /// The worker record, when it is this generation's.
    fn work(&self, slot: u64, generation: u64, effort: &mut Effort) -> Option<Work> {
        let sect = self.workers?;
        let mut head = [0; 3];
        self.board.record(sect, slot, &mut head);
        let [sequence, queue, owner] = head;
        if sequence == 0 || owner != generation {
            return None;
        }
        let at = sect.at(slot)?;
        if sect.stride < WorkerCopy::BYTES as u64 {
            return None;
        }
        let (_, copy) = doubled(&self.board.source, at, [at + 0x40, at + 0x80], effort)?;
        let [busy, changed, in_hand, finished] = copy;
        Some(Work { queue: queue.checked_sub(1), busy, changed, in_hand, finished })
    }

    /// What the keeper noticed. A watch that changed at every try is no loss: there is no age then.
    fn watch(&self, slot: u64, effort: &mut Effort) -> Option<Watch> {
        let sect = self.watches?;
        let at = sect.at(slot)?;
        if sect.stride < WatchCopy::BYTES as u64 {
            return None;
        }
        let word = |index: usize| self.board.source.word(at + (index * WORD) as u64);
        let busy = |position| position == u64::MAX;
        let (position, rest) =
            keyed::read(|| word(0), |index| word(1 + index), busy, &mut effort.retries);
        let [since, still_since] = rest?;
        (since != 0).then_some(Watch { position, since, still_since })
    }
}
