//! What commands, the core thread and the periodic jobs do with the store.

use crate::locks::{Arc, Condvar, Mutex, OnceLock, PoisonError, TryLockError, mutex};
use std::time::{Duration, Instant};

use super::disk;
use super::disk::{Contents, Disk, StorageError};
use super::lock::{INDEX_LOCK, hold};
use super::pressure::{Admission, BacklogLimits, Pressure};
use super::queue::{Counts, IndexedQueue, Known, Layer};
use super::reader::Reader;
use super::record::{Record, TABLES, Update, now_ms};
use super::row::bucket_of;

/// Told after each commit and each failure, because somebody may wait for it.
pub(crate) trait Wake: Send + Sync {
    /// Look at [`Store::status`] again. Called without locks.
    fn wake(&self);
}

/// What a command decided about a record, and its answer.
pub(crate) struct Decision<T> {
    /// What to submit, if anything.
    pub(crate) change: Option<Update>,
    /// What the command wants to know afterwards.
    pub(crate) answer: T,
}

/// How far the commits have come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// The last commit on disk.
    pub(crate) committed: u64,
    /// Why commits fail now, if they do.
    pub(crate) failing: Option<Arc<str>>,
}

/// The store.
pub(crate) struct Store {
    disk: Disk,
    pub(super) index: Mutex<Index>,
    /// With `index`: something waits, or the store closes.
    arrived: Condvar,
    pressure: Pressure,
    listeners: OnceLock<Vec<Arc<dyn Wake>>>,
    linger: Duration,
    /// No commit succeeds, as asked for.
    pub(crate) fails: bool,
}

/// What the index lock guards.
#[derive(Debug)]
pub(super) struct Index {
    queue: IndexedQueue,
    rows: [u64; TABLES],
    failing: Option<Arc<str>>,
    closing: bool,
    /// The core thread waits to be told.
    core_waits: bool,
}

impl Store {
    /// A store over an open file. `walk_index`: see [`IndexedQueue::walking`].
    pub(crate) fn new(
        disk: Disk,
        contents: &Contents,
        limits: BacklogLimits,
        linger: Duration,
        walk_index: bool,
    ) -> Self {
        Self {
            disk,
            index: mutex!(
                "index",
                Index {
                    queue: IndexedQueue::new(contents.commit).walking(walk_index),
                    rows: contents.rows,
                    failing: None,
                    closing: false,
                    core_waits: false,
                }
            ),
            arrived: Condvar::new(),
            pressure: Pressure::new(limits),
            listeners: OnceLock::new(),
            linger,
            fails: false,
        }
    }

    /// Who is told of commits; once.
    pub(crate) fn set_listeners(&self, listeners: Vec<Arc<dyn Wake>>) {
        let _ = self.listeners.set(listeners);
    }

    /// The data file.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    // For commands.

    /// Whether a write may be submitted now.
    pub(crate) fn admit(&self, now: Instant) -> Admission {
        self.pressure.admit(now)
    }

