//! The board as typed tables, and what its writer must know in private memory: who holds which slot and
//! which record. Nothing on the board decides anything here.

use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::Mutex;

use crate::layout::*;
use crate::on::board::segment::{Segment, Table, Words};
use crate::on::describe::Scribe;
use crate::on::keeper::windows::WindowTable;
use crate::on::ops::OpTable;
use crate::protocol::claims;

/// A histogram block: head and buckets.
#[derive(Debug, zerocopy::FromBytes)]
#[repr(C, align(8))]
pub(crate) struct Buckets {
    pub(crate) head: HistogramBlock,
    pub(crate) counts: [AtomicU64; BUCKETS],
}

/// The two frame blocks of a slot.
#[derive(Debug, zerocopy::FromBytes)]
#[repr(C, align(1024))]
pub(crate) struct Blocks {
    pub(crate) blocks: [[FrameRecord; BLOCK_FRAMES]; 2],
}

impl Blocks {
    /// The block whose addresses differ from `address` in their low 12 bits, and its number: there every
    /// frame can be the hot one. One of the two always does.
    pub(crate) fn clear_of(
        &'static self,
        address: usize,
    ) -> (usize, core::ptr::NonNull<FrameRecord>) {
        const PAGE_MASK: usize = 4095;
        let hits = |block: &[FrameRecord; BLOCK_FRAMES]| {
            let start = core::ptr::from_ref(block).addr();
            (address.wrapping_sub(start) & PAGE_MASK) < BLOCK_BYTES
        };
        let index = usize::from(hits(&self.blocks[0]));
        (index, core::ptr::NonNull::from(&self.blocks[index]).cast())
    }
}

/// What the writer knows of a slot, besides what it writes there.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    /// Generation of the last tenancy.
    pub(crate) generation: AtomicU64,
    /// Thread id of the tenant; 0 when there is none.
    pub(crate) tid: AtomicU64,
    /// Which of the slot's blocks the tenant uses.
    pub(crate) block: AtomicU64,
    /// Busy units of all tenants so far.
    pub(crate) busy: AtomicU64,
    /// Publications in the worker record so far.
    pub(crate) sequence: AtomicU64,
}

/// A ring of the last minute.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) head: &'static RingHead,
    pub(crate) words: Words,
    pub(crate) shape: RingShape,
    pub(crate) entry_words: usize,
}

/// A board and its writer's private knowledge.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) segment: Segment,
    pub(crate) pid: u32,
    pub(crate) header: &'static Header,
    pub(crate) toc: Table<Section>,
    pub(crate) kinds: Vec<SectionKind>,
    pub(crate) lost: &'static LostRecord,
    pub(crate) pulse: &'static PulseRecord,
    pub(crate) end: &'static EndRecord,
    pub(crate) slots: Table<SlotRecord>,
    pub(crate) blocks: Table<Blocks>,
    pub(crate) shards: Words,
    pub(crate) shard_words: usize,
    pub(crate) watches: Table<WatchRecord>,
    pub(crate) workers: Table<WorkerRecord>,
    pub(crate) sites: Table<SiteRecord>,
    pub(crate) metrics: Table<MetricRecord>,
    pub(crate) cells: Table<CellRecord>,
    pub(crate) queues: Table<QueueRecord>,
    pub(crate) histograms: Table<Buckets>,
    pub(crate) windows: WindowTable,
    pub(crate) facts: Table<FactRecord>,
    pub(crate) ops: OpTable,
    #[cfg(feature = "trail")]
    pub(crate) trails: Option<Table<crate::on::thread::trail::Ring>>,
    pub(crate) strings: Words,
    /// How far the board is described, for sites that are made later.
    pub(crate) scribe: Mutex<Scribe>,
    pub(crate) busy_rings: Vec<Ring>,
    pub(crate) count_rings: Vec<Ring>,
    pub(crate) slot_claims: Box<[AtomicU64]>,
    pub(crate) tenants: Box<[Tenant]>,
    pub(crate) metric_claims: Box<[AtomicU64]>,
    pub(crate) metric_generations: Box<[AtomicU64]>,
    /// Histogram blocks handed out so far.
    pub(crate) blocks_used: AtomicUsize,
    /// Whose each block is: the histogram's number above 32 bits, the slot plus 1 below; 0 when it is shared.
    pub(crate) block_marks: Box<[AtomicU64]>,
    /// In a forked child, the parent's: what it is made of is not lost.
    before: Option<&'static Board>,
}

/// This process's board.
static BOARD: AtomicPtr<Board> = AtomicPtr::new(core::ptr::null_mut());

/// This process's board, if it has one.
#[expect(unsafe_code, reason = "follows a pointer that only `install` sets")]
pub(crate) fn board() -> Option<&'static Board> {
    // Acquire: pairs with the release in `install`.
    let board = BOARD.load(Ordering::Acquire);
    // SAFETY: only `install` stores here, and what it stores is leaked.
    unsafe { board.as_ref() }
}

/// Makes `board` this process's board, for good.
pub(crate) fn install(mut board: Board) -> &'static Board {
    board.before = self::board();
    let board: &'static Board = Box::leak(Box::new(board));
    BOARD.store(core::ptr::from_ref(board).cast_mut(), Ordering::Release);
    board
}

/// Counts something that could not be recorded.
#[cold]
#[inline(never)]
pub(crate) fn lost(which: fn(&LostRecord) -> &AtomicU64) {
    if let Some(board) = board() {
        which(board.lost).fetch_add(1, Ordering::Relaxed);
    }
}

