//! Who waits, and who holds what: one careful look.
//!
//! The waits are read first, the holders then, and the numbers of the waits once more: what is left was waited for all
//! the time that holders were looked at. Who waits lets go of nothing meanwhile, so of those left it is certain at one
//! moment that each of them waited, for what was held as it was read.

use probe::layout::{LockCopy, LockKind, LockRecord, SHARED_LOCKS, SectionKind, SlotRecord, WORD};
use probe::protocol::occupancy::{self, LIVE, Reading};
use probe::protocol::waiting;

use super::board::{Board, Contents, Sect};
use super::pages::{Pages, Record};

/// A wait, of a thread or of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WaitRead {
    /// Its number: no other wait of the same waiter has it.
    pub number: u64,
    /// What for: the reference of a lock's record, or a party.
    pub target: u64,
    /// How: [`probe::layout::WaitHow`] and flags.
    pub how: u64,
    /// Stamp of its beginning.
    pub since: u64,
}

/// A thread that waits or holds something shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadWaits {
    /// Its slot.
    pub slot: u64,
    /// The slot's generation.
    pub generation: u64,
    /// What it waits for, if it does.
    pub wait: Option<WaitRead>,
    /// Locks that it holds shared, by their identity; 0 for none.
    pub shared: [u64; SHARED_LOCKS],
    /// It holds more of them, which are not known.
    pub shared_more: u64,
}

/// A lock's record, as of one occupancy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockRead {
    /// Its record's number.
    pub index: u64,
    /// The record's generation.
    pub generation: u64,
    /// The record's words.
    pub record: LockCopy,
}

/// One look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// Threads that wait or hold something shared, by slot.
    pub threads: Vec<ThreadWaits>,
    /// Locks, by record.
    pub locks: Vec<LockRead>,
    /// Futures that wait, by record.
    pub futures: Vec<LockRead>,
    /// Whether the board has the section: a daemon of an older library says nothing of locks.
    pub known: bool,
}

impl LockRead {
    /// As a thread names what it waits for.
    pub fn reference(&self) -> u64 {
        self.generation << 16 | (self.index + 1) & 0xffff
    }

    /// What it is; `None` for a kind that this reader does not know.
    pub fn kind(&self) -> Option<LockKind> {
        LockKind::from_word(self.record.kind_flags)
    }
}

impl Waits {
    /// Takes the look.
    pub fn take(board: &Board) -> Self {
        Self::of(board, &board.contents())
    }

    /// Bytes that a look takes at most.
    pub(super) fn most_bytes(contents: &Contents) -> usize {
        let records = |kind, of: fn(&Sect) -> u64| contents.get(kind).map_or(0, of) as usize;
        let threads = records(SectionKind::Slots, |sect| sect.used);
        let locks = records(SectionKind::Locks, |sect| sect.capacity);
        threads * size_of::<ThreadWaits>() + locks * size_of::<LockRead>()
    }

    pub(super) fn of(board: &Board, contents: &Contents) -> Self {
        let (Some(slots), Some(locks)) =
            (contents.get(SectionKind::Slots), contents.get(SectionKind::Locks))
        else {
            return Self::default();
        };
        if slots.stride < size_of::<SlotRecord>() as u64 || locks.stride < LockCopy::BYTES as u64 {
            return Self::default();
        }
        let mut threads = waiting_threads(board, slots);
        // Futures first: they are waits.
        let mut futures = live(board, locks, |kind| kind == LockKind::Wait);
        board.source.fence();
        let found = live(board, locks, |kind| kind != LockKind::Wait);
        let mut pages = Pages::new(board, slots);
        for thread in &mut threads {
            shared(&mut pages, thread);
        }
        board.source.fence();
        let mut pages = Pages::new(board, slots);
        for thread in &mut threads {
            thread.wait = thread.wait.filter(|wait| still(&mut pages, thread, wait));
        }
        let mut pages = Pages::new(board, locks);
        futures.retain(|future| {
            let state = pages.record(future.index).map(|record| record.word(0));
            state == Some(occupancy::state(future.generation, LIVE))
        });
        threads.retain(|thread| {
            thread.wait.is_some() || thread.shared_more > 0 || thread.shared != [0; SHARED_LOCKS]
        });
        Self { threads, locks: found, futures, known: true }
    }
}

const WAIT: u64 = core::mem::offset_of!(SlotRecord, wait) as u64;
const SHARED_MORE: u64 = core::mem::offset_of!(SlotRecord, shared_more) as u64;

fn waiting_threads(board: &Board, slots: &Sect) -> Vec<ThreadWaits> {
    let mut pages = Pages::new(board, slots);
    (0..slots.used).filter_map(|slot| thread(&pages.record(slot)?, slot)).collect()
}

fn thread(record: &Record<'_>, slot: u64) -> Option<ThreadWaits> {
    let state = record.word(0);
    record.fence();
    if state & 0xff != LIVE {
        return None;
    }
    let word = |index: usize| record.word(WAIT + (index * WORD) as u64);
    let read = waiting::read(|| word(0), |index| word(index + 1), &mut 0);
    let wait = read.map(|(number, [target, how, since])| WaitRead { number, target, how, since });
    let generation = state >> 8;
    Some(ThreadWaits { slot, generation, wait, shared: [0; SHARED_LOCKS], shared_more: 0 })
}

fn shared(pages: &mut Pages<'_>, thread: &mut ThreadWaits) {
    let Some(record) = pages.record(thread.slot) else { return };
    let mut words = [0; 1 + SHARED_LOCKS];
    record.words(SHARED_MORE, &mut words);
    let [more, held @ ..] = words;
    (thread.shared_more, thread.shared) = (more, held);
}

fn still(pages: &mut Pages<'_>, thread: &ThreadWaits, wait: &WaitRead) -> bool {
    pages.record(thread.slot).is_some_and(|record| {
        record.word(WAIT) == wait.number
            && record.word(0) == occupancy::state(thread.generation, LIVE)
    })
}

/// Every record that somebody has, of wanted kinds.
fn live(board: &Board, locks: &Sect, wanted: impl Fn(LockKind) -> bool) -> Vec<LockRead> {
    let mut pages = Pages::new(board, locks);
    let reads = (0..locks.capacity).filter_map(|index| lock(&pages.record(index)?, index));
    reads.filter(|read| read.kind().is_some_and(&wanted)).collect()
}

/// A lock's record. The state is looked at before the rest: most are free.
fn lock(record: &Record<'_>, index: u64) -> Option<LockRead> {
    let read = occupancy::read(
        || record.word(0),
        |_| {
            let mut words = [0; LockCopy::BYTES / WORD];
            record.words(0, &mut words);
            LockCopy::from_words(&words)
        },
        &mut 0,
    );
    let Reading::Live(generation, Some(record)) = read else { return None };
    Some(LockRead { index, generation, record })
}

const _: () = assert!(core::mem::offset_of!(LockRecord, state) == 0);
