//! Where each thread is: slots and frames, read so that one thread's name never meets another's line.

use probe::layout::{
    BLOCK_BYTES, BLOCK_FRAMES, FrameCopy, SectionKind, SlotCopy, TRAIL_ENTRIES, WORD, WatchCopy,
    WorkerCopy, unpack_zero_ended,
};
use probe::protocol::occupancy::{self, Reading};
use probe::protocol::stack::{self, Level as Frame};
use probe::protocol::{doubled, keyed, trail};

use super::board::{Board, Contents};
use super::effort::Effort;
use super::pages::Pages;
use super::room::Room;
use crate::words::label::Label;

/// What a thread did, from its worker record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Busy periods that ended: from none in hand to none.
    pub periods: u64,
    /// Over them, the sum of their jobs squared, modulo 2^64.
    pub squares: u64,
    /// And of jobs times clock units, likewise.
    pub products: u64,
}

/// What the keeper noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watch {
    /// Digest of the position it saw.
    pub position: u64,
    /// Stamp of the first look that saw it there.
    pub since: u64,
    /// Stamp since which the thread also used no processor time; `u64::MAX` when not known.
    pub still_since: u64,
}

/// What a thread's probes raise as they are passed: who finds another value later knows that the thread came on,
/// though it may be at the same line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marks {
    /// Scopes that were entered.
    pub pushes: u64,
    /// Lines with an argument that were reached.
    pub arguments: u64,
    /// Where in its ring the trail goes on.
    pub trail: Option<usize>,
}

/// One thread as read from its slot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// What it raised.
    pub marks: Marks,
    /// Stamp of an earlier look of this reader, after which it passed a probe.
    pub came: Option<u64>,
}

/// The open frames of a thread, and what it did last.
type Position = (Vec<Frame>, Option<(u64, Option<u64>)>);

/// The sections that hold one record for each slot.
pub(super) struct Rooms<'a> {
    used: u64,
    slots: Pages<'a>,
    frames: Option<Pages<'a>>,
    workers: Option<Pages<'a>>,
    watches: Option<Pages<'a>>,
    trails: Option<Pages<'a>>,
}

impl<'a> Rooms<'a> {
    pub(super) fn new(board: &'a Board, contents: &'a Contents) -> Option<Self> {
        let pages = |kind| contents.get(kind).map(|sect| Pages::new(board, sect));
        Some(Self {
            used: contents.get(SectionKind::Slots)?.used,
            slots: pages(SectionKind::Slots)?,
            frames: pages(SectionKind::Frames),
            workers: pages(SectionKind::Workers),
            watches: pages(SectionKind::Watches),
            trails: pages(SectionKind::Trails),
        })
    }

    /// Every live thread that there is room for.
    pub(super) fn threads(mut self, effort: &mut Effort, room: &mut Room) -> Vec<ThreadRead> {
        let mut threads = Vec::new();
        for slot in 0..self.used {
            if let Some(thread) = self.thread(slot, effort)
                && room.take("threads", thread.bytes())
            {
                threads.push(thread);
            }
        }
        threads.shrink_to_fit();
        threads
    }