impl Board {
    /// The tables of a board planned as `sections`, in a segment of zeroes; the table of contents is
    /// written. `None` when the plan and the segment do not fit each other, which would be a fault here.
    pub(crate) fn lay_out(
        segment: Segment,
        sections: &[Planned],
        capacity: &Capacity,
    ) -> Option<Self> {
        use SectionKind::*;
        let find = |kind| sections.iter().find(|section| section.kind == kind);
        let toc = segment.table::<Section>(TOC_OFFSET, SectionCopy::BYTES, sections.len())?;
        for (entry, section) in toc.iter().zip(sections) {
            let words = [
                (&entry.kind, section.kind as u64),
                (&entry.version, 1),
                (&entry.offset, section.offset as u64),
                (&entry.length, section.length as u64),
                (&entry.stride, section.stride as u64),
                (&entry.capacity, section.capacity as u64),
                // Any record may be the next: none is beyond those in use.
                (&entry.used, if section.kind == Ops { section.capacity as u64 } else { 0 }),
            ];
            for (word, value) in words {
                word.store(value, Ordering::Relaxed);
            }
        }
        fn table<T: zerocopy::FromBytes>(
            segment: &Segment,
            section: Option<&Planned>,
        ) -> Option<Table<T>> {
            let section = section?;
            segment.table(section.offset, section.stride, section.capacity)
        }
        let words = |section: Option<&Planned>| {
            let section = section?;
            segment.table::<AtomicU64>(section.offset, WORD, section.length / WORD)
        };
        let rings = |kind, shapes: &[RingShape], columns: usize| -> Option<Vec<Ring>> {
            let sections = sections.iter().filter(|section| section.kind == kind);
            sections
                .zip(shapes)
                .map(|(section, &shape)| {
                    let head = segment
                        .table::<RingHead>(section.offset, RingHeadCopy::BYTES, 1)?
                        .get(0)?;
                    let entry_words = 1 + columns;
                    head.period_ns.store(shape.period_ns, Ordering::Relaxed);
                    head.entries.store(shape.entries as u64, Ordering::Relaxed);
                    head.entry_words.store(entry_words as u64, Ordering::Relaxed);
                    let words = segment.table(
                        section.offset + RingHeadCopy::BYTES,
                        WORD,
                        shape.entries * entry_words,
                    )?;
                    Some(Ring { head, words, shape, entry_words })
                })
                .collect()
        };
        let zeroes = |count: usize| (0..count).map(|_| AtomicU64::new(0)).collect();
        let bits = |count: usize| zeroes(count.div_ceil(64));
        Some(Self {
            segment,
            pid: std::process::id(),
            header: segment.table::<Header>(0, HeaderCopy::BYTES, 1)?.get(0)?,
            toc,
            kinds: sections.iter().map(|section| section.kind).collect(),
            lost: table(&segment, find(Lost))?.get(0)?,
            pulse: table(&segment, find(Pulse))?.get(0)?,
            end: table(&segment, find(End))?.get(0)?,
            slots: table(&segment, find(Slots))?,
            blocks: table(&segment, find(Frames))?,
            shards: words(find(Shards))?,
            shard_words: find(Shards)?.stride / WORD,
            watches: table(&segment, find(Watches))?,
            workers: table(&segment, find(Workers))?,
            sites: table(&segment, find(Sites))?,
            metrics: table(&segment, find(Metrics))?,
            cells: table(&segment, find(Cells))?,
            queues: table(&segment, find(Queues))?,
            histograms: table(&segment, find(Histograms))?,
            windows: WindowTable::new(table(&segment, find(Windows))?),
            facts: table(&segment, find(Facts))?,
            ops: OpTable::new(table(&segment, find(Ops))?),
            #[cfg(feature = "trail")]
            trails: table(&segment, find(Trails)),
            strings: words(find(Strings))?,
            scribe: Mutex::new(Scribe::new(capacity.strings)),
            busy_rings: rings(BusyRing, &BUSY_RINGS, capacity.threads)?,
            count_rings: rings(CountRing, &COUNT_RINGS, capacity.metrics)?,
            slot_claims: bits(capacity.threads),
            tenants: (0..capacity.threads).map(|_| Tenant::default()).collect(),
            metric_claims: bits(capacity.metrics),
            metric_generations: zeroes(capacity.metrics),
            blocks_used: AtomicUsize::new(0),
            block_marks: zeroes(capacity.histograms),
            before: None,
        })
    }

    /// The table of contents' entry for a kind of section.
    pub(crate) fn section(&self, kind: SectionKind) -> Option<&'static Section> {
        self.toc.get(self.kinds.iter().position(|&other| other == kind)?)
    }

    /// Raises the number of records in use to at least `used`.
    pub(crate) fn raise_used(&self, kind: SectionKind, used: usize) {
        if let Some(section) = self.section(kind) {
            // Release: the records come before their count.
            section.used.fetch_max(used as u64, Ordering::Release);
        }
    }

    /// First word of a shard: a slot's, or the one behind the last slot's, which the keeper keeps.
    pub(crate) fn shard(&self, slot: usize) -> Option<core::ptr::NonNull<AtomicU64>> {
        self.shards.address(slot.checked_mul(self.shard_words)?)
    }

    /// Indices of slots that are held just now.
    pub(crate) fn held_slots(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.slots.count()).filter(|&slot| claims::is_held(&self.slot_claims, slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hot_words_keep_clear_of_the_cursor_in_their_low_12_bits() {
        let blocks: &'static Blocks = Box::leak(Box::new(zerocopy::FromZeros::new_zeroed()));
        for address in (0..8192).step_by(8) {
            let (index, block) = blocks.clear_of(address);
            let start = block.addr().get();
            assert_eq!(start, core::ptr::from_ref(&blocks.blocks[index]).addr());
            let hot = (start..start + BLOCK_BYTES).step_by(8);
            assert!(hot.into_iter().all(|word| word & 4095 != address & 4095));
        }
    }
}
