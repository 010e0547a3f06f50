//! Named numbers: metrics, their cells, histograms and facts.

use super::record::record;
use super::text::fitted;

record! {
    /// One named number. Those declared in source are written at init and never change; members of
    /// families come and go, each time with a new generation.
    MetricRecord, MetricCopy, 128 bytes {
        /// Generation in the high 56 bits, [`METRIC_FREE`], [`METRIC_CLAIMING`] or [`METRIC_LIVE`]
        /// in the low 8, with the same rule for readers as a slot's.
        0x00 state,
        /// [`MetricKind`] in the low byte, flags above it.
        0x08 kind_flags,
        /// Name, a text reference.
        0x10 name,
        /// Unit, a text reference, or 0.
        0x18 unit,
        /// Help, a text reference, or 0.
        0x20 help,
        /// Counter: its word in every shard. Queue: its record among the queues.
        0x28 place,
        /// Ratio: names of the counters above the line, separated by line feeds, a text reference.
        /// Heartbeat: the period, ns. Queue: its word in every shard, of items that entered and left at once; 0: none.
        0x30 extra,
        /// Ratio: names of the counters below the line, likewise.
        0x38 extra2,
        /// Labels of a family member, zero-ended text of lines `key=value`.
        0x40 labels[8],
    }
}

/// Low byte of [`MetricRecord::state`]: nobody's.
pub const METRIC_FREE: u64 = 0;
/// Low byte of [`MetricRecord::state`]: being filled.
pub const METRIC_CLAIMING: u64 = 1;
/// Low byte of [`MetricRecord::state`]: in use.
pub const METRIC_LIVE: u64 = 2;
/// Bytes of label text in a [`MetricRecord`].
pub const LABEL_BYTES: usize = 64;
/// Bytes of a kind of operations in labels, so that it stands the same beside the longest outcome as alone.
const KIND_BYTES: usize = LABEL_BYTES - "outcome=cancelled\nkind=".len();

/// A kind of operations as it stands in labels: what is longer than 41 bytes is [`fitted`].
pub fn kind_label(kind: &str) -> String {
    fitted(kind, KIND_BYTES)
}

/// Flag in [`MetricRecord::kind_flags`]: the counter's value is in its cell, not in shards.
pub const METRIC_SHARED: u64 = 1 << 8;
/// Flag in [`MetricRecord::kind_flags`]: the histogram is of the durations of the operations of one kind, which
/// is its label.
pub const METRIC_OP: u64 = 1 << 9;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u64)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows. Sum of its word in all shards, or its cell when [`METRIC_SHARED`].
    Counter = 1,
    /// A signed level: cell `value`, highest so far in `max`.
    Gauge = 2,
    /// Buckets in the blocks that name this metric.
    Histogram = 3,
    /// Computed by the reader from the counters it names.
    Ratio = 4,
    /// A periodic job: cell `value` counts beats, `stamp` is the last.
    Heartbeat = 5,
    /// Cell `value` of `max` done.
    Progress = 6,
    /// A queue: numbers in its [`super::QueueRecord`], times in two histograms.
    Queue = 7,
}

impl MetricKind {
    /// The kind that the low byte of [`MetricRecord::kind_flags`] names, if it is a known one.
    pub fn from_word(word: u64) -> Option<Self> {
        Some(match word & 0xff {
            1 => Self::Counter,
            2 => Self::Gauge,
            3 => Self::Histogram,
            4 => Self::Ratio,
            5 => Self::Heartbeat,
            6 => Self::Progress,
            7 => Self::Queue,
            _ => return None,
        })
    }
}

record! {
    /// The shared value of the metric with the same index, on a cache line of its own.
    CellRecord, CellCopy, 64 bytes {
        /// Gauge: level (two's complement). Shared counter: total. Heartbeat: beats. Progress: done.
        0x00 value,
        /// Gauge: highest level so far. Progress: total.
        0x08 max,
        /// Heartbeat: stamp of the last beat, 0 before the first.
        0x10 stamp,
        /// Written as zero, ignored by readers.
        0x18 reserved[5],
    }
}

/// Buckets of a histogram: 16 for values below 16, then 16 for each power of two up to
/// [`FINE_LIMIT`], then four for each up to [`BUCKET_LIMIT`]. The middle of a bucket is within 1/32 of
/// every value in it, within 1/8 beyond [`FINE_LIMIT`].
pub const BUCKETS: usize = FINE_BUCKETS + 40;
/// The buckets below [`FINE_LIMIT`]; layouts before 1.2 have only these, and the last of them is open.
pub const FINE_BUCKETS: usize = 656;
/// Buckets are coarser from here on: 4 hours 53 minutes in nanoseconds.
pub const FINE_LIMIT: u64 = 1 << 44;
/// Values from here on fall into the last bucket; their maximum is still exact. 208 days in
/// nanoseconds.
pub const BUCKET_LIMIT: u64 = 1 << 54;