    /// One slot. It changed hands at every try: counted as torn, and left out, since any row would
    /// pair one thread's name with another's line.
    fn thread(&mut self, slot: u64, effort: &mut Effort) -> Option<ThreadRead> {
        let state = self.slots.record(slot)?;
        let (frames, workers) = (&mut self.frames, &mut self.workers);
        let (watches, trails) = (&mut self.watches, &mut self.trails);
        let mut retries = 0;
        let read = occupancy::read(
            || state.word(0),
            |generation| {
                let mut words = [0; SlotCopy::BYTES / 8];
                state.words(0, &mut words);
                let record = SlotCopy::from_words(&words)?;
                let mut marks = marks(frames, slot, record.block & 1);
                marks.trail = goes_on(trails, slot);
                let (frames, last) = match position(frames, slot, record.block & 1, effort) {
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
                    work: work(workers, slot, generation, effort),
                    watch: watch(watches, slot, effort),
                    trail: trail(trails, slot),
                    marks,
                    came: None,
                })
            },
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
}

impl ThreadRead {
    /// Bytes that it takes here.
    fn bytes(&self) -> usize {
        let frames = self.frames.as_ref().map_or(0, Vec::len) * size_of::<Frame>();
        size_of::<Self>() + frames + self.trail.len() * size_of::<u64>() + self.name.raw().len()
    }
}

/// The open frames of the block in use, the base first, and what the thread did last; `None` when pushes outran
/// every try.
fn position(
    pages: &mut Option<Pages>,
    slot: u64,
    block: u64,
    effort: &mut Effort,
) -> Option<Position> {
    let none = Some((Vec::new(), None));
    let Some(record) = pages.as_mut().and_then(|pages| pages.record(slot)) else { return none };
    if record.stride() < (block + 1) * BLOCK_BYTES as u64 {
        return none;
    }
    let load = |frame: usize, word: usize| {
        record.word(block * BLOCK_BYTES as u64 + (frame * FrameCopy::BYTES + word * WORD) as u64)
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

/// What stands in front of the frames of the block in use.
fn marks(pages: &mut Option<Pages>, slot: u64, block: u64) -> Marks {
    let Some(record) = pages.as_mut().and_then(|pages| pages.record(slot)) else {
        return Marks::default();
    };
    if record.stride() < (block + 1) * BLOCK_BYTES as u64 {
        return Marks::default();
    }
    let count = |word: usize| record.word(block * BLOCK_BYTES as u64 + (word * WORD) as u64);
    Marks { pushes: count(stack::SCOPE), arguments: count(stack::LINE), trail: None }
}

/// The first empty entry of a trail's ring.
fn goes_on(pages: &mut Option<Pages>, slot: u64) -> Option<usize> {
    let record = pages.as_mut().and_then(|pages| pages.record(slot));
    let record = record.filter(|record| record.stride() >= 8 * TRAIL_ENTRIES as u64)?;
    (0..TRAIL_ENTRIES).position(|at| record.word(8 * at as u64) == 0)
}

/// The trail, the newest tag first; what the thread overwrote while the ring was read is cut off.
fn trail(pages: &mut Option<Pages>, slot: u64) -> Vec<u64> {
    let record = pages.as_mut().and_then(|pages| pages.record(slot));
    let Some(record) = record.filter(|record| record.stride() >= 8 * TRAIL_ENTRIES as u64) else {
        return Vec::new();
    };
    let (tags, count) = trail::read::<TRAIL_ENTRIES>(|at| record.word(8 * at as u64));
    tags.into_iter().take(count).collect()
}

/// The worker record, when it is this generation's.
fn work(
    pages: &mut Option<Pages>,
    slot: u64,
    generation: u64,
    effort: &mut Effort,
) -> Option<Work> {
    let record = pages.as_mut()?.record(slot)?;
    let mut head = [0; 3];
    record.words(0, &mut head);
    let [sequence, queue, owner] = head;
    if sequence == 0 || owner != generation || record.stride() < WorkerCopy::BYTES as u64 {
        return None;
    }
    let read = doubled::read(
        || record.word(0),
        |odd, index| record.word(if odd { 0x80 } else { 0x40 } + (index * WORD) as u64),
        &mut effort.retries,
    );
    if read.is_none() {
        effort.torn += 1;
    }
    let (_, [busy, changed, in_hand, finished, periods, squares, products]) = read?;
    let queue = queue.checked_sub(1);
    Some(Work { queue, busy, changed, in_hand, finished, periods, squares, products })
}

/// What the keeper noticed. A watch that changed at every try is no loss: there is no age then.
fn watch(pages: &mut Option<Pages>, slot: u64, effort: &mut Effort) -> Option<Watch> {
    let record = pages.as_mut()?.record(slot)?;
    if record.stride() < WatchCopy::BYTES as u64 {
        return None;
    }
    let word = |index: usize| record.word((index * WORD) as u64);
    let busy = |position| position == u64::MAX;
    let (position, rest) =
        keyed::read(|| word(0), |index| word(1 + index), busy, &mut effort.retries);
    let [since, still_since] = rest?;
    (since != 0).then_some(Watch { position, since, still_since })
}
