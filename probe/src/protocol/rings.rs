//! An entry of a ring that one writer overwrites, the oldest first: its stamp stands for all of it, and is taken away
//! while it changes.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Makes `words` the entry with this stamp, which is not 0 and no earlier one's.
#[inline]
pub fn write<'a>(key: &AtomicU64, stamp: u64, words: impl Iterator<Item = (&'a AtomicU64, u64)>) {
    key.store(0, Ordering::Relaxed);
    // Release: who finds one of the words below does not find the old stamp again.
    fence(Ordering::Release);
    for (word, value) in words {
        word.store(value, Ordering::Relaxed);
    }
    // Release: pairs with the first fence in `read`; whoever finds the stamp finds what it is of.
    key.store(stamp, Ordering::Release);
}

/// The stamp of an entry and what `body` loads of it; `None` when it has none, or another one by then.
pub fn read<T>(mut load_key: impl FnMut() -> u64, body: impl FnOnce() -> T) -> Option<(u64, T)> {
    let stamp = load_key();
    if stamp == 0 {
        return None;
    }
    // Acquire: pairs with the release store of the stamp.
    fence(Ordering::Acquire);
    let found = body();
    // Acquire: pairs with the release fence in `write`.
    fence(Ordering::Acquire);
    // The oldest entry is overwritten: losing that one is no loss.
    (load_key() == stamp).then_some((stamp, found))
}
