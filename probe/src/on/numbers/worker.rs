//! The threads that serve queues: the share of time in which each works.

use core::cell::Cell;
use core::sync::atomic::Ordering;

use crate::on::board::lost::lost;
use crate::on::ground::clock::{self, Stamp};
use crate::on::thread::desk::{self, Ask};
use crate::on::thread::local;
use crate::protocol::doubled;

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
pub(super) fn begin(now: Stamp, queue: u64) {
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
            publish(worker, 0);
        }
    });
}

#[inline]
fn change(body: impl FnOnce(&Worker)) {
    if !local::is_settled() {
        desk::ask(Ask::Place);
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
