//! The indexed queue of updates, as plain data: whoever owns it holds its lock.
//!
//! A job is one update of one record, or the flush of one table. What is waited for is the write of a
//! row, which the index finds by table and bucket; so a job
//! - **supersedes** the waiting update of the same record,
//! - is **rolled up** into the waiting write when another record of the same row has one,
//! - **drops** every waiting write of a table that it flushes,
//! - or becomes a waiting write itself, and in the end is **committed**.
//!
//! Each submitted job is counted in exactly one of these, so at any time
//! `submitted = superseded + dropped + rolled up + committed + backlog`.
//!
//! The core thread takes everything that waits as one batch. The batch stays visible to readers, as the
//! layer in hand, until it is confirmed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use probe::Stamp;

use super::record::TABLES;
use super::record::{Record, Update};
use crate::metrics::{DROPPED, ROLLED_UP, SUBMITTED, SUPERSEDED, UPDATES};

/// When a waiting write was queued: by it the queue's oldest item is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    since: Instant,
    stamp: Stamp,
}

/// The waiting write of one row.
#[derive(Debug)]
pub(crate) struct RowWrite {
    arrived: Arrival,
    /// What becomes of each record.
    pub(crate) updates: BTreeMap<Box<[u8]>, Update>,
}

/// What waits for one table: first its flush, if there is one, then writes of rows.
#[derive(Debug, Default)]
pub(crate) struct TableWrites {
    flush: Option<Arrival>,
    /// The rows, by bucket.
    pub(crate) rows: HashMap<u32, RowWrite>,
}

impl TableWrites {
    /// Whether the table is emptied before the rows are written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.flush.is_some()
    }

    fn arrivals(&self) -> impl Iterator<Item = Arrival> {
        self.flush.iter().copied().chain(self.rows.values().map(|row| row.arrived))
    }
}

/// Everything that is committed together.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// By table number.
    pub(crate) tables: [TableWrites; TABLES],
    jobs: usize,
    bytes: usize,
    oldest: Option<Arrival>,
}

impl Layer {
    /// Writes of a row, and flushes.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs
    }

    /// The stamps of all jobs in it, for the queue's probes.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = Stamp> {
        self.tables.iter().flat_map(TableWrites::arrivals).map(|arrival| arrival.stamp)
    }

    /// Looks at every waiting update of a table for one of a record.
    fn walk(&self, table: usize, key: &[u8]) {
        let rows = self.tables.get(table).into_iter().flat_map(|table| table.rows.values());
        let mut updates = rows.flat_map(|row| row.updates.keys());
        std::hint::black_box(updates.find(|known| ***known == *key));
    }

    /// `None`: nothing waits for this record. `Some(None)`: it will be gone.
    fn find(&self, table: usize, bucket: u32, key: &[u8]) -> Option<Option<&Record>> {
        let table = self.tables.get(table)?;
        match table.rows.get(&bucket).and_then(|row| row.updates.get(key)) {
            Some(Update::Put(record)) => Some(Some(record)),
            Some(Update::Delete) => Some(None),
            None => table.is_flushed().then_some(None),
        }
    }
}

/// What became of the submitted jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All of them.
    pub(crate) submitted: u64,
    /// Made needless by a newer update of the same record, or flush of the same table.
    pub(crate) superseded: u64,
    /// Made needless by a flush of their table.
    pub(crate) dropped: u64,
    /// Went into a write that waited already.
    pub(crate) rolled_up: u64,
    /// Reached the disk.
    pub(crate) committed: u64,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct IndexedQueue {
    waiting: Layer,
    in_hand: Option<Arc<Layer>>,
    generation: u64,
    counts: Counts,
    walks: bool,
}

impl IndexedQueue {
    /// A queue whose last confirmed commit is `generation`.
    pub(crate) fn new(generation: u64) -> Self {
        Self { generation, ..Self::default() }
    }

    /// Finds updates as it would without an index: a performance problem on purpose, whose answers are
    /// right all the same.
    pub(crate) fn walking(self, walks: bool) -> Self {
        Self { walks, ..self }
    }

    /// The last confirmed commit.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The commit that will hold what is submitted now.
    pub(crate) fn next_generation(&self) -> u64 {
        self.generation + if self.in_hand.is_some() { 2 } else { 1 }
    }

    /// Submits an update of the record `key`, which belongs into `bucket`.
    pub(crate) fn submit(&mut self, table: usize, bucket: u32, key: Box<[u8]>, update: Update) {
        let Some(writes) = self.waiting.tables.get_mut(table) else {
            return;
        };
        self.counts.submitted += 1;
        probe::count!(SUBMITTED);
        self.waiting.bytes += update.bytes(&key);
        match writes.rows.get_mut(&bucket) {
            Some(row) => {
                // A key comes back only with its old update, so keep a way to its length.
                let key_length = key.len();
                match row.updates.insert(key, update) {
                    Some(old) => {
                        probe::tag!(hits, "superseded");
                        self.waiting.bytes -= old.bytes(&[]) + key_length;
                        self.counts.superseded += 1;
                        probe::count!(SUPERSEDED);
                    }
                    None => {
                        probe::tag!(hits, "rolled up");
                        self.counts.rolled_up += 1;
                        probe::count!(ROLLED_UP);
                    }
                }
                // The item that stays is the older one: its row has waited since then.
                probe::queue_pass!(UPDATES);
            }
            None => {
                let arrived =
                    Arrival { since: Instant::now(), stamp: probe::queue_arrive!(UPDATES) };
                writes
                    .rows
                    .insert(bucket, RowWrite { arrived, updates: BTreeMap::from([(key, update)]) });
                self.joined(arrived);
            }
        }
    }

