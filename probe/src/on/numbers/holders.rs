//! Who holds which metric's record, in private memory: nothing on the board decides it.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::CellRecord;
use crate::on::board::lost::lost;
use crate::on::board::tables::Board;
use crate::on::ground::latest::Latest;
use crate::protocol::claims;

/// The holders of a board's metrics.
#[derive(Debug)]
pub(crate) struct Holders {
    pub(crate) board: &'static Board,
    claims: Box<[AtomicU64]>,
    generations: Box<[AtomicU64]>,
}

static HOLDERS: Latest<Holders> = Latest::none();

/// Those of this process's board.
pub(crate) fn current() -> Option<&'static Holders> {
    HOLDERS.get()
}

/// From now on records are those of `board`.
pub(crate) fn install(board: &'static Board) {
    let count = board.numbers.metrics.count();
    let zeroes = |count: usize| (0..count).map(|_| AtomicU64::new(0)).collect();
    let holders = Holders { board, claims: zeroes(count.div_ceil(64)), generations: zeroes(count) };
    HOLDERS.set(holders);
}

impl Holders {
    /// A record that nobody has; `None` when there is none, which is counted.
    pub(crate) fn claim(&self) -> Option<usize> {
        let index = claims::claim(&self.claims, self.board.numbers.metrics.count());
        if index.is_none() {
            lost(|lost| &lost.metrics);
        }
        index
    }

    /// The next generation of a record, which the caller has claimed.
    pub(crate) fn begin(&self, index: usize) -> Option<u64> {
        let generations = self.generations.get(index)?;
        let generation = generations.load(Ordering::Relaxed) + 1;
        generations.store(generation, Ordering::Relaxed);
        Some(generation)
    }

    /// Whether the record with this cell is held in this generation. The cell tells whether it is of this board at
    /// all: a forked child's board has the same numbers and generations as its parent's, in the same order.
    pub(super) fn is_held(&self, index: usize, generation: u64, cell: &CellRecord) -> bool {
        let own = self.board.numbers.cells.get(index);
        let current = self.generations.get(index).map(|word| word.load(Ordering::Relaxed));
        own.is_some_and(|own| core::ptr::eq(own, cell))
            && current == Some(generation)
            && claims::is_held(&self.claims, index)
    }

    /// Gives a record back.
    pub(super) fn release(&self, index: usize) {
        claims::release(&self.claims, index);
    }
}
