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
    let numbers = &board.numbers;
    POOL.set(Pool {
        board,
        used: AtomicUsize::new(0),
        marks: (0..numbers.histograms.count()).map(|_| AtomicU64::new(0)).collect(),
        windows: WindowTable::new(numbers.windows),
    });
}

impl Pool {
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

    /// The shared block of a new histogram, and its number among them; `None` when there is no room.
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
        Some((block, index + 1))
    }
}
