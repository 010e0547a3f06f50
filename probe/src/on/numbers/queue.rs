//! Queues, and the threads that serve them: waiting time, service time, and the share of time in which a
//! thread works.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::QueueRecord;
use crate::on::board::tables;
use crate::on::ground::clock::{self, Stamp};
use crate::on::ground::placed::Placed;
use crate::on::numbers::metric::About;
use crate::on::numbers::spread::Spread;
use crate::on::thread::cursor;
use crate::protocol::doubled;

/// A queue: arrivals, starts and completions, its depth with a high-water mark, the age of its oldest
/// item, and histograms of waiting and service times.
#[derive(Debug)]
pub struct Queue {
    pub(crate) about: About,
    pub(crate) record: Placed<QueueRecord>,
    pub(crate) wait: Spread,
    pub(crate) service: Spread,
    /// Its number among the queues, plus 1; set with `record`.
    pub(crate) number: AtomicU64,
}

impl Queue {
    #[doc(hidden)]
    pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self {
            about: About { name, unit, help },
            record: Placed::nowhere(),
            wait: Spread::nowhere(),
            service: Spread::nowhere(),
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
pub trait Flow {
    /// An item enters.
    fn arrive(&self, now: Stamp) -> Stamp;
    /// An item's service begins on this thread.
    fn start(&self, arrived: Stamp, now: Stamp) -> Stamp;
    /// An item's service ends on this thread.
    fn complete(&self, started: Stamp, now: Stamp);
    /// Items leave without service.
    fn leave(&self, n: u64);
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

/// This thread as a worker: what its record on the board repeats.
struct Worker {
    generation: Cell<u64>,
    sequence: Cell<u64>,
    /// Busy units up to the last change of state.
    busy: Cell<u64>,
    /// Stamp of the last change of state.
    since: Cell<u64>,
    /// Jobs begun and not ended.
    in_hand: Cell<u64>,
    /// Jobs ended.
    jobs: Cell<u64>,
    /// Set while it is being changed: a signal handler's change is dropped then.
    changing: Cell<bool>,
}

thread_local! {
    static WORKER: Worker = const {
        Worker {
            generation: Cell::new(0),
            sequence: Cell::new(0),
            busy: Cell::new(0),
            since: Cell::new(0),
            in_hand: Cell::new(0),
            jobs: Cell::new(0),
            changing: Cell::new(false),
        }
    };
}

/// This thread takes a job: it is busy from `now` on.
#[inline]
fn begin(now: Stamp, queue: u64) {
    change(|worker| {
        let in_hand = worker.in_hand.get() + 1;
        worker.in_hand.set(in_hand);
        if in_hand == 1 {
            worker.since.set(now.0);
            publish(worker, queue);
        }
    });
}

/// This thread ends a job: when it was the last in hand, it is idle from `now` on.
#[inline]
fn end(now: Stamp) {
    change(|worker| {
        let Some(in_hand) = worker.in_hand.get().checked_sub(1) else {
            return tables::lost(|lost| &lost.misuse);
        };
        worker.in_hand.set(in_hand);
        worker.jobs.set(worker.jobs.get() + 1);
        if in_hand == 0 {
            let worked = now.0.saturating_sub(worker.since.get());
            worker.busy.set(worker.busy.get() + worked);
            worker.since.set(now.0);
            publish(worker, 0);
        }
    });
}

#[inline]
fn change(body: impl FnOnce(&Worker)) {
    if !cursor::is_settled() {
        crate::on::slots::register::register();
    }
    WORKER.with(|worker| {
        if worker.changing.replace(true) {
            return tables::lost(|lost| &lost.signals);
        }
        body(worker);
        worker.changing.set(false);
    });
}

/// Repeats the worker's state on the board, if its thread has a slot there.
#[inline]
fn publish(worker: &Worker, queue: u64) {
    let Some(record) = cursor::with(|local| local.worker.get()) else {
        return;
    };
    let sequence = worker.sequence.get() + 1;
    worker.sequence.set(sequence);
    if queue != 0 {
        record.queue.store(queue, Ordering::Relaxed);
    }
    doubled::publish(
        &record.sequence,
        &record.even,
        &record.odd,
        sequence,
        [worker.busy.get(), worker.since.get(), worker.in_hand.get(), worker.jobs.get()],
    );
    // Release: who sees that the record is this thread's sees what it published; before, it shows what
    // the slot's last thread did, and says so.
    record.generation.store(worker.generation.get(), Ordering::Release);
}

/// A slot's new thread starts as no worker yet, from the totals that the last one left.
pub(crate) fn begin_tenancy(generation: u64, busy: u64, sequence: u64) {
    WORKER.with(|worker| {
        worker.generation.set(generation);
        worker.busy.set(busy);
        worker.sequence.set(sequence);
        worker.in_hand.set(0);
        worker.jobs.set(0);
    });
}

/// This thread goes on in another slot, with the job that it has in hand and from the totals that the slot's
/// last thread left.
pub(crate) fn sit(generation: u64, busy: u64, sequence: u64) {
    WORKER.with(|worker| {
        worker.generation.set(generation);
        worker.busy.set(busy);
        worker.sequence.set(sequence);
        if worker.in_hand.get() > 0 {
            publish(worker, 0);
        }
    });
}

/// Whether this thread has no job in hand.
pub(crate) fn is_free() -> bool {
    WORKER.with(|worker| worker.in_hand.get() == 0 && !worker.changing.get())
}

/// The totals that a thread leaves to the next: jobs in hand end with it.
pub(crate) fn end_tenancy() -> (u64, u64) {
    WORKER.with(|worker| {
        if worker.in_hand.replace(0) > 0 {
            let now = clock::units();
            let worked = now.saturating_sub(worker.since.get());
            worker.busy.set(worker.busy.get() + worked);
            worker.since.set(now);
            publish(worker, 0);
        }
        (worker.busy.get(), worker.sequence.get())
    })
}

/// Guard of [`serve!`](crate::serve): an item's service on this thread, which ends when this is dropped, also by a
/// panic. Bound to its thread.
#[must_use = "the item's service ends when this is dropped"]
pub struct Serving<'a, Q: Flow = Queue> {
    queue: &'a Q,
    started: Stamp,
    bound: PhantomData<*const ()>,
}

/// An item's service begins on this thread.
#[inline]
pub fn serve<Q: Flow>(queue: &Q, arrived: Stamp, now: Stamp) -> Serving<'_, Q> {
    Serving { queue, started: queue.start(arrived, now), bound: PhantomData }
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
        self.queue.complete(self.started, clock::now());
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
