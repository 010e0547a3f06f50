//! What an operation has been through: the last statuses in a ring, and the time in each. One writer at a
//! time, on whichever thread the operation is; a count that is odd while a status is being added.
//!
//! The ring's newest entry is the current status, so there is nothing else to keep in step with it. Whoever
//! dies inside leaves an odd count: everything but the entry that was being overwritten is still good,
//! and a total may hold the stretch that just ended, or not yet.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Adds a status. `count` is the number so far, from the writer's private memory; `total` is the new total of
/// the status that ends, and its place.
#[inline(always)]
pub fn step(
    word: &AtomicU64,
    recent: &[AtomicU64],
    totals: &[AtomicU64],
    count: u64,
    entry: u64,
    total: Option<(usize, u64)>,
) {
    // Release: who sees the next status announced sees those before it.
    word.store(count * 2 + 1, Ordering::Release);
    // Release: who meets one of the stores below finds the count odd, or newer, when it looks again.
    fence(Ordering::Release);
    if let Some((word, total)) = total.and_then(|(place, total)| Some((totals.get(place)?, total)))
    {
        word.store(total, Ordering::Relaxed);
    }
    if let Some(word) = recent.get(count as usize % recent.len()) {
        word.store(entry, Ordering::Relaxed);
    }
    // Release: pairs with the first fence in `read`.
    word.store(count * 2 + 2, Ordering::Release);
}

/// Statuses as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statuses<const R: usize, const T: usize> {
    /// Statuses so far; the newest is entry `count - 1`.
    pub count: u64,
    /// The ring: status `n` at `n % R`.
    pub recent: [u64; R],
    /// The totals.
    pub totals: [u64; T],
    /// The first status whose entry is to be believed, with all that follow: the rest was overwritten, or was
    /// just being. `count` when none is, because the writer was much faster than the reader.
    pub first: u64,
    /// Whether all of it is of one moment. Otherwise a total may hold time of the current status, or of
    /// later ones.
    pub whole: bool,
}

/// The statuses. `load` reads word `i` of the ring (false) or of the totals (true).
pub fn read<const R: usize, const T: usize>(
    mut load_count: impl FnMut() -> u64,
    mut load: impl FnMut(bool, usize) -> u64,
    retries: &mut u64,
) -> Statuses<R, T> {
    let mut last = Statuses { count: 0, recent: [0; R], totals: [0; T], first: 0, whole: false };
    for _ in 0..super::TRIES {
        let count = load_count();
        // Acquire: pairs with the last store in `step`.
        fence(Ordering::Acquire);
        last.count = count / 2;
        last.recent = core::array::from_fn(|index| load(false, index));
        last.totals = core::array::from_fn(|index| load(true, index));
        // Acquire: pairs with the release fence in `step`. Had one of the loads met a later status, the
        // count read below would be newer.
        fence(Ordering::Acquire);
        let after = load_count();
        // Status `n` overwrites status `n - R`, and those up to `after` had begun to.
        last.first = after.div_ceil(2).saturating_sub(R as u64).min(last.count);
        last.whole = after == count && count & 1 == 0;
        if last.whole {
            break;
        }
        *retries += 1;
    }
    last
}
