//! Rates of counters, from the keeper's rings of totals.

use crate::snapshot::Ring;

use super::clock::Clock;

/// A rate and the time that it is over.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rate {
    /// Growth a second.
    pub per_s: f64,
    /// The time it covers, ns.
    pub over_ns: u64,
}

/// The time that a rate should cover, and the least that it may.
pub const WINDOW_NS: u64 = 10_000_000_000;
const LEAST_NS: u64 = 1_000_000_000;
/// Looks older than this say nothing of the rate now.
const MOST_NS: u64 = 25_000_000_000;

/// The look that rates are taken from: its stamp and totals. Of all that are at most 25 s old and at
/// least one second, the one nearest to 10 s ago.
pub fn base<'a>(rings: &'a [Ring], clock: &Clock) -> Option<(u64, &'a [u64])> {
    rings
        .iter()
        .flat_map(|ring| &ring.entries)
        .map(|(stamp, totals)| (clock.age_ns(*stamp), *stamp, totals))
        .filter(|(age, ..)| (LEAST_NS..=MOST_NS).contains(age))
        .min_by_key(|(age, ..)| age.abs_diff(WINDOW_NS))
        .map(|(_, stamp, totals)| (stamp, totals.as_slice()))
}

/// The rate of a sum of totals: `records` are metric indexes and their values now. `None` when any of
/// them was not looked at, or is smaller than it was (another member took the record).
pub fn rate(
    base: Option<(u64, &[u64])>,
    records: impl IntoIterator<Item = (u64, u64)>,
    clock: &Clock,
) -> Option<Rate> {
    let (stamp, totals) = base?;
    let over_ns = clock.age_ns(stamp);
    let mut grown = 0u64;
    for (index, now) in records {
        let then = totals.get(usize::try_from(index).ok()?)?;
        grown = grown.saturating_add(now.checked_sub(*then)?);
    }
    (over_ns > 0).then(|| Rate { per_s: grown as f64 * 1e9 / over_ns as f64, over_ns })
}