record! {
    /// The head of one histogram block; [`BUCKETS`] words of counts follow.
    HistogramBlock, HistogramCopy, 64 bytes {
        /// Index of its metric plus 1; 0 when the block is free. Stored last, with release.
        0x00 metric,
        /// [`HistogramRole`].
        0x08 role,
        /// Sum of all values.
        0x10 sum,
        /// Highest value.
        0x18 max,
        /// Slot that alone writes it, plus 1; 0 when it is shared.
        0x20 owner,
        /// Written as zero, ignored by readers.
        0x28 reserved[3],
    }
}

/// Bytes of a histogram block, head and buckets.
pub const HISTOGRAM_BYTES: usize = HistogramCopy::BYTES + BUCKETS * 8;

/// Which histogram of its metric a block belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
#[non_exhaustive]
pub enum HistogramRole {
    /// The metric's own values.
    Values = 0,
    /// A queue's waiting times, ns.
    Wait = 1,
    /// A queue's service times, ns.
    Service = 2,
}

/// The bucket that counts `value`.
#[inline]
pub fn bucket_of(value: u64) -> usize {
    if value < 16 {
        return value as usize;
    }
    if value >= FINE_LIMIT {
        return wide_bucket_of(value);
    }
    let exponent = 63 - value.leading_zeros();
    let fraction = (value >> (exponent - 4)) & 15;
    (exponent as usize - 3) * 16 + fraction as usize
}

/// The same for values that are rare: hours, if they are times.
#[cold]
#[inline(never)]
fn wide_bucket_of(value: u64) -> usize {
    let value = value.min(BUCKET_LIMIT - 1);
    let exponent = 63 - value.leading_zeros();
    let fraction = (value >> (exponent - 2)) & 3;
    FINE_BUCKETS + (exponent as usize - 44) * 4 + fraction as usize
}

/// Lowest value of a bucket and the number of values it holds.
pub fn bucket_span(bucket: usize) -> (u64, u64) {
    if bucket < 16 {
        return (bucket as u64, 1);
    }
    if bucket >= FINE_BUCKETS {
        let wide = bucket - FINE_BUCKETS;
        let exponent = (wide / 4 + 44).min(63) as u32;
        let width = 1u64 << (exponent - 2);
        return ((4 + (wide % 4) as u64).saturating_mul(width), width);
    }
    let exponent = (bucket / 16 + 3).min(63) as u32;
    let width = 1u64 << (exponent - 4);
    ((16 + (bucket % 16) as u64) * width, width)
}

record! {
    /// A named text, doubled: copy `sequence & 1` is the valid one.
    FactRecord, FactCopy, 256 bytes {
        /// Times it was set; 0 while it has no value.
        0x00 sequence,
        /// Its key, a text reference. Stored with release when the record is handed out.
        0x08 key,
        /// One value: length in bytes, then 112 bytes of text.
        0x10 even[15],
        /// The other.
        0x88 odd[15],
    }
}

/// Bytes of text in a copy of a fact; longer texts are cut.
pub const FACT_BYTES: usize = 112;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_within_its_bucket_and_the_middle_within_a_32nd() {
        let mut values: Vec<u64> = (0..5000).collect();
        values.extend((4..54).flat_map(|e| [(1u64 << e) - 1, 1 << e, (1 << e) + 1, 3 << (e - 1)]));
        for value in values {
            let bucket = bucket_of(value);
            assert!(bucket < BUCKETS);
            let (low, width) = bucket_span(bucket);
            assert!(low <= value && value < low + width, "{value} in {bucket}: {low}+{width}");
            let middle = low + (width - 1) / 2;
            let part = if value < FINE_LIMIT { 32 } else { 8 };
            assert!(
                middle.abs_diff(value) * part < value.max(1) + part,
                "{value} told as {middle}"
            );
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        // A hundred days, in nanoseconds, are told apart from more.
        assert!(bucket_of(100 * 86_400 * 1_000_000_000) < BUCKETS - 1);
    }

    #[test]
    fn buckets_lie_side_by_side_without_a_gap() {
        let mut next = 0;
        for bucket in 0..BUCKETS {
            let (low, width) = bucket_span(bucket);
            assert_eq!(low, next, "bucket {bucket}");
            next = low + width;
        }
        assert_eq!(next, BUCKET_LIMIT);
    }
}
