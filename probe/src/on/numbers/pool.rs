//! Blocks of histograms: handed out one after the other, and never taken back.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::windows::WindowTable;
use crate::layout::{HistogramRole, SectionKind};
use crate::on::board::lost::lost;
use crate::on::board::records::Buckets;
use crate::on::board::tables::Board;
use crate::on::ground::latest::Latest;
use crate::protocol::published;

/// The blocks of a board, and whose each is.
#[derive(Debug)]
pub(crate) struct Pool {
    board: &'static Board,
    /// Blocks handed out so far.
    used: AtomicUsize,
    /// Histograms that have a shared block.
    histograms: AtomicUsize,
    /// Whose each block is: the histogram's number above 32 bits, the slot plus 1 below; 0 when it is shared.
    marks: Box<[AtomicU64]>,
    /// Those whose last seconds are kept.
    pub(crate) windows: WindowTable,
}

static POOL: Latest<Pool> = Latest::none();

/// That of this process's board.
pub(crate) fn current() -> Option<&'static Pool> {
    POOL.get()
}

/// From now on blocks are those of `board`.
pub(crate) fn install(board: &'static Board) {
    POOL.set(Pool::new(board));
}

impl Pool {
    fn new(board: &'static Board) -> Self {
        let numbers = &board.numbers;
        Self {
            board,
            used: AtomicUsize::new(0),
            histograms: AtomicUsize::new(0),
            marks: (0..numbers.histograms.count()).map(|_| AtomicU64::new(0)).collect(),
            windows: WindowTable::new(numbers.windows),
        }
    }

    /// The block of a slot for the histogram with this number: the one that the slot's last thread left, or
    /// a new one.
    pub(super) fn block_for(
        &self,
        slot: u32,
        number: usize,
        shared: &Buckets,
    ) -> Option<&'static Buckets> {
        let blocks = &self.board.numbers.histograms;
        let mark = (number as u64) << 32 | u64::from(slot);
        let left = self.marks.iter().position(|word| word.load(Ordering::Relaxed) == mark);
        if let Some(index) = left {
            return blocks.get(index);
        }
        // The last quarter is for histograms that are still to come.
        let index = self.new_block(blocks.count() - blocks.count() / 4)?;
        let block = blocks.get(index)?;
        self.marks.get(index)?.store(mark, Ordering::Relaxed);
        let copied =
            [(&block.head.role, &shared.head.role), (&block.head.metric, &shared.head.metric)];
        let [role, metric] = copied.map(|(to, from)| (to, from.load(Ordering::Relaxed)));
        role.0.store(role.1, Ordering::Relaxed);
        block.head.owner.store(u64::from(slot), Ordering::Relaxed);
        published::publish(metric.0, metric.1);
        self.board.raise_used(SectionKind::Histograms, index + 1);
        Some(block)
    }

    /// A block that nobody had, among the first `room`.
    fn new_block(&self, room: usize) -> Option<usize> {
        let next = |used| (used < room).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
    }

    /// The shared block of a new histogram, and its number among the histograms, plus 1; `None` when there is no room. Not
    /// the block's number: threads' own lie between, and a kind made late would be beyond those that have any.
    pub(super) fn shared_block(
        &self,
        metric: usize,
        role: HistogramRole,
    ) -> Option<(&'static Buckets, usize)> {
        let blocks = &self.board.numbers.histograms;
        let index = self.new_block(blocks.count())?;
        let block = blocks.get(index)?;
        block.head.role.store(role as u64, Ordering::Relaxed);
        published::publish(&block.head.metric, metric as u64 + 1);
        self.board.raise_used(SectionKind::Histograms, index + 1);
        if !self.windows.keep(metric, role) {
            lost(|lost| &lost.windows);
        }
        Some((block, self.histograms.fetch_add(1, Ordering::Relaxed) + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Capacity;

    #[test]
    fn a_histogram_that_comes_late_is_the_next_whatever_threads_have() {
        let capacity = Capacity { histograms: 128, ..Capacity::default() };
        let pool = Pool::new(Board::in_memory(&capacity).expect("memory"));
        let (first, number) = pool.shared_block(0, HistogramRole::Values).expect("room");
        assert_eq!(number, 1);
        for slot in 1..=40 {
            assert!(pool.block_for(slot, number, first).is_some());
        }
        let (_, late) = pool.shared_block(1, HistogramRole::Values).expect("room");
        assert_eq!(late, 2);
    }
}
