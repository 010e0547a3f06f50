//! The threads that serve queues: the share of time in which each works.

use core::cell::Cell;
use core::sync::atomic::Ordering;

use crate::on::board::lost::lost;
use crate::on::ground::clock::{self, Stamp};
use crate::on::thread::local;
use crate::on::thread::registrar::{self, Ask};
use crate::protocol::doubled;

/// Polls after which a thread is taken for one that serves others: what a program does once at its start is fewer.
const SERVES: u64 = 8;

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
    /// Jobs ended before the busy period in hand.
    before: Cell<u64>,
    /// Busy periods ended; over them, the sum of the squares of their jobs, and of jobs times time: by these a reader
    /// tells what a period costs from what each of its jobs does.
    periods: Cell<u64>,
    squares: Cell<u64>,
    products: Cell<u64>,
    /// Whether this thread says itself what its jobs are. Then polls of what others wrote are none.
    told: Cell<bool>,
    /// Since when it is in such a poll; 0 when it is in none.
    polls: Cell<u64>,
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
            before: Cell::new(0),
            periods: Cell::new(0),
            squares: Cell::new(0),
            products: Cell::new(0),
            told: Cell::new(false),
            polls: Cell::new(0),
            changing: Cell::new(false),
        }
    };
}

/// This thread takes a job: it is busy from `now` on.
#[inline]
pub(super) fn begin(now: Stamp, queue: u64) {
    change(|worker| {
        let in_hand = worker.in_hand.get() + 1;
        worker.in_hand.set(in_hand);
        if in_hand == 1 {
            if !worker.told.replace(true) {
                worker.drop_poll(now.0);
            }
            worker.since.set(now.0);
            worker.before.set(worker.jobs.get());
            publish(worker, queue);
        }
    });
}

impl Worker {
    /// A poll in hand is over. Returns how long it took.
    fn drop_poll(&self, now: u64) -> u64 {
        let since = self.polls.replace(0);
        let took = if since != 0 { now.saturating_sub(since) } else { 0 };
        self.busy.set(self.busy.get() + took);
        took
    }

    /// A busy period of so many jobs has ended. The sums may wrap around: readers take differences.
    fn period(&self, jobs: u64, took: u64) {
        self.periods.set(self.periods.get().wrapping_add(1));
        self.squares.set(self.squares.get().wrapping_add(jobs.wrapping_mul(jobs)));
        self.products.set(self.products.get().wrapping_add(jobs.wrapping_mul(took)));
    }

    /// Whether this thread has served others, as far as polls tell.
    fn serves(&self) -> bool {
        self.jobs.get() >= SERVES
    }

    /// Jobs in hand, a poll among them. Who is in a poll for ever and has not served others before has no load.
    fn shown_in_hand(&self) -> u64 {
        match self.in_hand.get() {
            0 => u64::from(self.polls.get() != 0 && self.serves()),
            in_hand => in_hand,
        }
    }
}

/// This thread begins to poll what others wrote: for it that is a job, unless it says itself what its jobs are.
#[cfg(any(feature = "tracing", feature = "tower"))]
#[inline]
pub(crate) fn poll_begins() {
    change(|worker| {
        if worker.told.get() {
            return;
        }
        let now = clock::units();
        worker.polls.set(now);
        if worker.serves() {
            worker.since.set(now);
            publish(worker, 0);
        }
    });
}

/// It ends that.
#[cfg(any(feature = "tracing", feature = "tower"))]
#[inline]
pub(crate) fn poll_ends() {
    change(|worker| {
        if worker.polls.get() == 0 {
            return;
        }
        let now = clock::units();
        let took = worker.drop_poll(now);
        worker.since.set(now);
        worker.jobs.set(worker.jobs.get() + 1);
        worker.period(1, took);
        if worker.serves() {
            publish(worker, 0);
        }
    });
}

/// The poll in hand turns out to be none. What was shown of it stays.
#[cfg(any(feature = "tracing", feature = "tower"))]
#[cold]
pub(crate) fn poll_was_none() {
    let first = WORKER.with(|worker| {
        let first = !worker.serves();
        if first {
            worker.polls.set(0);
        }
        first
    });
    if !first {
        poll_ends();
    }
}