    /// The record of `key`, queued writes included.
    pub(crate) fn read(
        &self,
        reader: &mut Reader,
        table: usize,
        key: &[u8],
    ) -> Result<Option<Record>, StorageError> {
        let bucket = bucket_of(key, self.disk.buckets());
        let generation = {
            let (index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
            match index.queue.find(table, bucket, key) {
                Known::Record(record) => return Ok(live(Some(record.clone()))),
                Known::Absent => return Ok(None),
                Known::Elsewhere => index.queue.generation(),
            }
        };
        Ok(live(reader.get(&self.disk, generation, table, bucket, key)?))
    }

    /// Submits a value without a look at what it replaces. Returns the commit that will hold it.
    pub(crate) fn put(
        &self,
        table: usize,
        records: impl Iterator<Item = (Box<[u8]>, Record)>,
    ) -> u64 {
        let records: Vec<_> = records
            .map(|(key, record)| (bucket_of(&key, self.disk.buckets()), key, record))
            .collect();
        let (mut index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        for (bucket, key, record) in records {
            index.queue.submit(table, bucket, key, Update::Put(record));
        }
        self.submitted(&mut index)
    }

    /// Reads a record and decides what becomes of it; nobody changes it in between. `decide` may run
    /// more than once: when a commit comes between its look at the disk and the lock.
    pub(crate) fn update<T>(
        &self,
        reader: &mut Reader,
        table: usize,
        key: &[u8],
        mut decide: impl FnMut(Option<&Record>) -> Decision<T>,
    ) -> Result<(T, Option<u64>), StorageError> {
        let now_ms = now_ms();
        self.update_any(reader, table, key, |current| {
            decide(current.filter(|record| record.is_live(now_ms)))
        })
    }

    /// Deletes a record if its time is over. Returns whether it was there.
    pub(crate) fn expire(
        &self,
        reader: &mut Reader,
        table: usize,
        key: &[u8],
    ) -> Result<bool, StorageError> {
        let now_ms = now_ms();
        let (ended, _) = self.update_any(reader, table, key, |current| {
            let ended = current.is_some_and(|record| !record.is_live(now_ms));
            Decision { change: ended.then_some(Update::Delete), answer: ended }
        })?;
        Ok(ended)
    }

    /// As [`Self::update`], and `decide` sees records that have ended, too.
    fn update_any<T>(
        &self,
        reader: &mut Reader,
        table: usize,
        key: &[u8],
        mut decide: impl FnMut(Option<&Record>) -> Decision<T>,
    ) -> Result<(T, Option<u64>), StorageError> {
        let bucket = bucket_of(key, self.disk.buckets());
        let mut stored: Option<(u64, Option<Record>)> = None;
        loop {
            let generation = {
                let (mut index, _held) =
                    hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
                let generation = index.queue.generation();
                let current = match index.queue.find(table, bucket, key) {
                    Known::Record(record) => Some(Some(record)),
                    Known::Absent => Some(None),
                    Known::Elsewhere => match &stored {
                        Some((of, record)) if *of == generation => Some(record.as_ref()),
                        _ => None,
                    },
                };
                if let Some(current) = current {
                    let decision = decide(current);
                    let held_by = decision.change.map(|change| {
                        index.queue.submit(table, bucket, key.into(), change);
                        self.submitted(&mut index)
                    });
                    return Ok((decision.answer, held_by));
                }
                generation
            };
            stored = Some((generation, reader.get(&self.disk, generation, table, bucket, key)?));
        }
    }

    /// Empties a table. Returns the commit that will do it; `None` when there is nothing to do.
    pub(crate) fn flush(&self, table: usize) -> Option<u64> {
        let (mut index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        let rows = index.rows.get(table).copied().unwrap_or(0);
        if rows == 0 && index.queue.settled_by(table).is_none() {
            return None;
        }
        index.queue.flush(table);
        Some(self.submitted(&mut index))
    }

    /// Rows of each table in the last commit.
    pub(crate) fn rows(&self) -> [u64; TABLES] {
        let (index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        index.rows
    }

    /// The commit after which [`Self::rows`] counts all that was queued for the table until now;
    /// `None` when it does already.
    pub(crate) fn counted_by(&self, table: usize) -> Option<u64> {
        let (index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        index.queue.settled_by(table)
    }

    /// What became of the jobs so far, and how many wait or are being committed.
    pub(crate) fn counts(&self) -> (Counts, usize) {
        let (index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        (index.queue.counts(), index.queue.backlog_jobs())
    }

    /// How far the commits have come.
    pub(crate) fn status(&self) -> Status {
        let (index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        Status { committed: index.queue.generation(), failing: index.failing.clone() }
    }

    // For the core thread.

    /// Waits for work and takes all of it; `None` when the store is closed and drained.
    pub(crate) fn next_batch(&self) -> Option<(Arc<Layer>, u64)> {
        let mut lingered = self.linger.is_zero();
        probe::tag!(wait, "index lock", INDEX_LOCK);
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if index.queue.backlog_jobs() == 0 {
                if index.closing {
                    return None;
                }
                probe::tag!(idle, "wait for updates");
                index.core_waits = true;
                index = self.arrived.wait(index).unwrap_or_else(PoisonError::into_inner);
            } else if !lingered && !index.closing {
                probe::tag!(idle, "linger for more updates");
                let waited =
                    self.arrived.wait_timeout_while(index, self.linger, |index| !index.closing);
                index = waited.unwrap_or_else(PoisonError::into_inner).0;
                lingered = true;
            } else {
                probe::tag!("take a batch");
                let _held = probe::scope!("holds index lock", INDEX_LOCK);
                let next = index.queue.generation() + 1;
                return index.queue.take().map(|batch| (batch, next));
            }
        }
    }

    /// The batch in hand is on disk.
    pub(crate) fn confirm(&self, contents: &Contents) {
        let batch = {
            let (mut index, _held) =
                hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
            index.rows = contents.rows;
            index.failing = None;
            let batch = index.queue.confirm();
            self.publish(&index);
            self.pressure.set_failing(false);
            batch
        };
        self.pressure.note(Instant::now());
        drop(batch);
        self.wake_listeners();
    }

    /// The batch in hand could not be committed; it stays in hand.
    pub(crate) fn fail(&self, error: &disk::StorageError) {
        {
            let (mut index, _held) =
                hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
            index.failing = Some(error.0.as_str().into());
            self.pressure.set_failing(true);
        }
        self.wake_listeners();
    }

    /// Waits until the store is closed, at most so long. Returns whether it is.
    pub(crate) fn wait_closing(&self, timeout: Duration) -> bool {
        probe::tag!(wait, "before another try");
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.arrived.wait_timeout_while(index, timeout, |index| !index.closing);
        waited.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    // For the rest of the daemon.

    /// No more writes will come: the core thread ends when the queue is drained. Returns whether that
    /// could be said: not when somebody holds the index lock for ever.
    pub(crate) fn try_close(&self) -> bool {
        const PATIENCE: Duration = Duration::from_secs(1);
        let began = Instant::now();
        loop {
            probe::tag!(wait, "index lock", INDEX_LOCK);
            match self.index.try_lock() {
                Err(TryLockError::WouldBlock) if began.elapsed() >= PATIENCE => return false,
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::Poisoned(poisoned)) => {
                    break poisoned.into_inner().closing = true;
                }
                Ok(mut index) => break index.closing = true,
            }
        }
        self.arrived.notify_all();
        true
    }

    /// Jobs that are not on disk, unless the index lock is taken for ever.
    pub(crate) fn unwritten(&self) -> Option<usize> {
        self.index.try_lock().ok().map(|index| index.queue.backlog_jobs())
    }

    /// Brings the backlog on the board up to date, as it is at `now`.
    pub(crate) fn note_backlog(&self, now: Instant) {
        self.pressure.note(now);
    }

    /// Takes the index lock and never gives it back: a hang to look for, made on purpose.
    pub(crate) fn hang(&self) -> ! {
        let (_index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        loop {
            probe::tag!(wait, "hangs, as asked for");
            std::thread::park();
        }
    }

    fn submitted(&self, index: &mut Index) -> u64 {
        if std::mem::take(&mut index.core_waits) {
            self.arrived.notify_all();
        }
        self.publish(index);
        index.queue.next_generation()
    }

    fn publish(&self, index: &Index) {
        let queue = &index.queue;
        self.pressure.publish(queue.backlog_jobs(), queue.backlog_bytes(), queue.oldest());
    }

    fn wake_listeners(&self) {
        for listener in self.listeners.get().into_iter().flatten() {
            listener.wake();
        }
    }
}

fn live(record: Option<Record>) -> Option<Record> {
    let record = record?;
    (record.expires_ms == 0 || record.is_live(now_ms())).then_some(record)
}
