//! Quantiles from buckets: since the start, and over the last seconds.

use probe::layout::{
    BUCKET_LIMIT, BUCKETS, FINE_BUCKETS, WINDOW_BUCKETS, bucket_span, window_bucket_of,
    window_bucket_span,
};

use super::clock::Clock;
use crate::model::{Counts, Distribution, POWERS, Quantiles};
use crate::snapshot::HistogramRead;

/// Number of values counted.
pub fn count(histogram: &HistogramRead) -> u64 {
    total(&histogram.buckets)
}

fn total(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, &count| sum.saturating_add(count))
}

/// What is said of a histogram's values: over the last 10 to 20 s, where the board keeps what was counted
/// then, and since the start.
pub fn distribution(histogram: Option<&HistogramRead>, clock: &Clock) -> Distribution {
    let Some(histogram) = histogram else { return Distribution::default() };
    let start_ns = clock.uptime_ns();
    let since_start = quantiles(&histogram.buckets, histogram, bucket_span, start_ns);
    let recent = window(histogram, clock).map_or(since_start, |(counts, over_ns)| {
        quantiles(&counts, histogram, window_bucket_span, over_ns)
    });
    let below = below(&histogram.buckets);
    Distribution { recent, since_start, limit: histogram.limit, sum: histogram.sum, below }
}

/// Buckets that hold something.
pub fn counts(histogram: Option<&HistogramRead>) -> Counts {
    let all = histogram.into_iter().flat_map(|one| one.buckets.iter().enumerate());
    let some = all.filter(|(_, count)| **count > 0);
    some.filter_map(|(bucket, &count)| Some((u16::try_from(bucket).ok()?, count))).collect()
}

/// Values below each power of 4. None of the buckets reaches across one.
fn below(counts: &[u64]) -> [u64; POWERS] {
    let mut all = [0u64; POWERS];
    for (bucket, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (low, width) = bucket_span(bucket);
        let last = low.saturating_add(width - 1);
        for (power, sum) in all.iter_mut().enumerate() {
            if last < 1 << (2 * power) {
                *sum = sum.saturating_add(count);
            }
        }
    }
    all
}

/// Copies older than this say nothing of the last seconds.
const MOST_NS: u64 = 25_000_000_000;

/// What was counted since the oldest copy that is not too old, coarsely, and the time since.
fn window(histogram: &HistogramRead, clock: &Clock) -> Option<(Vec<u64>, u64)> {
    // A single copy is the first, of the keeper's first beat: all of the past is as recent.
    let both = histogram.windows.get(..2)?;
    let ages = both.iter().map(|copy| (clock.age_ns(copy.stamp), copy));
    let (over_ns, then) =
        ages.filter(|(age, _)| (1..=MOST_NS).contains(age)).max_by_key(|(age, _)| *age)?;
    let mut now = [0u32; WINDOW_BUCKETS];
    for (bucket, &count) in histogram.buckets.iter().enumerate() {
        let sum = &mut now[window_bucket_of(bucket)];
        *sum = sum.wrapping_add(count as u32);
    }
    let grown = now.iter().zip(&then.counts).map(|(now, then)| u64::from(now.wrapping_sub(*then)));
    Some((grown.collect(), over_ns))
}

fn quantiles(
    counts: &[u64],
    histogram: &HistogramRead,
    span: fn(usize) -> (u64, u64),
    over_ns: u64,
) -> Quantiles {
    let at = |q| pick(counts, histogram, span, q);
    let highest = counts.iter().rposition(|&count| count > 0).map(|bucket| {
        let (low, width) = span(bucket);
        // The highest value so far is known exactly; of a window, the bucket that it is in.
        if histogram.max >= low && histogram.max - low < width || open(counts, histogram, bucket) {
            histogram.max
        } else {
            low + (width - 1)
        }
    });
    Quantiles {
        count: total(counts),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: highest,
        over_ns: Some(over_ns),
    }
}

/// Whether a bucket holds whatever is beyond the largest value that this board tells apart.
fn open(counts: &[u64], histogram: &HistogramRead, bucket: usize) -> bool {
    let last = match (counts.len(), histogram.limit) {
        (BUCKETS, BUCKET_LIMIT) => BUCKETS - 1,
        (BUCKETS, _) => FINE_BUCKETS - 1,
        _ => WINDOW_BUCKETS - 1,
    };
    bucket == last && histogram.max >= histogram.limit
}

/// The `q` quantile (0 to 1): the middle of the bucket that holds the value of rank `ceil(q * count)`
/// in ascending order, and never more than the highest value, which is known exactly. Within 1/32 of
/// the true value, as the buckets are (1/8 over a window, and beyond [`probe::layout::FINE_LIMIT`]); in the bucket of
/// what is too large to be told apart, that limit. `None` without values.
pub fn quantile(histogram: &HistogramRead, q: f64) -> Option<u64> {
    pick(&histogram.buckets, histogram, bucket_span, q)
}

