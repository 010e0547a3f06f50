//! Queues: what waits in them, how long it waits, and how long it is served.

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering};

use super::about::About;
use super::shard_word::ShardWord;
use super::spread::Spread;
use super::worker::{begin, end};
use crate::layout::QueueRecord;
use crate::on::ground::clock::{self, Stamp};
use crate::on::ground::forks;
use crate::on::ground::record_ref::RecordRef;

/// A queue: arrivals, starts and completions, its depth with a high-water mark, the age of its oldest
/// item, and histograms of waiting and service times.
#[derive(Debug)]
pub struct Queue {
    pub(crate) about: About,
    pub(crate) record: RecordRef<QueueRecord>,
    pub(crate) wait: Spread,
    pub(crate) service: Spread,
    /// Items that came and left at once.
    pub(crate) passed: ShardWord,
    /// Its number among the queues, plus 1; set with `record`.
    pub(crate) number: AtomicU64,
}

impl Queue {
    #[doc(hidden)]
    pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self {
            about: About { name, unit, help },
            record: RecordRef::unset(),
            wait: Spread::nowhere(),
            service: Spread::nowhere(),
            passed: ShardWord::new(),
            number: AtomicU64::new(0),
        }
    }

    /// The item at the head is the one with this stamp, or a later one that is known already: items leave in the
    /// order in which they came, and whoever takes one may be late to say so.
    #[inline]
    pub(crate) fn raise_head(&self, stamp: u64) {
        if let Some(record) = self.record.get() {
            record.head.fetch_max(stamp, Ordering::Relaxed);
            record.head_known.store(1, Ordering::Relaxed);
        }
    }
}

/// What the queue macros work on.
#[doc(hidden)]
pub trait Flow {
    /// An item enters.
    fn arrive(&self, now: Stamp) -> Stamp;
    /// An item's service begins on this thread.
    fn start(&self, arrived: Stamp, now: Stamp) -> Stamp;
    /// An item's service ends on this thread.
    fn complete(&self, started: Stamp, now: Stamp);
    /// Items leave without service.
    fn leave(&self, n: u64);
    /// Items enter and leave at once.
    fn pass(&self, n: u64);
    /// The item at the head is now the one with this stamp.
    fn head(&self, stamp: Option<Stamp>);
}

impl<T: Flow + ?Sized> Flow for &T {
    #[inline]
    fn arrive(&self, now: Stamp) -> Stamp {
        (**self).arrive(now)
    }
    #[inline]
    fn start(&self, arrived: Stamp, now: Stamp) -> Stamp {
        (**self).start(arrived, now)
    }
    #[inline]
    fn complete(&self, started: Stamp, now: Stamp) {
        (**self).complete(started, now);
    }
    #[inline]
    fn leave(&self, n: u64) {
        (**self).leave(n);
    }
    #[inline]
    fn pass(&self, n: u64) {
        (**self).pass(n);
    }
    #[inline]
    fn head(&self, stamp: Option<Stamp>) {
        (**self).head(stamp);
    }
}

impl Flow for Queue {
    #[inline]
    fn arrive(&self, now: Stamp) -> Stamp {
        if let Some(record) = self.record.get() {
            let arrivals = record.arrivals.fetch_add(1, Ordering::Relaxed) + 1;
            let gone = record
                .starts
                .load(Ordering::Relaxed)
                .wrapping_add(record.removed.load(Ordering::Relaxed));
            // A moment's difference between the words can make it negative; a mark is not set then.
            let depth = arrivals.wrapping_sub(gone);
            if depth > record.depth_max.load(Ordering::Relaxed) && depth <= i64::MAX as u64 {
                record.depth_max.fetch_max(depth, Ordering::Relaxed);
            }
        }
        now
    }

    #[inline]
    fn start(&self, arrived: Stamp, now: Stamp) -> Stamp {
        if let Some(record) = self.record.get() {
            record.starts.fetch_add(1, Ordering::Relaxed);
            record_between(&self.wait, arrived, now);
        }
        begin(now, self.number.load(Ordering::Relaxed));
        now
    }

    #[inline]
    fn complete(&self, started: Stamp, now: Stamp) {
        if let Some(record) = self.record.get() {
            record.completions.fetch_add(1, Ordering::Relaxed);
            record_between(&self.service, started, now);
        }
        end(now);
    }

    #[inline]
    fn leave(&self, n: u64) {
        if let Some(record) = self.record.get() {
            record.removed.fetch_add(n, Ordering::Relaxed);
        }
    }

    #[inline]
    fn pass(&self, n: u64) {
        self.passed.add(n);
    }

    #[inline]
    fn head(&self, stamp: Option<Stamp>) {
        if let Some(record) = self.record.get() {
            record.head.store(stamp.map_or(0, |stamp| stamp.0), Ordering::Relaxed);
            record.head_known.store(1, Ordering::Relaxed);
        }
    }
}

#[inline]
fn record_between(times: &Spread, from: Stamp, to: Stamp) {
    // A stamp from before the board says nothing.
    if from != Stamp::NONE {
        times.record(clock::to_ns(to.0.saturating_sub(from.0)));
    }
}

/// Guard of [`queue_serve!`](crate::queue_serve): an item's service on this thread, which ends when this is dropped, also by a
/// panic. Bound to its thread.
#[must_use = "the item's service ends when this is dropped"]
pub struct Serving<'a, Q: Flow = Queue> {
    queue: &'a Q,
    started: Stamp,
    /// In a process that was forked so often.
    forks: u32,
    bound: PhantomData<*const ()>,
}

/// An item's service begins on this thread.
#[inline]
pub fn serve<Q: Flow>(queue: &Q, arrived: Stamp, now: Stamp) -> Serving<'_, Q> {
    let started = queue.start(arrived, now);
    Serving { queue, started, forks: forks::so_far(), bound: PhantomData }
}

impl<Q: Flow> Serving<'_, Q> {
    /// When it began.
    #[inline]
    pub fn started(&self) -> Stamp {
        self.started
    }
}

impl<Q: Flow> fmt::Debug for Serving<'_, Q> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Serving").field("started", &self.started).finish_non_exhaustive()
    }
}

impl<Q: Flow> Drop for Serving<'_, Q> {
    #[inline]
    fn drop(&mut self) {
        // On a forked child's board it never began.
        if self.forks == forks::so_far() {
            self.queue.complete(self.started, clock::now());
        }
    }
}

/// Guard of [`busy!`](crate::busy): the thread is idle again when it is dropped. Bound to its thread.
#[derive(Debug)]
#[must_use = "the thread is idle again when this is dropped"]
pub struct Busy(PhantomData<*const ()>);

/// This thread is busy.
#[inline]
pub fn busy() -> Busy {
    begin(clock::now(), 0);
    Busy(PhantomData)
}

impl Drop for Busy {
    #[inline]
    fn drop(&mut self) {
        end(clock::now());
    }
}
