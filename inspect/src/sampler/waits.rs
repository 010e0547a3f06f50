//! Who waits for whom at one tick: from a thread that waits to the last one who could act.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::mem::offset_of;

use probe::layout::{
    LockFamily, LockKind, LockRecord, OpRecord, PARTY_OP, SHARED_LOCKS, SectionKind, SlotRecord,
    WORD, WaitHow, from_op_id, holder_of, party,
};
use probe::protocol::occupancy::{self, LIVE};

use super::words::Words;
use crate::snapshot::{Board, Sect};

/// Links that are followed.
const LONGEST: usize = 16;

/// A thread that is looked at: its slot's state word, its number, and its stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) state: u64,
    pub(super) thread: u32,
    pub(super) stack: u32,
}

/// Where a board tells of waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    slots: Sect,
    locks: Sect,
    ops: Option<Sect>,
}

const WAIT: u64 = offset_of!(SlotRecord, wait) as u64;
const WAIT_FOR: u64 = offset_of!(SlotRecord, wait_for) as u64;
const WAIT_HOW: u64 = offset_of!(SlotRecord, wait_how) as u64;
const SHARED: u64 = offset_of!(SlotRecord, shared) as u64;
const IDENTITY: u64 = offset_of!(LockRecord, identity) as u64;
const KIND: u64 = offset_of!(LockRecord, kind_flags) as u64;
const HOLDER: u64 = offset_of!(LockRecord, holder) as u64;
const OTHER: u64 = offset_of!(LockRecord, other) as u64;
const OP_HOLDER: u64 = offset_of!(OpRecord, holder) as u64;

impl Places {
    /// Those of a board whose daemon tells of locks.
    pub(super) fn of(board: &Board) -> Option<Self> {
        let contents = board.contents();
        let fits = |kind, least: usize| {
            contents.get(kind).filter(|sect| sect.stride >= least as u64).copied()
        };
        Some(Self {
            slots: fits(SectionKind::Slots, size_of::<SlotRecord>())?,
            locks: fits(SectionKind::Locks, size_of::<LockRecord>())?,
            ops: fits(SectionKind::Ops, size_of::<OpRecord>()),
        })
    }

    /// Whether a slot's thread said that it waits, by the words that were loaded for this tick.
    #[inline]
    pub(super) fn may_wait(&self, words: Words<'_>, slot: usize) -> bool {
        let at = self.slots.at(slot as u64);
        at.is_some_and(|at| words.state((at + WAIT) as usize / WORD) & 1 == 1)
    }
}

/// The first two threads that hold a lock shared: one of them is not who waits for it.
type Readers = [Option<usize>; 2];

/// A board at one tick.
pub(super) struct Tick<'a> {
    places: Places,
    board: &'a Board,
    seats: &'a [Option<Seat>],
    /// Who holds what shared, by the lock's identity; asked for by the first who waits for such a lock, so that
    /// nobody's notes are gone through for each of many.
    readers: OnceCell<HashMap<u64, Readers>>,
}

impl<'a> Tick<'a> {
    /// `seats` by slot.
    pub(super) fn new(places: Places, board: &'a Board, seats: &'a [Option<Seat>]) -> Self {
        Self { places, board, seats, readers: OnceCell::new() }
    }

    /// The slot of the last one who could act, so that this thread waits no more. `None`: it waits for nobody;
    /// `Some(None)`: nobody knows for whom.
    pub(super) fn who_could_act(&self, slot: usize) -> Option<Option<usize>> {
        Some(self.next(slot)?.map(|holder| self.last(slot, holder)))
    }

    /// From a holder on, the last one who does not wait for another.
    fn last(&self, first: usize, holder: usize) -> usize {
        let mut seen = vec![first];
        let mut at = holder;
        while seen.len() < LONGEST && !seen.contains(&at) {
            seen.push(at);
            match self.next(at) {
                Some(Some(next)) => at = next,
                _ => break,
            }
        }
        at
    }