fn pick(
    counts: &[u64],
    histogram: &HistogramRead,
    span: fn(usize) -> (u64, u64),
    q: f64,
) -> Option<u64> {
    let count = total(counts);
    if count == 0 {
        return None;
    }
    let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
    let mut below = 0u64;
    for (bucket, &counted) in counts.iter().enumerate() {
        below = below.saturating_add(counted);
        if below >= rank {
            let (low, width) = span(bucket);
            if open(counts, histogram, bucket) {
                return Some(histogram.limit);
            }
            return Some((low + (width - 1) / 2).min(histogram.max.max(low)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::WindowRead;
    use probe::layout::{FINE_LIMIT, bucket_of};

    fn of(values: &[u64]) -> HistogramRead {
        let mut histogram = HistogramRead::empty();
        for &value in values {
            histogram.buckets[bucket_of(value)] += 1;
            histogram.max = histogram.max.max(value);
        }
        histogram
    }

    #[test]
    fn quantiles_are_within_a_32nd_and_never_above_the_highest() {
        let mut values: Vec<u64> = (0..10_000u64).map(|n| n * n % 77_777 + 3).collect();
        let histogram = of(&values);
        values.sort_unstable();
        for q in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let truth = values[rank - 1];
            let found = quantile(&histogram, q).expect("values");
            assert!(found.abs_diff(truth) * 32 <= truth + 31, "{q}: {found} for {truth}");
            assert!(found <= histogram.max);
        }
        assert_eq!(quantile(&HistogramRead::empty(), 0.5), None);
    }

    #[test]
    fn values_beyond_the_largest_bucket_are_told_as_the_limit() {
        const HOUR: u64 = 3_600_000_000_000;
        let hours: Vec<u64> = (1..=9).map(|n| n * HOUR).collect();
        let median = quantile(&of(&hours), 0.5).expect("values");
        assert!(median.abs_diff(5 * HOUR) * 8 <= 5 * HOUR, "{median}");

        // On a board of layout 1.1 the same values had no bucket of their own from 4.9 hours on.
        let mut old = of(&hours);
        old.limit = FINE_LIMIT;
        for bucket in FINE_BUCKETS..BUCKETS {
            old.buckets[FINE_BUCKETS - 1] += std::mem::take(&mut old.buckets[bucket]);
        }
        assert_eq!(quantile(&old, 0.5), Some(FINE_LIMIT));
        assert!(quantile(&old, 0.1).expect("values") < FINE_LIMIT);

        let year = of(&[365 * 24 * HOUR]);
        assert_eq!(quantile(&year, 0.5), Some(BUCKET_LIMIT));
    }

    #[test]
    fn what_is_below_a_power_of_4_is_counted_exactly() {
        let mut values: Vec<u64> =
            (0..24).flat_map(|k| [(1 << (2 * k)) - 1, 1 << (2 * k)]).collect();
        values.extend((1..5_000u64).map(|n| n * n * 7_919 % (1 << 45)));
        let counted = distribution(Some(&of(&values)), &Clock::for_tests(1)).below;
        for (power, &found) in counted.iter().enumerate() {
            let truth = values.iter().filter(|value| **value < 1 << (2 * power)).count();
            assert_eq!(found, truth as u64, "below 4^{power}");
        }
    }

    #[test]
    fn the_last_seconds_are_what_was_counted_since_a_copy() {
        const SECOND: u64 = 1_000_000_000;
        let clock = Clock::for_tests(100 * SECOND);
        // A slow hour, then nothing: what stands there is of the hour, and the last seconds are empty.
        let slow = vec![900_000_000; 1000];
        let mut histogram = of(&slow);
        let copy = |stamp, histogram: &HistogramRead| {
            let mut counts = vec![0; WINDOW_BUCKETS];
            for (bucket, &count) in histogram.buckets.iter().enumerate() {
                counts[window_bucket_of(bucket)] += count as u32;
            }
            WindowRead { stamp, counts }
        };
        histogram.windows = vec![copy(85 * SECOND, &histogram), copy(95 * SECOND, &histogram)];
        let said = distribution(Some(&histogram), &clock);
        assert_eq!((said.recent.p99, said.recent.over_ns), (None, Some(15 * SECOND)));
        assert!(said.since_start.p99.expect("the hour") > 850_000_000);

        // Quick ones since: the last seconds say so, and nothing of the hour is in them.
        for value in [1_000u64; 50] {
            histogram.buckets[bucket_of(value)] += 1;
        }
        let said = distribution(Some(&histogram), &clock);
        let p99 = said.recent.p99.expect("values");
        assert!(p99.abs_diff(1_000) * 8 <= 1_000, "{p99}");
        assert!(said.recent.max.expect("values") < 1_200);

        // A reader that does not look at the copies says the hour, for ever.
        histogram.windows.clear();
        let naive = distribution(Some(&histogram), &clock);
        assert!(naive.recent.p99.expect("values") > 850_000_000);
        assert_eq!(naive.recent.over_ns, naive.since_start.over_ns);
    }
}
