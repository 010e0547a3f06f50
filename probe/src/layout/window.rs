//! What histograms counted a while ago: coarse copies that the keeper takes in turn, so that quantiles of
//! the last seconds are there for a reader who looks once, or after the end.

use super::count::{FINE_BUCKETS, bucket_span};
use super::record::record;

record! {
    /// Two copies of the counts of one histogram (all its blocks added up), taken in turn every
    /// [`WINDOW_PERIOD_NS`]. A copy is its stamp, then [`WINDOW_BUCKETS`] counts of 32 bits, two to a word,
    /// the lower half first; counts wrap, differences of less than 2^32 are right. The stamp is zero
    /// while the copy is being written, and before the first.
    WindowRecord, WindowCopy, 1760 bytes {
        /// Index of the histogram's metric plus 1; 0 when the record is free. Stored last, with
        /// release.
        0x00 metric,
        /// [`super::HistogramRole`].
        0x08 role,
        /// One copy.
        0x10 even[109],
        /// The other.
        0x378 odd[109],
    }
}

/// From one copy to the next, ns: the older of the two is 10 to 20 s old.
pub const WINDOW_PERIOD_NS: u64 = 10_000_000_000;
/// Counts in a copy: 16 for values below 16, then four for each power of two. The middle of one is
/// within 1/8 of every value in it.
pub const WINDOW_BUCKETS: usize = 216;
/// Words of counts in a copy.
pub const WINDOW_WORDS: usize = WINDOW_BUCKETS / 2;

/// The coarse bucket that a bucket falls into.
pub fn window_bucket_of(bucket: usize) -> usize {
    match bucket {
        0..16 => bucket,
        16..FINE_BUCKETS => 16 + (bucket - 16) / 4,
        _ => 16 + (FINE_BUCKETS - 16) / 4 + (bucket - FINE_BUCKETS),
    }
}

/// Lowest value of a coarse bucket and the number of values it holds.
pub fn window_bucket_span(bucket: usize) -> (u64, u64) {
    const WIDE: usize = 16 + (FINE_BUCKETS - 16) / 4;
    match bucket {
        0..16 => bucket_span(bucket),
        16..WIDE => {
            let (low, width) = bucket_span(16 + (bucket - 16) * 4);
            (low, width * 4)
        }
        _ => bucket_span(FINE_BUCKETS + (bucket - WIDE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{BUCKETS, bucket_of};

    #[test]
    fn every_value_is_in_the_coarse_bucket_of_its_bucket() {
        let powers = (0..54).flat_map(|e| [1u64 << e, (1 << e) + (1 << e >> 1), (2 << e) - 1]);
        for value in (0..5000).chain(powers) {
            let bucket = window_bucket_of(bucket_of(value));
            assert!(bucket < WINDOW_BUCKETS);
            let (low, width) = window_bucket_span(bucket);
            assert!(low <= value && value < low + width, "{value} in {bucket}: {low}+{width}");
        }
        assert_eq!(window_bucket_of(BUCKETS - 1), WINDOW_BUCKETS - 1);
    }
}
