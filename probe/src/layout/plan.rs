//! Where everything goes: from capacities to offsets. Pure arithmetic, done before the first byte
//! is reserved.

use super::*;

/// How much of everything a board holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Threads with a slot of their own.
    pub threads: usize,
    /// Probes in the source.
    pub sites: usize,
    /// Named numbers.
    pub metrics: usize,
    /// Queues among them.
    pub queues: usize,
    /// Histogram blocks; a queue takes two.
    pub histograms: usize,
    /// Operations in flight; there are [`OP_SPARE`] more records, for some that ended.
    pub ops: usize,
    /// Facts.
    pub facts: usize,
    /// Bytes of text.
    pub strings: usize,
    /// Whether there are trails.
    pub trails: bool,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            threads: 64,
            sites: 1000,
            metrics: 500,
            queues: 16,
            histograms: 32,
            ops: 256,
            facts: 32,
            strings: 64 << 10,
            trails: cfg!(feature = "trail"),
        }
    }
}

/// One section as planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What it holds.
    pub kind: SectionKind,
    /// Bytes from the start of the board.
    pub offset: usize,
    /// Bytes of all of it.
    pub length: usize,
    /// Bytes from record to record.
    pub stride: usize,
    /// Records.
    pub capacity: usize,
}

/// Offset of the table of contents.
pub const TOC_OFFSET: usize = 256;
/// Sections start on a page, where frame blocks and shards need it; elsewhere on two cache lines.
const PAGE: usize = 4096;
const LINES: usize = 128;
/// Bytes of one shard: a word for each counter, on pages of its own.
pub const fn shard_bytes(metrics: usize) -> usize {
    (metrics * 8).next_multiple_of(PAGE)
}

/// Every section of a board with these capacities, and the bytes of the whole.
pub fn plan(capacity: &Capacity) -> (Vec<Planned>, usize) {
    use SectionKind::*;
    let ring = |shape: RingShape, words: usize| {
        let entry = (1 + words) * 8;
        (1usize, RingHeadCopy::BYTES + shape.entries * entry)
    };
    let threads = capacity.threads;
    let mut wanted: Vec<(SectionKind, usize, usize, usize)> = vec![
        (Frames, threads, 2 * BLOCK_BYTES, PAGE),
        (Shards, threads + 1, shard_bytes(capacity.metrics), PAGE),
        (Slots, threads, SlotCopy::BYTES, LINES),
        (Watches, threads, WatchCopy::BYTES, LINES),
        (Workers, threads, WorkerCopy::BYTES, LINES),
        (Sites, capacity.sites, SiteCopy::BYTES, LINES),
        (Metrics, capacity.metrics, MetricCopy::BYTES, LINES),
        (Cells, capacity.metrics, CellCopy::BYTES, LINES),
        (Queues, capacity.queues, QueueCopy::BYTES, LINES),
        (Histograms, capacity.histograms, HISTOGRAM_BYTES, LINES),
        (Facts, capacity.facts, FactCopy::BYTES, LINES),
        (Ops, capacity.ops + OP_SPARE, OP_BYTES, LINES),
        (Lost, 1, LostCopy::BYTES, LINES),
        (Pulse, 1, PulseCopy::BYTES, LINES),
        (End, 1, EndCopy::BYTES, LINES),
    ];
    for shape in BUSY_RINGS {
        let (count, bytes) = ring(shape, threads);
        wanted.push((BusyRing, count, bytes, LINES));
    }
    for shape in COUNT_RINGS {
        let (count, bytes) = ring(shape, capacity.metrics);
        wanted.push((CountRing, count, bytes, LINES));
    }
    if capacity.trails {
        wanted.push((Trails, threads, TRAIL_STRIDE, PAGE));
    }
    wanted.push((Strings, capacity.strings, 1, LINES));

    let mut at = TOC_OFFSET + wanted.len() * SectionCopy::BYTES;
    let sections = wanted
        .into_iter()
        .map(|(kind, capacity, stride, align)| {
            let offset = at.next_multiple_of(align);
            let length = (capacity * stride).next_multiple_of(8);
            at = offset + length;
            Planned { kind, offset, length, stride, capacity }
        })
        .collect();
    (sections, at.next_multiple_of(PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_board_fits_a_mebibyte() {
        let (_, total) = plan(&Capacity::default());
        assert!(total <= 1 << 20, "{total} bytes");
    }

    #[test]
    fn sections_are_apart_and_aligned() {
        for trails in [false, true] {
            let (sections, total) = plan(&Capacity { trails, ..Capacity::default() });
            let mut end = TOC_OFFSET + sections.len() * SectionCopy::BYTES;
            for section in &sections {
                assert!(section.offset >= end && section.offset % LINES == 0);
                end = section.offset + section.length;
            }
            assert!(end <= total);
            assert_eq!(sections[0].offset % BLOCK_BYTES, 0);
        }
    }
}
