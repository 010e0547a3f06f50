//! Which item is at the head of a queue whose items leave it in the order in which they came, and nobody looks at the
//! head: each arrival leaves its stamp at its number, in a ring; whoever takes an item knows its number from the count
//! of those that were taken, and so the next one's stamp.
//!
//! The two counts are what decides: who arrives counts himself first and looks at those taken last, who takes the other
//! way round. So of an arrival and a taking that meet, one at least sees the other, and says what is at the head.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// An item comes, at `now`. Whether it is at the head by then, so that nobody else will say so.
#[inline(always)]
pub fn arrive(entered: &AtomicU64, taken: &AtomicU64, stamps: &[AtomicU64], now: u64) -> bool {
    let number = entered.fetch_add(1, Ordering::Relaxed);
    if let Some(stamp) = stamp(stamps, number) {
        // Release: pairs with the acquire in `take`: who reads it sees the count above.
        stamp.store(now, Ordering::Release);
    }
    // Pairs with the fence in `take`.
    fence(Ordering::SeqCst);
    taken.load(Ordering::Relaxed) >= number
}

/// The next `n` items are taken, the last of which had arrived at `arrived`. When the one at the head by then arrived, or
/// an earlier stamp of a queue that is longer than the ring; `None` when none is known to be there, in which case
/// whoever comes will say so.
#[inline(always)]
pub fn take(
    entered: &AtomicU64,
    taken: &AtomicU64,
    stamps: &[AtomicU64],
    n: u64,
    arrived: u64,
) -> Option<u64> {
    let head = taken.fetch_add(n, Ordering::Relaxed) + n;
    // Whoever arrives as that number either sees it taken up to there, or is seen here (with the fence in `arrive`).
    fence(Ordering::SeqCst);
    if head >= entered.load(Ordering::Relaxed) {
        return None;
    }
    // One that is not there yet is older than what was taken, and its owner sees that he is at the head.
    let stamp = stamp(stamps, head).map_or(0, |stamp| stamp.load(Ordering::Acquire));
    // Not overwritten by a later one when it was read: that one counts itself first.
    let waiting = entered.load(Ordering::Relaxed).saturating_sub(head);
    let is_its_own = waiting <= stamps.len() as u64;
    Some(if is_its_own { stamp.max(arrived) } else { arrived })
}

fn stamp(stamps: &[AtomicU64], number: u64) -> Option<&AtomicU64> {
    stamps.get(number.checked_rem(stamps.len() as u64)? as usize)
}
