//! The periodic jobs, each with its heartbeat: expiry, statistics, compaction.

use std::time::{Duration, Instant};

use super::faults;
use crate::metrics::{COMPACTION, EXPIRED, EXPIRY, FILE_BYTES, STATISTICS};
use crate::say::say;
use crate::shared::Shared;
use crate::store::{Admission, Reader, now_ms};

/// The thread looks this often whether a job is due.
const TICK: Duration = Duration::from_millis(100);
/// Time between two runs of expiry and of statistics, as their heartbeats say.
const EVERY: Duration = Duration::from_secs(1);
/// Most records that one run of expiry deletes.
const EXPIRY_LIMIT: usize = 10_000;

/// A job and when it is due.
struct Job {
    every: Duration,
    due: Instant,
    run: fn(&Shared),
}

impl Job {
    fn new(every: Duration, run: fn(&Shared)) -> Self {
        Self { every, due: Instant::now(), run }
    }

    fn run_if_due(&mut self, shared: &Shared) {
        let now = Instant::now();
        if now >= self.due {
            (self.run)(shared);
            self.due = now + self.every;
        }
    }
}

/// Runs until the daemon stops.
pub(crate) fn run(shared: &Shared) {
    let mut jobs = [
        Job::new(EVERY, expiry),
        Job::new(EVERY, statistics),
        Job::new(shared.settings.compact_every.max(TICK), compaction),
    ];
    while !shared.is_stopping() {
        {
            let _busy = probe::busy!();
            jobs.iter_mut().for_each(|job| job.run_if_due(shared));
        }
        probe::tag!(idle, "wait for the next job");
        std::thread::sleep(TICK);
    }
}

/// Deletes what has ended. Whether it still has ended is decided under the index lock, as for any
/// other command.
fn expiry(shared: &Shared) {
    let _scope = probe::scope!("expiry");
    // The first time it ran: what never ran is not overdue.
    let again = shared.started.elapsed() >= EVERY;
    if again && faults::of_expiry(shared.settings.fault) {
        return;
    }
    probe::beat!(EXPIRY);
    let expired = match shared.store.disk().expired(now_ms(), EXPIRY_LIMIT) {
        Ok(expired) => expired,
        Err(error) => {
            say!("cannot look for expired records: {}", error.0);
            return;
        }
    };
    let mut reader = Reader::default();
    for (table, key) in expired {
        if shared.store.admit(Instant::now()) != Admission::Admitted || shared.is_stopping() {
            return;
        }
        probe::tag!(hits, "expire", table);
        if shared.store.expire(&mut reader, table, &key).is_ok_and(|was_expired| was_expired) {
            probe::count!(EXPIRED);
        }
    }
}

/// Brings gauges up to date, and hangs when that was asked for.
fn statistics(shared: &Shared) {
    let _scope = probe::scope!("statistics");
    probe::beat!(STATISTICS);
    probe::set!(FILE_BYTES, shared.store.disk().file_bytes());
    shared.store.note_backlog(Instant::now());
    if shared.settings.hang_after.is_some_and(|after| shared.started.elapsed() >= after) {
        shared.store.hang();
    }
}

fn compaction(shared: &Shared) {
    let _scope = probe::scope!("compaction");
    probe::beat!(COMPACTION);
    if let Err(error) = shared.store.disk().compact() {
        say!("cannot compact the data file: {}", error.0);
    }
}
