//! Where everything goes: from capacities to offsets. Pure arithmetic, done before the first byte
//! is reserved.

use super::count::*;
use super::header::*;
use super::lock::*;
use super::minute::*;
use super::operation::*;
use super::position::*;
use super::window::*;
use super::work::*;

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
    /// Locks with a record: those that have a name, or were waited for.
    pub locks: usize,
    /// Facts.
    pub facts: usize,
    /// Bytes of text.
    pub strings: usize,
    /// Whether there are trails.
    pub trails: bool,
}

const _: () = assert!((Capacity::MOST.sites as u64) < OP_OTHER);

impl Capacity {
    /// The most that can be asked for of each table, whoever asks: a daemon's `Config`, `PROBE_SIZE`, a
    /// reader's bounds. All of it together is more than a board may have ([`MAX_BOARD_BYTES`]).
    pub const MOST: Self = Self {
        // A thread's number has 16 bits where an operation names its holder.
        threads: 8_192,
        // A site's number, plus 1, has 16 bits where an operation says its status, and the last stands for others.
        sites: 65_534,
        // A counter has a word in every private shard too, and the first word of each is nobody's.
        metrics: 16_383,
        queues: 1_024,
        histograms: 4_096,
        // A record's number has 16 bits in an operation's id; some records remember what ended.
        ops: 16_384,
        // A record's number has 16 bits where a thread names what it waits for.
        locks: 16_384,
        facts: 4_096,
        strings: 16 << 20,
        trails: true,
    };

    /// Histograms (a queue's two count apiece) whose last seconds are kept: half of the blocks, since the
    /// other half is for threads' blocks of their own.
    pub const fn windows(&self) -> usize {
        let half = self.histograms / 2;
        if half == 0 { 1 } else { half }
    }

    /// These capacities, none above [`Capacity::MOST`] or below what a board can do with.
    #[must_use]
    pub fn bounded(self) -> Self {
        let most = Self::MOST;
        Self {
            threads: self.threads.clamp(1, most.threads),
            sites: self.sites.clamp(1, most.sites),
            metrics: self.metrics.clamp(1, most.metrics),
            queues: self.queues.clamp(1, most.queues),
            histograms: self.histograms.clamp(1, most.histograms),
            ops: self.ops.clamp(1, most.ops),
            locks: self.locks.clamp(1, most.locks),
            facts: self.facts.clamp(1, most.facts),
            strings: self.strings.clamp(4096, most.strings),
            trails: self.trails,
        }
    }

    /// Bytes of text that these sites, numbers and facts have room in: as many as the default's, and for each beyond
    /// those a label of 64 bytes with its share of files and functions, a name with its help, a key.
    pub fn room_for_texts(&self) -> usize {
        let default = Self::default();
        let beyond = |count: usize, of: usize, each: usize| count.saturating_sub(of) * each;
        default.strings
            + beyond(self.sites, default.sites, 80)
            + beyond(self.metrics, default.metrics, 64)
            + beyond(self.facts, default.facts, 32)
    }

    /// All tables shrunk or grown by the same factor, as far as their bounds let them, so that the
    /// board takes at most `bytes`, or the least that a board can.
    #[must_use]
    pub fn fitted(&self, bytes: usize) -> Self {
        let bytes = bytes.min(MAX_BOARD_BYTES as usize);
        let scaled = |factor: usize| {
            let part = |count: usize| count.saturating_mul(factor) / WHOLE;
            Self {
                threads: part(self.threads),
                sites: part(self.sites),
                metrics: part(self.metrics),
                queues: part(self.queues),
                histograms: part(self.histograms),
                ops: part(self.ops),
                locks: part(self.locks),
                facts: part(self.facts),
                strings: part(self.strings),
                trails: self.trails,
            }
            .bounded()
        };
        // The total grows with the factor: the last that fits is found by halving. With 0 all is at its least.
        let (mut fits, mut over) = (0, 1024 * WHOLE);
        while over - fits > 1 {
            let middle = fits + (over - fits) / 2;
            if plan(&scaled(middle)).1 <= bytes { fits = middle } else { over = middle }
        }
        scaled(fits)
    }
}

