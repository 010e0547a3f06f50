//! The board as typed tables. What its writer must know beside them, such as who holds which record, each room
//! keeps for itself, in private memory: nothing on the board decides anything.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use super::contents::Contents;
use super::lost;
use super::records::{Blocks, Buckets, MinuteRing};
use super::segment::{Segment, Table, Words};
#[cfg(feature = "trail")]
use super::trail_ring::TrailRing;
use crate::layout::*;
use crate::on::ground::latest::Latest;
use crate::on::ground::record_ref::RecordRef;

/// A board.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) segment: Segment,
    /// The process that it is of: a forked child's is another.
    pub(crate) pid: u32,
    pub(crate) contents: Contents,
    pub(crate) single: Singles,
    pub(crate) threads: ThreadTables,
    pub(crate) numbers: NumberTables,
    pub(crate) sites: Table<SiteRecord>,
    pub(crate) work: WorkTables,
    pub(crate) strings: Words,
    pub(crate) rings: Rings,
}

/// Records of which a board has one.
#[derive(Debug)]
pub(crate) struct Singles {
    pub(crate) header: &'static Header,
    pub(crate) lost: &'static LostRecord,
    pub(crate) pulse: &'static PulseRecord,
    pub(crate) end: &'static EndRecord,
}

/// What each slot has one of.
#[derive(Debug)]
pub(crate) struct ThreadTables {
    pub(crate) slots: Table<SlotRecord>,
    pub(crate) blocks: Table<Blocks>,
    /// Counters: a shard for each slot, and one more that the keeper keeps.
    pub(crate) shards: Words,
    pub(crate) shard_words: usize,
    pub(crate) watches: Table<WatchRecord>,
    pub(crate) workers: Table<WorkerRecord>,
    #[cfg(feature = "trail")]
    pub(crate) trails: Option<Table<TrailRing>>,
}

/// Named numbers and texts.
#[derive(Debug)]
pub(crate) struct NumberTables {
    pub(crate) metrics: Table<MetricRecord>,
    pub(crate) cells: Table<CellRecord>,
    pub(crate) queues: Table<QueueRecord>,
    pub(crate) histograms: Table<Buckets>,
    pub(crate) windows: Table<WindowRecord>,
    pub(crate) facts: Table<FactRecord>,
}

/// What is in flight, and what it waits for.
#[derive(Debug)]
pub(crate) struct WorkTables {
    pub(crate) ops: Table<OpRecord>,
    pub(crate) traces: Table<TraceRecord>,
    pub(crate) locks: Table<LockRecord>,
}

/// The last minute.
#[derive(Debug)]
pub(crate) struct Rings {
    pub(crate) busy: Vec<MinuteRing>,
    pub(crate) counts: Vec<MinuteRing>,
}

/// Every board that this process made, and that its parents made: what each is made of is not lost.
static MADE: Latest<Board> = Latest::none();
/// This process's board.
static BOARD: RecordRef<Board> = RecordRef::unset();

/// This process's board, if it has one.
pub(crate) fn board() -> Option<&'static Board> {
    BOARD.get()
}

/// Keeps `board` for good. Nobody finds it yet.
pub(crate) fn keep(board: Board) -> &'static Board {
    let board = MADE.set(board);
    lost::place(board.single.lost);
    board
}

/// Makes `board` this process's board.
pub(crate) fn install(board: &'static Board) {
    BOARD.place(board);
}

impl Board {
    /// The tables of a board planned as `sections`, in a segment of zeroes; the table of contents is
    /// written. `None` when the plan and the segment do not fit each other, which would be a fault here.
    pub(crate) fn lay_out(
        segment: Segment,
        sections: &[Planned],
        capacity: &Capacity,
    ) -> Option<Self> {
        let plan = Plan { segment, sections };
        Some(Self {
            segment,
            pid: std::process::id(),
            contents: Contents::write(&segment, sections)?,
            single: Singles::lay_out(&plan)?,
            threads: ThreadTables::lay_out(&plan)?,
            numbers: NumberTables::lay_out(&plan)?,
            sites: plan.table(SectionKind::Sites)?,
            work: WorkTables {
                ops: plan.table(SectionKind::Ops)?,
                traces: plan.table(SectionKind::Traces)?,
                locks: plan.table(SectionKind::Locks)?,
            },
            strings: plan.words(SectionKind::Strings)?,
            rings: Rings {
                busy: plan.rings(SectionKind::BusyRing, &BUSY_RINGS, capacity.threads)?,
                counts: plan.rings(SectionKind::CountRing, &COUNT_RINGS, capacity.metrics)?,
            },
        })
    }

