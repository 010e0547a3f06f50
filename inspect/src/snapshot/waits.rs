//! Who waits, and who holds what: one careful look.
//!
//! The waits are read first, the holders then, and the numbers of the waits once more: what is left was waited for all
//! the time that holders were looked at. Who waits lets go of nothing meanwhile, so of those left it is certain at one
//! moment that each of them waited, for what was held as it was read.

use probe::layout::{LockCopy, LockKind, LockRecord, SHARED_LOCKS, SectionKind, SlotRecord, WORD};
use probe::protocol::occupancy::{self, LIVE, Reading};
use probe::protocol::waiting;

use super::board::{Board, Contents, Sect};

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

    pub(super) fn of(board: &Board, contents: &Contents) -> Self {
        let (Some(slots), Some(locks)) =
            (contents.get(SectionKind::Slots), contents.get(SectionKind::Locks))
        else {
            return Self::default();
        };
        if slots.stride < size_of::<SlotRecord>() as u64 || locks.stride < LockCopy::BYTES as u64 {
            return Self::default();
        }
        let mut threads: Vec<ThreadWaits> =
            (0..slots.used).filter_map(|slot| thread(board, slots, slot)).collect();
        // Futures first: they are waits.
        let mut futures = Vec::new();
        for index in 0..locks.capacity {
            let read = lock(board, locks, index);
            futures.extend(read.filter(|read| read.kind() == Some(LockKind::Wait)));
        }
        board.source.fence();
        let mut found = Vec::new();
        for index in 0..locks.capacity {
            let read = lock(board, locks, index);
            found
                .extend(read.filter(|read| read.kind().is_some_and(|kind| kind != LockKind::Wait)));
        }
        for thread in &mut threads {
            shared(board, slots, thread);
        }
        board.source.fence();
        for thread in &mut threads {
            thread.wait = thread.wait.filter(|wait| still(board, slots, thread, wait));
        }
        futures.retain(|future| {
            locks.at(future.index).is_some_and(|at| {
                board.source.word(at) == occupancy::state(future.generation, LIVE)
            })
        });
        threads.retain(|thread| {
            thread.wait.is_some() || thread.shared_more > 0 || thread.shared != [0; SHARED_LOCKS]
        });
        Self { threads, locks: found, futures, known: true }
    }
}

const WAIT: u64 = core::mem::offset_of!(SlotRecord, wait) as u64;
const SHARED_MORE: u64 = core::mem::offset_of!(SlotRecord, shared_more) as u64;

fn thread(board: &Board, slots: &Sect, slot: u64) -> Option<ThreadWaits> {
    let at = slots.at(slot)?;
    let word = |offset: u64| board.source.word(at + offset);
    let state = word(0);
    board.source.fence();
    if state & 0xff != LIVE {
        return None;
    }
    let read =
        waiting::read(|| word(WAIT), |index| word(WAIT + ((index + 1) * WORD) as u64), &mut 0);
    let wait = read.map(|(number, [target, how, since])| WaitRead { number, target, how, since });
    let generation = state >> 8;
    Some(ThreadWaits { slot, generation, wait, shared: [0; SHARED_LOCKS], shared_more: 0 })
}

fn shared(board: &Board, slots: &Sect, thread: &mut ThreadWaits) {
    let Some(at) = slots.at(thread.slot) else { return };
    let mut words = [0; 1 + SHARED_LOCKS];
    board.source.words(at + SHARED_MORE, &mut words);
    let [more, held @ ..] = words;
    (thread.shared_more, thread.shared) = (more, held);
}

fn still(board: &Board, slots: &Sect, thread: &ThreadWaits, wait: &WaitRead) -> bool {
    slots.at(thread.slot).is_some_and(|at| {
        board.source.word(at + WAIT) == wait.number
            && board.source.word(at) == occupancy::state(thread.generation, LIVE)
    })
}

/// A lock's record. The state is looked at before the rest: most are free.
fn lock(board: &Board, locks: &Sect, index: u64) -> Option<LockRead> {
    let at = locks.at(index)?;
    let read = occupancy::read(
        || board.source.word(at),
        |_| {
            let mut words = [0; LockCopy::BYTES / WORD];
            board.source.words(at, &mut words);
            LockCopy::from_words(&words)
        },
        &mut 0,
    );
    let Reading::Live(generation, Some(record)) = read else { return None };
    Some(LockRead { index, generation, record })
}

const _: () = assert!(core::mem::offset_of!(LockRecord, state) == 0);
