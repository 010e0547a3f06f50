//! Who keeps whom waiting, tick by tick: of every thread that waits for a lock, room in a channel or a thread's end, the one
//! who could act, and where that one is at this tick (blame shifting: Tallent, Mellor-Crummey, Porterfield, PPoPP 2010). Of
//! a holder who waits itself, the one that it waits for, and so on to the last.

use std::collections::HashMap;
use std::io;

use super::waits::{Places, Seat, Tick};
use super::words::Words;
use crate::recording::{Entry, Sink};
use crate::snapshot::Board;

/// Different waits that are told apart until they are said.
const MOST: usize = 4_096;

/// The waits of a board since they were last said.
#[derive(Debug, Default)]
pub(super) struct Blame {
    places: Option<Places>,
    sums: HashMap<[u32; 4], u64>,
}

impl Blame {
    /// Of a board whose daemon tells of locks; of any other nothing is ever said.
    pub(super) fn of(board: &Board) -> Self {
        Self { places: Places::of(board), sums: HashMap::new() }
    }

    /// One tick: `seats` by slot, and the words of their slots.
    pub(super) fn look(&mut self, board: &Board, words: Words<'_>, seats: &[Option<Seat>]) {
        let Some(places) = self.places else { return };
        let tick = Tick::new(places, board, seats);
        for (slot, seat) in seats.iter().enumerate() {
            let Some(seat) = seat.filter(|_| places.may_wait(words, slot)) else { continue };
            let Some(last) = tick.who_could_act(slot) else { continue };
            // By itself: who could act is not known.
            let by = last.and_then(|slot| *seats.get(slot)?).unwrap_or(seat);
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
}