/// How long the poll in hand has been going on, in clock units, to the keeper's last beat;
/// and whether the thread has not served others yet.
#[cfg(any(feature = "tracing", feature = "tower"))]
#[inline]
pub(crate) fn poll_age() -> Option<(u64, bool)> {
    WORKER.with(|worker| {
        let since = worker.polls.get();
        (since != 0).then(|| (clock::coarse().saturating_sub(since), !worker.serves()))
    })
}

/// This thread ends a job: when it was the last in hand, it is idle from `now` on.
#[inline]
pub(super) fn end(now: Stamp) {
    change(|worker| {
        let Some(in_hand) = worker.in_hand.get().checked_sub(1) else {
            return lost(|lost| &lost.misuse);
        };
        worker.in_hand.set(in_hand);
        worker.jobs.set(worker.jobs.get() + 1);
        if in_hand == 0 {
            let worked = now.0.saturating_sub(worker.since.get());
            worker.busy.set(worker.busy.get() + worked);
            worker.since.set(now.0);
            worker.period(worker.jobs.get().wrapping_sub(worker.before.get()), worked);
            publish(worker, 0);
        }
    });
}

#[inline]
fn change(body: impl FnOnce(&Worker)) {
    if !local::has_place() {
        registrar::ask(Ask::Place);
    }
    WORKER.with(|worker| {
        if worker.changing.replace(true) {
            return lost(|lost| &lost.signals);
        }
        body(worker);
        worker.changing.set(false);
    });
}

/// Repeats the worker's state on the board, if its thread has a slot there.
#[inline]
fn publish(worker: &Worker, queue: u64) {
    let Some(record) = local::with(|local| local.worker.get()) else {
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
        [
            worker.busy.get(),
            worker.since.get(),
            worker.shown_in_hand(),
            worker.jobs.get(),
            worker.periods.get(),
            worker.squares.get(),
            worker.products.get(),
        ],
    );
    // Release: who sees that the record is this thread's sees what it published; before, it shows what
    // the slot's last thread did, and says so.
    record.generation.store(worker.generation.get(), Ordering::Release);
}

/// A slot's new thread starts as no worker yet, from the totals that the last one left.
pub(crate) fn begin_occupancy(generation: u64, busy: u64, sequence: u64) {
    WORKER.with(|worker| {
        worker.generation.set(generation);
        worker.busy.set(busy);
        worker.sequence.set(sequence);
        worker.in_hand.set(0);
        let from_zero = [&worker.jobs, &worker.periods, &worker.squares, &worker.products];
        from_zero.into_iter().for_each(|sum| sum.set(0));
        worker.before.set(0);
        worker.told.set(false);
        worker.polls.set(0);
    });
}

/// This thread goes on in another slot, with the job that it has in hand and from the totals that the slot's
/// last thread left.
pub(crate) fn move_to_slot(generation: u64, busy: u64, sequence: u64) {
    WORKER.with(|worker| {
        worker.generation.set(generation);
        worker.busy.set(busy);
        worker.sequence.set(sequence);
        if worker.shown_in_hand() > 0 {
            publish(worker, 0);
        }
    });
}

/// Whether this thread has no job in hand.
pub(crate) fn is_free() -> bool {
    WORKER.with(|worker| {
        worker.in_hand.get() == 0 && worker.polls.get() == 0 && !worker.changing.get()
    })
}

/// The totals that a thread leaves to the next: jobs in hand end with it.
pub(crate) fn end_occupancy() -> (u64, u64) {
    WORKER.with(|worker| {
        let polled = worker.polls.replace(0) != 0 && worker.serves();
        if worker.in_hand.replace(0) > 0 || polled {
            let now = clock::units();
            let worked = now.saturating_sub(worker.since.get());
            worker.busy.set(worker.busy.get() + worked);
            worker.since.set(now);
            publish(worker, 0);
        }
        (worker.busy.get(), worker.sequence.get())
    })
}
