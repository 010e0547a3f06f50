//! Who keeps whom waiting, tick by tick: of every thread that waits for a lock, room in a channel or a thread's end, the one
//! who could act, and where that one is at this tick (blame shifting: Tallent, Mellor-Crummey, Porterfield, PPoPP 2010). Of
//! a holder who waits itself, the one that it waits for, and so on to the last.

use std::collections::HashMap;
use std::io;
use std::mem::offset_of;

use probe::layout::{
    LockFamily, LockKind, LockRecord, OpRecord, PARTY_OP, SHARED_LOCKS, SectionKind, SlotRecord,
    WORD, WaitHow, from_op_id, holder_of, party,
};
use probe::protocol::occupancy::{self, LIVE};

use crate::recording::{Entry, Sink};
use crate::snapshot::{Board, Sect};

/// Links that are followed, and different waits that are told apart until they are said.
const LONGEST: usize = 16;
const MOST: usize = 4_096;

/// A thread that is looked at: its slot's state word, its number, and its stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) state: u64,
    pub(super) thread: u32,
    pub(super) stack: u32,
}

/// The waits of a board since they were last said.
#[derive(Debug, Default)]
pub(super) struct Blame {
    slots: Option<Sect>,
    locks: Option<Sect>,
    ops: Option<Sect>,
    sums: HashMap<[u32; 4], u64>,
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

impl Blame {
    /// Of a board whose daemon tells of locks; of any other nothing is ever said.
    pub(super) fn of(board: &Board) -> Self {
        let contents = board.contents();
        let fits = |kind, least: usize| {
            contents.get(kind).filter(|sect| sect.stride >= least as u64).copied()
        };
        let locks = fits(SectionKind::Locks, size_of::<LockRecord>());
        Self {
            slots: fits(SectionKind::Slots, size_of::<SlotRecord>()).filter(|_| locks.is_some()),
            locks,
            ops: fits(SectionKind::Ops, size_of::<OpRecord>()),
            sums: HashMap::new(),
        }
    }

    /// One tick: `seats` by slot.
    pub(super) fn look(&mut self, board: &Board, seats: &[Option<Seat>]) {
        let Some(slots) = self.slots else { return };
        for (slot, seat) in seats.iter().enumerate() {
            let Some(seat) = seat else { continue };
            let at = slots.at(slot as u64).unwrap_or_default();
            if board.source.word(at + WAIT) & 1 == 0 {
                continue;
            }
            let Some(holder) = self.next(board, seats, slot) else { continue };
            let last = holder.map(|holder| self.last(board, seats, slot, holder));
            // By itself: who could act is not known.
            let by = last.and_then(|slot| *seats.get(slot)?).unwrap_or(*seat);
            let key = [seat.thread, seat.stack, by.thread, by.stack];
            if self.sums.len() < MOST || self.sums.contains_key(&key) {
                *self.sums.entry(key).or_default() += 1;
            }
        }
    }

    /// Says what was summed up.
    pub(super) fn say(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        let mut sums: Vec<_> = self.sums.drain().collect();
        sums.sort_unstable();
        sums.into_iter().try_for_each(|([thread, stack, by, at], ticks)| {
            sink.put(&Entry::Blamed { thread, stack, by, at, ticks })
        })
    }

    /// From a holder on, the last one who does not wait for another.
    fn last(&self, board: &Board, seats: &[Option<Seat>], first: usize, holder: usize) -> usize {
        let mut seen = vec![first];
        let mut at = holder;
        while seen.len() < LONGEST && !seen.contains(&at) {
            seen.push(at);
            match self.next(board, seats, at) {
                Some(Some(next)) => at = next,
                _ => break,
            }
        }
        at
    }

    /// The slot of who could end a thread's wait. `None`: it waits for nobody; `Some(None)`: nobody knows for whom.
    fn next(&self, board: &Board, seats: &[Option<Seat>], slot: usize) -> Option<Option<usize>> {
        let at = self.slots?.at(slot as u64)?;
        let word = |offset: u64| board.source.word(at + offset);
        let number = word(WAIT);
        board.source.fence();
        let (target, how) = (word(WAIT_FOR), word(WAIT_HOW));
        board.source.fence();
        if number & 1 == 0 || word(WAIT) != number {
            return None;
        }
        let how = WaitHow::from_word(how)?;
        match how {
            WaitHow::Join => Some(self.seat_of(board, seats, target)),
            WaitHow::Exclusive | WaitHow::Shared | WaitHow::Send => {
                Some(self.holder(board, seats, target, slot))
            }
            // Who waits for items, or to be notified, has nothing to do.
            WaitHow::Receive | WaitHow::Notify | WaitHow::Select => None,
        }
    }

    fn holder(
        &self,
        board: &Board,
        seats: &[Option<Seat>],
        reference: u64,
        waiter: usize,
    ) -> Option<usize> {
        let at = self.locks?.at((reference & 0xffff).checked_sub(1)?)?;
        let word = |offset: u64| board.source.word(at + offset);
        let generation = reference >> 16;
        let state = occupancy::state(generation, LIVE);
        let live = word(0) == state;
        board.source.fence();
        let (kind, identity, holder) = (word(KIND), word(IDENTITY), word(HOLDER));
        let one_of_several = word(OTHER);
        board.source.fence();
        if !live || word(0) != state {
            return None;
        }
        match holder_of(holder, generation) {
            Some(party) => self.seat_of(board, seats, party),
            // Of what tasks hold shared, one of them stands on the record.
            None if kind >> 8 & 0xff == LockFamily::Tokio as u64 => {
                self.seat_of(board, seats, holder_of(one_of_several, generation)?)
            }
            None if LockKind::from_word(kind) == Some(LockKind::RwLock) => {
                self.reader(board, seats, identity, waiter)
            }
            None => None,
        }
    }

    /// The first other thread that holds a lock shared.
    fn reader(
        &self,
        board: &Board,
        seats: &[Option<Seat>],
        identity: u64,
        waiter: usize,
    ) -> Option<usize> {
        let slots = self.slots?;
        (0..seats.len()).filter(|&slot| slot != waiter && seats[slot].is_some()).find(|&slot| {
            let mut held = [0; SHARED_LOCKS];
            let at = slots.at(slot as u64).unwrap_or_default();
            board.source.words(at + SHARED, &mut held);
            held.contains(&identity)
        })
    }

    /// The slot of a party, if it is a thread that is looked at, or an operation that one works on.
    fn seat_of(&self, board: &Board, seats: &[Option<Seat>], who: u64) -> Option<usize> {
        let slot = match who & PARTY_OP {
            0 => usize::try_from((who & 0xffff).checked_sub(1)?).ok()?,
            _ => {
                let (index, _) = from_op_id(who & !PARTY_OP)?;
                let at = self.ops?.at(index as u64)?;
                let (slot, generation) = from_op_id(board.source.word(at + OP_HOLDER))?;
                let seat = seats.get(slot).copied().flatten()?;
                return (seat.state >> 8 == generation).then_some(slot);
            }
        };
        let seat = seats.get(slot).copied().flatten()?;
        (party(slot, seat.state >> 8) == who).then_some(slot)
    }
}

const _: () = assert!(WORD == 8);
