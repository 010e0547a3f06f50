//! Flow control: whether a writer may go on, decided from three words and without the queue's lock.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::metrics::{BACKLOG_AGE, BACKLOG_BYTES, BACKLOG_JOBS};

/// The backlog at which writers are slowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BacklogLimits {
    /// Row writes.
    pub(crate) jobs: usize,
    /// Memory of the updates.
    pub(crate) bytes: usize,
    /// Age of the oldest update.
    pub(crate) age: Duration,
}

/// Whether a write may be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Go on.
    Admitted,
    /// Wait until the backlog is smaller.
    Held,
    /// Commits fail: refuse.
    Failing,
}

/// The quantities that decide. Written under the queue's lock, read by anybody; each is advice of its
/// own, so Relaxed will do: nothing else is read because of them.
#[derive(Debug)]
pub(crate) struct Pressure {
    limits: BacklogLimits,
    epoch: Instant,
    jobs: AtomicUsize,
    bytes: AtomicUsize,
    /// Nanoseconds since `epoch`; `NEVER` when nothing waits.
    oldest_ns: AtomicU64,
    failing: AtomicBool,
}

const NEVER: u64 = u64::MAX;

impl Pressure {
    pub(crate) fn new(limits: BacklogLimits) -> Self {
        Self {
            limits,
            epoch: Instant::now(),
            jobs: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            oldest_ns: AtomicU64::new(NEVER),
            failing: AtomicBool::new(false),
        }
    }

    /// The backlog is now this.
    pub(crate) fn publish(&self, jobs: usize, bytes: usize, oldest: Option<Instant>) {
        self.jobs.store(jobs, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        self.oldest_ns
            .store(oldest.map_or(NEVER, |since| self.since_epoch(since)), Ordering::Relaxed);
    }

    /// Brings the backlog's gauges up to date: once for all that a turn submitted, since all io threads set them.
    pub(crate) fn note(&self, now: Instant) {
        probe::set!(BACKLOG_JOBS, self.jobs.load(Ordering::Relaxed));
        probe::set!(BACKLOG_BYTES, self.bytes.load(Ordering::Relaxed));
        probe::set!(BACKLOG_AGE, i64::try_from(self.age(now).as_millis()).unwrap_or(i64::MAX));
    }

    /// Whether commits fail.
    pub(crate) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    /// Whether a writer may go on at `now`.
    pub(crate) fn admit(&self, now: Instant) -> Admission {
        if self.failing.load(Ordering::Relaxed) {
            return Admission::Failing;
        }
        let full = self.jobs.load(Ordering::Relaxed) >= self.limits.jobs
            || self.bytes.load(Ordering::Relaxed) >= self.limits.bytes
            || self.age(now) >= self.limits.age;
        if full { Admission::Held } else { Admission::Admitted }
    }

    /// Age of the oldest update that is not on disk.
    fn age(&self, now: Instant) -> Duration {
        let oldest_ns = self.oldest_ns.load(Ordering::Relaxed);
        let age_ns =
            if oldest_ns == NEVER { 0 } else { self.since_epoch(now).saturating_sub(oldest_ns) };
        Duration::from_nanos(age_ns)
    }

    fn since_epoch(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(NEVER - 1)
    }
}
