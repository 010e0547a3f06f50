//! Written once, then published by one word: header before magic, records before their count.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Publishes what was written before: whoever sees `value` in `flag` sees all of it.
#[inline]
pub fn publish(flag: &AtomicU64, value: u64) {
    // Release: pairs with the fence in `seen`; every earlier store comes before it.
    flag.store(value, Ordering::Release);
}

/// The published word, after which everything that was written before it may be read.
#[inline]
pub fn seen(load: impl FnOnce() -> u64) -> u64 {
    let value = load();
    // Acquire: pairs with the release store in `publish`.
    fence(Ordering::Acquire);
    value
}