    /// Submits the flush of a table: what waits for it is dropped.
    pub(crate) fn flush(&mut self, table: usize) {
        let Some(writes) = self.waiting.tables.get_mut(table) else {
            return;
        };
        self.counts.submitted += 1;
        probe::count!(SUBMITTED);

        let rows = std::mem::take(&mut writes.rows);
        let dropped = rows.len();
        let bytes: usize =
            rows.values().flat_map(|row| &row.updates).map(|(key, update)| update.bytes(key)).sum();
        let flushed_already = writes.is_flushed();
        self.waiting.jobs -= dropped;
        self.waiting.bytes -= bytes;
        self.counts.dropped += u64::try_from(dropped).unwrap_or(u64::MAX);
        probe::count!(DROPPED, dropped);
        probe::queue_leave!(UPDATES, dropped);

        if flushed_already {
            self.counts.superseded += 1;
            probe::count!(SUPERSEDED);
            probe::queue_pass!(UPDATES);
        } else {
            let arrived = Arrival { since: Instant::now(), stamp: probe::queue_arrive!(UPDATES) };
            writes.flush = Some(arrived);
            self.joined(arrived);
        }
        if dropped > 0 {
            self.find_head();
        }
    }

    /// What is known here of a record: see [`Known`].
    pub(crate) fn find(&self, table: usize, bucket: u32, key: &[u8]) -> Known<'_> {
        if self.walks {
            probe::tag!(hits, "walk over the updates");
            self.waiting.walk(table, key);
            probe::tag!();
        }
        let queued = self.waiting.find(table, bucket, key);
        let known = queued
            .or_else(|| self.in_hand.as_ref().and_then(|layer| layer.find(table, bucket, key)));
        match known {
            Some(Some(record)) => Known::Record(record),
            Some(None) => Known::Absent,
            None => Known::Elsewhere,
        }
    }

    /// The commit after which nothing of what is submitted until now is pending for the table; `None`
    /// when nothing is.
    pub(crate) fn settled_by(&self, table: usize) -> Option<u64> {
        let concerns = |layer: &Layer| {
            layer
                .tables
                .get(table)
                .is_some_and(|writes| writes.is_flushed() || !writes.rows.is_empty())
        };
        if concerns(&self.waiting) {
            return Some(self.next_generation());
        }
        let in_hand = self.in_hand.as_deref().is_some_and(concerns);
        in_hand.then_some(self.generation + 1)
    }

    /// Takes all that waits as the batch in hand; `None` when nothing waits or a batch is in hand.
    pub(crate) fn take(&mut self) -> Option<Arc<Layer>> {
        if self.waiting.jobs == 0 || self.in_hand.is_some() {
            return None;
        }
        let batch = Arc::new(std::mem::take(&mut self.waiting));
        self.in_hand = Some(Arc::clone(&batch));
        probe::queue_head!(UPDATES, None);
        Some(batch)
    }

    /// The batch in hand is on disk. Returns it, so that its memory is freed outside the lock.
    pub(crate) fn confirm(&mut self) -> Option<Arc<Layer>> {
        let batch = self.in_hand.take()?;
        self.generation += 1;
        self.counts.committed += u64::try_from(batch.jobs).unwrap_or(u64::MAX);
        Some(batch)
    }

    /// Jobs that wait or are in hand.
    pub(crate) fn backlog_jobs(&self) -> usize {
        self.waiting.jobs + self.in_hand.as_ref().map_or(0, |layer| layer.jobs)
    }

    /// Memory of the jobs that wait or are in hand.
    pub(crate) fn backlog_bytes(&self) -> usize {
        self.waiting.bytes + self.in_hand.as_ref().map_or(0, |layer| layer.bytes)
    }

    /// When the oldest job was queued that waits or is in hand.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        let in_hand = self.in_hand.as_ref().and_then(|layer| layer.oldest);
        in_hand.or(self.waiting.oldest).map(|arrival| arrival.since)
    }

    /// What became of the jobs so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    fn joined(&mut self, arrived: Arrival) {
        self.waiting.jobs += 1;
        if self.waiting.oldest.is_none() {
            self.waiting.oldest = Some(arrived);
            probe::queue_head!(UPDATES, Some(arrived.stamp));
        }
    }

    /// The head may have been dropped. Rare, so a look at every item will do.
    fn find_head(&mut self) {
        self.waiting.oldest = self
            .waiting
            .tables
            .iter()
            .flat_map(TableWrites::arrivals)
            .min_by_key(|arrival| arrival.since);
        probe::queue_head!(UPDATES, self.waiting.oldest.map(|arrival| arrival.stamp));
    }
}

/// What the queue knows of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    /// It will be this.
    Record(&'a Record),
    /// It will be gone.
    Absent,
    /// Nothing waits for it: the last commit has it.
    Elsewhere,
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
