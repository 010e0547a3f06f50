//! How often this process, and those that it comes of, was forked from one with a board. A guard that is dropped in a child
//! may be its parent's: what it began stands on the parent's board, and the child's begins with nothing.

use core::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

/// So often so far. The same while a process lives.
#[inline]
pub(crate) fn so_far() -> u32 {
    // Relaxed: it changes in a fork alone, when there is one thread.
    FORKS.load(Ordering::Relaxed)
}

/// Once more. Async-signal-safe.
pub(crate) fn one_more() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
