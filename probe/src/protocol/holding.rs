//! Who works on an operation, and since when: two words that change together but for an instant, written by
//! whoever has the operation. The time goes first, so a reader never takes an old time for a new
//! holder's; it may take a new time for the holder before, whose turn is then shorter than it was.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// The operation turns to `who`, or, with 0, to nobody.
#[inline(always)]
pub fn turn(holder: &AtomicU64, turned: &AtomicU64, who: u64, now: u64) {
    turned.store(now, Ordering::Relaxed);
    // Release: pairs with the fence in `read`.
    holder.store(who, Ordering::Release);
}

/// The holder, and the time of its turn or of a later one.
pub fn read(load_holder: impl FnOnce() -> u64, load_turned: impl FnOnce() -> u64) -> (u64, u64) {
    let holder = load_holder();
    // Acquire: pairs with the release store in `turn`.
    fence(Ordering::Acquire);
    (holder, load_turned())
}

/// Whether whoever held the operation is gone. `has_ended` says so of a holder, once it is seen that
/// its thread gave its place up; an operation that it handed on before has another holder by then.
pub fn is_gone(mut load_holder: impl FnMut() -> u64, has_ended: impl Fn(u64) -> bool) -> bool {
    let holder = load_holder();
    if !has_ended(holder) {
        return false;
    }
    // Acquire: pairs with the release store in `occupancy::end`.
    fence(Ordering::Acquire);
    load_holder() == holder
}
