//! The words that a tick looks at: in place where the board is mapped, else two copies a tick, one of all
//! positions and one of all states, whatever the number of threads.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::snapshot::{Board, Sect};
use crate::source::Source;

/// Words of a board that is not mapped, as they were at this tick.
#[derive(Debug, Default)]
pub(super) struct Copies {
    positions: Copy,
    states: Copy,
}

#[derive(Debug, Default)]
struct Copy {
    /// Index in the board of the first word.
    first: usize,
    words: Vec<u64>,
}

impl Copy {
    /// Copies the first `records` of a section.
    fn take(&mut self, board: &Board, sect: &Sect, records: usize) {
        // Sections lie inside the board, which has a greatest size.
        self.first = (sect.offset / 8) as usize;
        self.words.resize(records * (sect.stride / 8) as usize, 0);
        board.source.words(sect.offset, &mut self.words);
    }

    fn get(&self, index: usize) -> Option<u64> {
        self.words.get(index.checked_sub(self.first)?).copied()
    }
}

impl Copies {
    /// Copies what the first `seats` slots hold: the positions first. A state that is still the one of an
    /// earlier tick, read after a position, says whose the position was.
    pub(super) fn take(
        &mut self,
        board: &Board,
        slots: &Sect,
        frames: Option<&Sect>,
        seats: usize,
    ) {
        if let Some(frames) = frames {
            self.positions.take(board, frames, seats.min(frames.capacity as usize));
        }
        board.source.fence();
        self.states.take(board, slots, seats);
    }
}

/// Where single words come from. Indexes are in words from the board's start; a word that is not there
/// is zero.
#[derive(Clone, Copy)]
pub(super) enum Words<'a> {
    /// The board itself: each load is one relaxed load, checked against the length of the mapping.
    Live(&'a [AtomicU64]),
    /// This tick's copies.
    Copied(&'a Copies),
}

impl<'a> Words<'a> {
    /// The words of a board, at this tick.
    pub(super) fn of(board: &'a Board, copies: &'a Copies) -> Self {
        match &board.source {
            Source::Map(map, _) => Self::Live(map.live()),
            _ => Self::Copied(copies),
        }
    }

    /// A state word.
    #[inline]
    pub(super) fn state(self, index: usize) -> u64 {
        match self {
            Self::Live(words) => words.get(index).map_or(0, |word| word.load(Ordering::Relaxed)),
            Self::Copied(copies) => copies.states.get(index).unwrap_or(0),
        }
    }

    /// A word of a position.
    #[inline]
    pub(super) fn position(self, index: usize) -> u64 {
        match self {
            Self::Live(words) => words.get(index).map_or(0, |word| word.load(Ordering::Relaxed)),
            Self::Copied(copies) => copies.positions.get(index).unwrap_or(0),
        }
    }
}
