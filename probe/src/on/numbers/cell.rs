//! A word that all threads share: a level with its high-water mark, a beat, how far something has come.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::CellRecord;
use crate::on::ground::record_ref::RecordRef;

/// A number's shared cell: its own, in private memory, until the board gives it one there.
#[derive(Debug)]
pub(crate) struct Cell {
    on_board: RecordRef<CellRecord>,
    own: CellRecord,
}

impl Cell {
    pub(crate) const fn new() -> Self {
        Self { on_board: RecordRef::unset(), own: new_cell() }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &CellRecord {
        self.on_board.get().unwrap_or(&self.own)
    }

    /// From now on the number lives in `cell`, which starts where it was.
    pub(crate) fn place(&self, cell: &'static CellRecord) {
        let now = self.get();
        for (to, from) in
            [(&cell.value, &now.value), (&cell.max, &now.max), (&cell.stamp, &now.stamp)]
        {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.on_board.place(cell);
    }
}

/// A cell that holds nothing yet.
pub(crate) const fn new_cell() -> CellRecord {
    CellRecord {
        value: AtomicU64::new(0),
        max: AtomicU64::new(0),
        stamp: AtomicU64::new(0),
        reserved: [const { AtomicU64::new(0) }; 5],
    }
}

/// Sets a level and its high-water mark.
#[inline]
pub(crate) fn set_level(cell: &CellRecord, level: i64) {
    cell.value.store(level as u64, Ordering::Relaxed);
    raise(cell, level);
}

/// Moves a level and its high-water mark.
#[inline]
pub(crate) fn move_level(cell: &CellRecord, by: i64) {
    let before = cell.value.fetch_add(by as u64, Ordering::Relaxed);
    raise(cell, (before as i64).wrapping_add(by));
}

#[inline]
fn raise(cell: &CellRecord, level: i64) {
    let mut max = cell.max.load(Ordering::Relaxed);
    while level > max as i64 {
        match cell.max.compare_exchange_weak(
            max,
            level as u64,
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            Ok(_) => return,
            Err(now) => max = now,
        }
    }
}