impl Default for Capacity {
    /// One mebibyte, by this budget (bytes; without trails):
    ///
    /// | section | records | bytes |
    /// | --- | --- | --- |
    /// | frames | 64 threads, two blocks of 1,024 | 131,072 |
    /// | shards | 64 threads and one, a page each | 266,240 |
    /// | slots, watches, workers | 64 of 128, 64, 256 | 28,672 |
    /// | sites | 1,000 of 64 | 64,000 |
    /// | metrics, cells | 500 of 128 and 64 | 96,000 |
    /// | queues | 16 of 256 | 4,096 |
    /// | histogram blocks | 28 of 5,632 | 157,696 |
    /// | windows of histograms | 14 of 1,760 | 24,640 |
    /// | facts | 24 of 256 | 6,144 |
    /// | operations | 256 in flight and 80 ended, of 256 | 86,016 |
    /// | rings of busy time | 24, 24 and 27 entries | 39,192 |
    /// | rings of totals | 12 and 7 entries | 76,280 |
    /// | strings | | 43,008 |
    /// | lost, pulse, end | | 1,408 |
    /// | locks | 64 of 128 | 8,192 |
    /// | traces of operations | 336 of 32 | 10,752 |
    fn default() -> Self {
        Self {
            threads: 64,
            sites: 1000,
            metrics: 500,
            queues: 16,
            histograms: 28,
            ops: 256,
            locks: 64,
            facts: 24,
            strings: 42 << 10,
            trails: cfg!(feature = "trail"),
        }
    }
}

/// As a factor, all of what was asked for: fine enough that the most of anything can become one.
const WHOLE: usize = 1 << 16;

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
        (Windows, capacity.windows(), WindowCopy::BYTES, LINES),
        (Facts, capacity.facts, FactCopy::BYTES, LINES),
        (Ops, capacity.ops + OP_SPARE, OP_BYTES, LINES),
        (Traces, capacity.ops + OP_SPARE, TraceCopy::BYTES, LINES),
        (Locks, capacity.locks, LockCopy::BYTES, LINES),
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

const _: () = assert!(Capacity::MOST.ops <= OP_MOST);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_board_fits_a_mebibyte() {
        let (_, total) = plan(&Capacity { trails: false, ..Capacity::default() });
        assert!(total <= 1 << 20, "{total} bytes");
    }

    #[test]
    fn the_budget_is_what_the_plan_says() {
        let (sections, _) = plan(&Capacity { trails: false, ..Capacity::default() });
        let bytes = |kinds: &[SectionKind]| -> usize {
            sections.iter().filter(|s| kinds.contains(&s.kind)).map(|s| s.length).sum()
        };
        use SectionKind::*;
        for (kinds, budget) in [
            (&[Frames][..], 131_072),
            (&[Shards], 266_240),
            (&[Slots, Watches, Workers], 28_672),
            (&[Sites], 64_000),
            (&[Metrics, Cells], 96_000),
            (&[Queues], 4_096),
            (&[Histograms], 157_696),
            (&[Windows], 24_640),
            (&[Facts], 6_144),
            (&[Ops], 86_016),
            (&[Locks], 8_192),
            (&[Traces], 10_752),
            (&[BusyRing], 39_192),
            (&[CountRing], 76_280),
            (&[Strings], 43_008),
            (&[Lost, Pulse, End], 1_408),
        ] {
            assert_eq!(bytes(kinds), budget, "{kinds:?}");
        }
    }

    #[test]
    fn a_wanted_size_is_met_and_none_is_too_much() {
        let default = Capacity { trails: false, ..Capacity::default() };
        for bytes in [0, 1 << 16, 300_000, 1 << 20, 5 << 20, 64 << 20, 1_000_000_000, usize::MAX] {
            let fitted = default.fitted(bytes);
            let (_, total) = plan(&fitted);
            let least = plan(&default.fitted(0)).1;
            assert!(total <= bytes.max(least) && total as u64 <= MAX_BOARD_BYTES, "{bytes}");
            assert_eq!(fitted, fitted.bounded());
        }
        // Of very much of one thing a small board has little, and not too many bytes.
        let crowd = Capacity { threads: Capacity::MOST.threads, ..default };
        let (_, total) = plan(&crowd.fitted(256 << 10));
        assert!((192 << 10..=256 << 10).contains(&total), "{total}");
        assert!(default.fitted(10 << 20).ops > 700);
        assert_eq!(default.fitted(plan(&default).1).threads, default.threads);
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
