//! The clocks of this machine, and a date in words.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "reads the processor's time-stamp counter")
)]

use serde::{Deserialize, Serialize};

/// All clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The time-stamp counter; 0 when it was not read.
    pub tsc: u64,
    /// `CLOCK_MONOTONIC`, ns.
    pub mono_ns: u64,
    /// Wall clock, ns since 1970.
    pub wall_ns: u64,
}

impl Moment {
    /// Reads the clocks. The counter is read only when asked for.
    pub fn now(with_tsc: bool) -> Self {
        let tsc = if with_tsc { tsc() } else { 0 };
        Self { tsc, mono_ns: monotonic_ns(), wall_ns: wall_ns() }
    }
}

/// The clock that a board without a counter has, ns; 0 where there are no live boards.
fn monotonic_ns() -> u64 {
    #[cfg(target_os = "linux")]
    {
        use nix::time::{ClockId, clock_gettime};
        clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| in_ns(time.into()))
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// The wall clock, ns since 1970; 0 where a program has none.
fn wall_ns() -> u64 {
    #[cfg(not(target_family = "wasm"))]
    {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, in_ns)
    }
    #[cfg(target_family = "wasm")]
    0
}

#[cfg(not(target_family = "wasm"))]
fn in_ns(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(wall_ns: u64) -> String {
    let seconds = wall_ns / 1_000_000_000;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Days since 1970 into a date, by eras of 400 years that begin on 1 March of year 0.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60,
        wall_ns / 1_000_000 % 1000
    )
}

/// The processor's time-stamp counter; 0 where there is none that user code can read.
pub(crate) fn tsc() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 processor has it; where a kernel forbids it, the daemon on the same
        // machine could not have chosen it, and this is only called for boards that did.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(not(target_arch = "x86_64"))]
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(seconds * 1_000_000_000), text);
        }
        assert!(!rfc3339(u64::MAX).is_empty());
    }
}