    /// One in private memory, for tests.
    #[cfg(test)]
    pub(crate) fn in_memory(capacity: &Capacity) -> Option<&'static Self> {
        let (sections, bytes) = plan(capacity);
        let board = Self::lay_out(Segment::in_memory(bytes)?, &sections, capacity)?;
        Some(Box::leak(Box::new(board)))
    }

    /// Raises the number of records in use to at least `used`.
    pub(crate) fn raise_used(&self, kind: SectionKind, used: usize) {
        self.contents.raise_used(kind, used);
    }
}

impl Singles {
    fn lay_out(plan: &Plan<'_>) -> Option<Self> {
        Some(Self {
            header: plan.segment.table::<Header>(0, HeaderCopy::BYTES, 1)?.get(0)?,
            lost: plan.table(SectionKind::Lost)?.get(0)?,
            pulse: plan.table(SectionKind::Pulse)?.get(0)?,
            end: plan.table(SectionKind::End)?.get(0)?,
        })
    }
}

impl ThreadTables {
    fn lay_out(plan: &Plan<'_>) -> Option<Self> {
        Some(Self {
            slots: plan.table(SectionKind::Slots)?,
            blocks: plan.table(SectionKind::Frames)?,
            shards: plan.words(SectionKind::Shards)?,
            shard_words: plan.section(SectionKind::Shards)?.stride / WORD,
            watches: plan.table(SectionKind::Watches)?,
            workers: plan.table(SectionKind::Workers)?,
            #[cfg(feature = "trail")]
            trails: plan.table(SectionKind::Trails),
        })
    }

    /// First word of a shard: a slot's, or the one behind the last slot's, which the keeper keeps.
    pub(crate) fn shard(&self, slot: usize) -> Option<NonNull<AtomicU64>> {
        self.shards.address(slot.checked_mul(self.shard_words)?)
    }
}

impl NumberTables {
    fn lay_out(plan: &Plan<'_>) -> Option<Self> {
        Some(Self {
            metrics: plan.table(SectionKind::Metrics)?,
            cells: plan.table(SectionKind::Cells)?,
            queues: plan.table(SectionKind::Queues)?,
            histograms: plan.table(SectionKind::Histograms)?,
            windows: plan.table(SectionKind::Windows)?,
            facts: plan.table(SectionKind::Facts)?,
        })
    }
}

/// A plan, and the memory that it is for.
struct Plan<'a> {
    segment: Segment,
    sections: &'a [Planned],
}

impl Plan<'_> {
    fn section(&self, kind: SectionKind) -> Option<&Planned> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    fn table<T: crate::layout::bytes::AnyBytes>(&self, kind: SectionKind) -> Option<Table<T>> {
        let section = self.section(kind)?;
        self.segment.table(section.offset, section.stride, section.capacity)
    }

    fn words(&self, kind: SectionKind) -> Option<Words> {
        let section = self.section(kind)?;
        self.segment.table(section.offset, WORD, section.length / WORD)
    }

    /// The rings of one kind, each with as many columns: their heads are written.
    fn rings(
        &self,
        kind: SectionKind,
        shapes: &[RingShape],
        columns: usize,
    ) -> Option<Vec<MinuteRing>> {
        let sections = self.sections.iter().filter(|section| section.kind == kind);
        sections.zip(shapes).map(|(section, &shape)| self.ring(section, shape, columns)).collect()
    }

    fn ring(&self, section: &Planned, shape: RingShape, columns: usize) -> Option<MinuteRing> {
        let head =
            self.segment.table::<RingHead>(section.offset, RingHeadCopy::BYTES, 1)?.get(0)?;
        let entry_words = 1 + columns;
        head.period_ns.store(shape.period_ns, Ordering::Relaxed);
        head.entries.store(shape.entries as u64, Ordering::Relaxed);
        head.entry_words.store(entry_words as u64, Ordering::Relaxed);
        let first = section.offset + RingHeadCopy::BYTES;
        let words = self.segment.table(first, WORD, shape.entries * entry_words)?;
        Some(MinuteRing { head, words, shape, entry_words })
    }
}
