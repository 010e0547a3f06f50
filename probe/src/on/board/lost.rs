//! What could not be recorded is counted, and the counts are shown. They are a static of their own: any room may
//! lose something.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::LostRecord;
use crate::on::ground::record_ref::RecordRef;

static LOST: RecordRef<LostRecord> = RecordRef::unset();

/// From now on losses are counted there.
pub(crate) fn place(record: &'static LostRecord) {
    LOST.place(record);
}

/// Counts something that could not be recorded; nothing without a board.
#[cold]
#[inline(never)]
pub(crate) fn lost(which: fn(&LostRecord) -> &AtomicU64) {
    if let Some(record) = LOST.get() {
        which(record).fetch_add(1, Ordering::Relaxed);
    }
}
