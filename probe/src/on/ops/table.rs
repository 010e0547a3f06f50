//! The records of operations, and who holds which, in private memory: nothing on the board decides it.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::entry::{Ended, Entry};
use super::slow::Slow;
use crate::layout::{OP_CANCELLABLE, OP_HISTORY, OpRecord, TraceRecord, from_op_id};
use crate::on::board::segment::Table;
use crate::on::board::tables::Board;
use crate::on::ground::clock;
use crate::on::ground::latest::Latest;
use crate::protocol::{claims, traces};
use crate::trace::TraceContext;

/// The operations of a board.
#[derive(Debug)]
pub(crate) struct OpTable {
    entries: Box<[Entry]>,
    /// Beside each, the trace that it is part of.
    traces: Table<TraceRecord>,
    claims: Box<[AtomicU64]>,
    /// Records lent to threads as history.
    lent: AtomicU32,
    slow: Slow,
    /// Whether operations can be cancelled.
    pub(crate) cancellable: AtomicBool,
}

static OPERATIONS: Latest<OpTable> = Latest::none();

/// Those of this process's board.
pub(crate) fn current() -> Option<&'static OpTable> {
    OPERATIONS.get()
}

/// From now on operations are those of `board`.
pub(crate) fn install(board: &Board) {
    OPERATIONS.set(OpTable::new(board.work.ops, board.work.traces, OPERATIONS.get()));
}

impl OpTable {
    /// `before` are those of the board that a forked child's parent has. Their generations go on here: whoever kept the
    /// id of an operation of the parent's, a span for instance, finds none of the child's by it.
    fn new(records: Table<OpRecord>, traces: Table<TraceRecord>, before: Option<&Self>) -> Self {
        let generation = |index: usize| Some(before?.entries.get(index)?.generation());
        let entry = |(index, record): (usize, &'static OpRecord)| {
            Entry::new(record, index as u32, generation(index).unwrap_or(0))
        };
        let entries: Box<[Entry]> = records.iter().enumerate().map(entry).collect();
        Self {
            claims: (0..entries.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            entries,
            traces,
            lent: AtomicU32::new(0),
            slow: Slow::new(),
            cancellable: AtomicBool::new(false),
        }
    }

    /// A record that nobody has.
    #[cold]
    pub(super) fn claim(&self) -> Option<usize> {
        claims::claim(&self.claims, self.entries.len())
    }

    /// Gives a record back. What it says of an operation that ended may be read until it is claimed.
    #[cold]
    pub(super) fn release(&self, record: usize) {
        claims::release(&self.claims, record);
    }

    /// Lets a thread keep one more record, if the board can spare it.
    pub(super) fn lend(&self) -> bool {
        let more = |lent| ((lent as usize) < OP_HISTORY).then_some(lent + 1);
        self.lent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// A thread will keep nothing any more.
    pub(super) fn take_back(&self, records: u8) {
        self.lent.fetch_sub(u32::from(records), Ordering::Relaxed);
    }

    /// Lets go of those that were in the slow log long enough. Once a second, by the keeper.
    pub(crate) fn age(&self, now: u64) {
        self.slow.age(now, clock::to_ns, |record| self.release(record));
    }

    /// The record with this number, and the flags of an operation that begins in it.
    #[inline(always)]
    pub(super) fn opened(&self, record: usize) -> Option<(&Entry, u64)> {
        let entry = self.entries.get(record)?;
        let cancellable = self.cancellable.load(Ordering::Relaxed);
        Some((entry, if cancellable { OP_CANCELLABLE } else { 0 }))
    }

    /// Whether an operation that ended so may be one of the slow log.
    #[inline(always)]
    pub(super) fn may_keep(&self, ended: &Ended) -> bool {
        self.slow.wants(ended.kind, ended.took)
    }

    /// An operation ended in this record: the record that is free for that, its own or one that was in the slow log.
    #[cold]
    pub(super) fn free_after(&self, record: usize, ended: Ended) -> Option<usize> {
        if self.may_keep(&ended) {
            return self.slow.offer(ended.kind, record, ended.took, ended.now);
        }
        Some(record)
    }

    /// The operation with this id, if it is in flight.
    #[inline]
    pub(crate) fn find(&self, id: u64) -> Option<&Entry> {
        let (record, generation) = from_op_id(id)?;
        self.entries.get(record).filter(|entry| entry.is_open(generation))
    }

    /// The operation in this record is part of a trace of others'.
    pub(super) fn trace(&self, entry: &Entry, context: TraceContext) {
        let Some(record) = self.traces.get(entry.record_number()) else { return };
        let [high, low] = &record.trace;
        let generation = entry.generation();
        let sampled = context.is_sampled();
        traces::say(&record.state, [high, low, &record.span], generation, sampled, context.words());
    }

    /// Whether this is the record of this table with this number: a forked child has another.
    #[inline(always)]
    pub(super) fn has(&self, record: usize, entry: &Entry) -> bool {
        self.entries.get(record).is_some_and(|own| core::ptr::eq(own, entry))
    }
}
