//! Time for the sampler: the machine's, slept or spun for, or one that a test drives.

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

/// A clock that can be waited for.
pub trait Clock {
    /// Now, ns.
    fn now(&mut self) -> u64;
    /// Returns at this moment, later, or before it when there is something to look at.
    fn sleep_until(&mut self, moment: u64);
}

/// `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Machine;

impl Machine {
    /// The clock. Asks the kernel to wake this thread as exactly as it can; where it refuses, wakes are
    /// 50 us late, which the jitter covers.
    pub fn new() -> Self {
        let _ = nix::sys::prctl::set_timerslack(1);
        Self
    }
}

impl Clock for Machine {
    fn now(&mut self) -> u64 {
        let time = clock_gettime(ClockId::CLOCK_MONOTONIC).map(std::time::Duration::from);
        time.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }

    fn sleep_until(&mut self, moment: u64) {
        let at = TimeSpec::from_duration(std::time::Duration::from_nanos(moment));
        // An absolute time: being interrupted moves nothing, the caller looks at the clock again.
        let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &at);
    }
}

/// `CLOCK_MONOTONIC`, waited for awake. Exact to a fraction of a microsecond, where a sleep is late by several;
/// takes a processor whole.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Spinning {
    machine: Machine,
}

impl Spinning {
    /// The clock.
    pub fn new() -> Self {
        Self { machine: Machine::new() }
    }
}

impl Clock for Spinning {
    fn now(&mut self) -> u64 {
        self.machine.now()
    }

    fn sleep_until(&mut self, moment: u64) {
        while self.now() < moment {
            std::hint::spin_loop();
        }
    }
}