    /// The slot of who could end a thread's wait, as [`Self::who_could_act`] has it.
    fn next(&self, slot: usize) -> Option<Option<usize>> {
        let at = self.places.slots.at(slot as u64)?;
        let word = |offset: u64| self.board.source.word(at + offset);
        let number = word(WAIT);
        self.board.source.fence();
        let (target, how) = (word(WAIT_FOR), word(WAIT_HOW));
        self.board.source.fence();
        if number & 1 == 0 || word(WAIT) != number {
            return None;
        }
        match WaitHow::from_word(how)? {
            WaitHow::Join => Some(self.seat_of(target)),
            WaitHow::Exclusive | WaitHow::Shared | WaitHow::Send => Some(self.holder(target, slot)),
            // Who waits for items, or to be notified, has nothing to do.
            WaitHow::Receive | WaitHow::Notify | WaitHow::Select => None,
        }
    }

    fn holder(&self, reference: u64, waiter: usize) -> Option<usize> {
        let at = self.places.locks.at((reference & 0xffff).checked_sub(1)?)?;
        let word = |offset: u64| self.board.source.word(at + offset);
        let generation = reference >> 16;
        let state = occupancy::state(generation, LIVE);
        let live = word(0) == state;
        self.board.source.fence();
        let (kind, identity, holder) = (word(KIND), word(IDENTITY), word(HOLDER));
        let one_of_several = word(OTHER);
        self.board.source.fence();
        if !live || word(0) != state {
            return None;
        }
        match holder_of(holder, generation) {
            Some(party) => self.seat_of(party),
            // Of what tasks hold shared, one of them stands on the record.
            None if kind >> 8 & 0xff == LockFamily::Tokio as u64 => {
                self.seat_of(holder_of(one_of_several, generation)?)
            }
            None if LockKind::from_word(kind) == Some(LockKind::RwLock) => {
                self.reader(identity, waiter)
            }
            None => None,
        }
    }

    /// The first other thread that holds a lock shared.
    fn reader(&self, identity: u64, waiter: usize) -> Option<usize> {
        let readers = self.readers.get_or_init(|| self.all_readers()).get(&identity)?;
        readers.iter().copied().flatten().find(|&slot| slot != waiter)
    }

    fn all_readers(&self) -> HashMap<u64, Readers> {
        let mut all: HashMap<u64, Readers> = HashMap::new();
        let seated = self.seats.iter().enumerate().filter(|(_, seat)| seat.is_some());
        for (slot, _) in seated {
            let mut held = [0; SHARED_LOCKS];
            let at = self.places.slots.at(slot as u64).unwrap_or_default();
            self.board.source.words(at + SHARED, &mut held);
            for identity in held.into_iter().filter(|&identity| identity != 0) {
                let readers = all.entry(identity).or_default();
                // A thread may hold it more than once.
                if !readers.contains(&Some(slot))
                    && let Some(free) = readers.iter_mut().find(|reader| reader.is_none())
                {
                    *free = Some(slot);
                }
            }
        }
        all
    }

    /// The slot of a party, if it is a thread that is looked at, or an operation that one works on.
    fn seat_of(&self, who: u64) -> Option<usize> {
        let slot = match who & PARTY_OP {
            0 => usize::try_from((who & 0xffff).checked_sub(1)?).ok()?,
            _ => {
                let (index, _) = from_op_id(who & !PARTY_OP)?;
                let at = self.places.ops?.at(index as u64)?;
                let (slot, generation) = from_op_id(self.board.source.word(at + OP_HOLDER))?;
                let seat = self.seats.get(slot).copied().flatten()?;
                return (seat.state >> 8 == generation).then_some(slot);
            }
        };
        let seat = self.seats.get(slot).copied().flatten()?;
        (party(slot, seat.state >> 8) == who).then_some(slot)
    }
}
