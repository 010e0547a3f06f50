//! The clocks of this machine, and a date in words.
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(unsafe_code, reason = "reads the processor's counter")
)]

use probe::layout::{ClockKind, HeaderCopy};
use serde::{Deserialize, Serialize};

/// All clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Moment {
    /// This machine's counter ([`ClockKind::OF_THIS_MACHINE`]); 0 when it was not read.
    pub tsc: u64,
    /// `CLOCK_MONOTONIC`, ns.
    pub mono_ns: u64,
    /// Wall clock, ns since 1970.
    pub wall_ns: u64,
}

impl Moment {
    /// A moment told by other means: the counter, `CLOCK_MONOTONIC` and the wall clock, the latter two in ns.
    pub fn at(tsc: u64, mono_ns: u64, wall_ns: u64) -> Self {
        Self { tsc, mono_ns, wall_ns }
    }

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

/// This very moment in the units of a board that was made in this boot, in this time namespace. `counter` is this
/// machine's; 0 when it was not read, or the board's clock is that of another kind of processor (one of the two is
/// emulated): then by the board's own calibration.
pub(crate) fn stamp(header: &HeaderCopy, counter: u64, mono_ns: u64) -> u64 {
    let kind = ClockKind::from_word(header.clock_kind);
    if !kind.is_some_and(ClockKind::is_counter) {
        return mono_ns;
    }
    if counter != 0 && kind == ClockKind::OF_THIS_MACHINE {
        return counter;
    }
    let unit = u128::from(header.clock_ns_per_unit.max(1));
    let ns = u128::from(mono_ns.saturating_sub(header.clock_start_ns));
    let units = u64::try_from((ns << 32) / unit).unwrap_or(u64::MAX);
    header.clock_start.saturating_add(units)
}

/// Whether a board's stamps are those of this machine's counter.
pub(crate) fn counts_alike(header: &HeaderCopy) -> bool {
    let kind = ClockKind::from_word(header.clock_kind);
    kind.is_some() && kind == ClockKind::OF_THIS_MACHINE
}

/// The processor's counter; 0 where there is none that user code can read.
pub(crate) fn tsc() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 processor has it; where a kernel forbids it, the daemon on the same
        // machine could not have chosen it, and this is only called for boards that did.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks: u64;
        // SAFETY: reads a register into another, touches no memory and no flags; Linux lets programs read it.
        unsafe {
            core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags));
        }
        ticks
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::FromZeros as _;

    #[test]
    fn a_board_of_another_kind_of_processor_is_read_by_its_own_calibration() {
        let mut header = HeaderCopy::new_zeroed();
        header.clock_start = 5_000;
        header.clock_start_ns = 1_000_000;
        // 62.5 MHz.
        header.clock_ns_per_unit = 16 << 32;
        for kind in [ClockKind::Tsc, ClockKind::VirtualCounter] {
            header.clock_kind = kind as u64;
            let own = Some(kind) == ClockKind::OF_THIS_MACHINE;
            assert_eq!(counts_alike(&header), own);
            // The naive reader took its own counter for the board's.
            let counted = if own { 77 } else { 5_000 + 100 };
            assert_eq!(stamp(&header, 77, 1_001_600), counted);
            assert_eq!(stamp(&header, 0, 1_001_600), 5_000 + 100);
        }
        header.clock_kind = ClockKind::Monotonic as u64;
        assert_eq!(stamp(&header, 77, 1_001_600), 1_001_600);
    }

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
