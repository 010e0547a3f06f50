//! Quantiles from buckets.

use probe::layout::bucket_span;

use crate::snapshot::HistogramRead;

/// Number of values counted.
pub fn count(histogram: &HistogramRead) -> u64 {
    histogram.buckets.iter().fold(0, |sum, &count| sum.saturating_add(count))
}

/// The `q` quantile (0 to 1): the middle of the bucket that holds the value of rank `ceil(q * count)`
/// in ascending order, and never more than the highest value, which is known exactly. Within 1/32 of
/// the true value, as the buckets are. `None` without values.
pub fn quantile(histogram: &HistogramRead, q: f64) -> Option<u64> {
    let count = count(histogram);
    if count == 0 {
        return None;
    }
    let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
    let mut below = 0u64;
    for (bucket, &counted) in histogram.buckets.iter().enumerate() {
        below = below.saturating_add(counted);
        if below >= rank {
            let (low, width) = bucket_span(bucket);
            return Some((low + (width - 1) / 2).min(histogram.max.max(low)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe::layout::{BUCKETS, bucket_of};

    #[test]
    fn quantiles_are_within_a_32nd_and_never_above_the_highest() {
        let mut values: Vec<u64> = (0..10_000u64).map(|n| n * n % 77_777 + 3).collect();
        let mut histogram = HistogramRead { sum: 0, max: 0, buckets: vec![0; BUCKETS] };
        for &value in &values {
            histogram.buckets[bucket_of(value)] += 1;
            histogram.max = histogram.max.max(value);
        }
        values.sort_unstable();
        for q in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let truth = values[rank - 1];
            let found = quantile(&histogram, q).expect("values");
            assert!(found.abs_diff(truth) * 32 <= truth + 31, "{q}: {found} for {truth}");
            assert!(found <= histogram.max);
        }
        assert_eq!(
            quantile(&HistogramRead { sum: 0, max: 0, buckets: vec![0; BUCKETS] }, 0.5),
            None
        );
    }
}
