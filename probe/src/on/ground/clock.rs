//! The cheapest clock that another process can read: the processor's time-stamp counter where the kernel
//! itself keeps time by it (about 10 ns a read), else `CLOCK_MONOTONIC` (about 25 ns).

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use nix::time::{ClockId, clock_gettime};

use crate::layout::ClockKind;

/// A moment, as the board's clock counts it. Travels with an item from [`queue_arrive!`](crate::queue_arrive) to
/// [`queue_start!`](crate::queue_start), or is shared between adjacent events by [`now!`](crate::now).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(pub(crate) u64);

impl Stamp {
    /// No moment: what probes get before the board is made. Times counted from it are not recorded.
    pub const NONE: Self = Self(0);

    /// How long ago it was: how long an item has waited, for a deadline or a decision of the program's own. One
    /// clock read. `None` for no moment, as in a build without probes: the program must do without then.
    #[inline]
    pub fn age(self) -> Option<core::time::Duration> {
        now().since(self)
    }

    /// From that moment to this one; zero where that one is the later. `None` when either is no moment.
    #[inline]
    pub fn since(self, earlier: Self) -> Option<core::time::Duration> {
        let known = self != Self::NONE && earlier != Self::NONE;
        let units = self.0.saturating_sub(earlier.0);
        known.then(|| core::time::Duration::from_nanos(to_ns(units)))
    }
}

/// [`ClockKind`] of this process; 0 until the board is made.
static KIND: AtomicU8 = AtomicU8::new(0);
/// Nanoseconds of a unit, 32.32 fixed point; the keeper makes it finer.
static NS_PER_UNIT: AtomicU64 = AtomicU64::new(1 << 32);

/// The time now; [`Stamp::NONE`] without a board.
#[inline]
pub fn now() -> Stamp {
    Stamp(units())
}

/// The keeper's last beat, in clock units; 0 without a keeper.
static COARSE: AtomicU64 = AtomicU64::new(0);

/// The time as of the keeper's last beat, in clock units: one load, up to 50 ms old. Without a keeper the
/// time now.
#[inline]
pub(crate) fn coarse() -> u64 {
    match COARSE.load(Ordering::Relaxed) {
        0 => units(),
        units => units,
    }
}

/// The keeper beats; 0 when it does not any more.
pub(crate) fn set_coarse(units: u64) {
    COARSE.store(units, Ordering::Relaxed);
}

/// The time now, in clock units; 0 without a board.
#[inline]
pub(crate) fn units() -> u64 {
    // Relaxed: set once, before any stamp is taken. The common one is asked for first.
    let kind = KIND.load(Ordering::Relaxed);
    if kind == ClockKind::Tsc as u8 {
        return tsc();
    }
    if kind == 0 { 0 } else { monotonic_ns() }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
#[expect(unsafe_code, reason = "reads the time-stamp counter")]
fn tsc() -> u64 {
    // SAFETY: RDTSC has no precondition; the kernel leaves it enabled where it is the clock source.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline]
fn tsc() -> u64 {
    monotonic_ns()
}

/// `CLOCK_MONOTONIC`, ns.
pub(crate) fn monotonic_ns() -> u64 {
    read(ClockId::CLOCK_MONOTONIC)
}

/// Wall clock, ns since 1970. A label, never a basis of arithmetic.
pub(crate) fn wall_ns() -> u64 {
    read(ClockId::CLOCK_REALTIME)
}

fn read(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| {
        u64::try_from(time.tv_sec()).unwrap_or(0) * 1_000_000_000
            + u64::try_from(time.tv_nsec()).unwrap_or(0)
    })
}

/// What the header says of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calibration {
    pub(crate) kind: ClockKind,
    pub(crate) start: u64,
    pub(crate) start_ns: u64,
    pub(crate) ns_per_unit: u64,
}

/// Chooses the clock and measures its unit. Takes half a millisecond for the TSC.
pub(crate) fn start() -> Calibration {
    if cfg!(all(target_arch = "x86_64", not(miri))) && kernel_trusts_tsc() {
        let first = pair(tsc);
        while monotonic_ns() < first.1 + 500_000 {
            core::hint::spin_loop();
        }
        let ns_per_unit = rate(first, pair(tsc));
        if ns_per_unit > 0 {
            NS_PER_UNIT.store(ns_per_unit, Ordering::Relaxed);
            KIND.store(ClockKind::Tsc as u8, Ordering::Relaxed);
            let (start, start_ns) = first;
            return Calibration { kind: ClockKind::Tsc, start, start_ns, ns_per_unit };
        }
    }
    NS_PER_UNIT.store(1 << 32, Ordering::Relaxed);
    KIND.store(ClockKind::Monotonic as u8, Ordering::Relaxed);
    let start = monotonic_ns();
    Calibration { kind: ClockKind::Monotonic, start, start_ns: start, ns_per_unit: 1 << 32 }
}

/// The kernel watches the TSC and gives it up as its clock source when it misbehaves.
fn kernel_trusts_tsc() -> bool {
    std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        .is_ok_and(|source| source.trim() == "tsc")
}

/// A stamp and the monotonic time at it: the closest of a few tries.
fn pair(clock: fn() -> u64) -> (u64, u64) {
    (0..5)
        .map(|_| {
            let before = monotonic_ns();
            let stamp = clock();
            let after = monotonic_ns();
            (after - before, (stamp, before + (after - before) / 2))
        })
        .min()
        .map_or((0, 0), |(_, pair)| pair)
}

/// Nanoseconds of a unit between two pairs, 32.32 fixed point; 0 when it cannot be told.
fn rate(first: (u64, u64), last: (u64, u64)) -> u64 {
    let units = u128::from(last.0.saturating_sub(first.0));
    let ns = u128::from(last.1.saturating_sub(first.1));
    (ns << 32).checked_div(units).and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
}

/// A stamp and the monotonic time at it.
pub(crate) fn stamp_pair() -> (u64, u64) {
    pair(units)
}

/// Makes the unit finer: the longer the base, the better it is known.
pub(crate) fn refine(start: &Calibration, now: (u64, u64)) {
    let rate = rate((start.start, start.start_ns), now);
    if start.kind == ClockKind::Tsc && rate > 0 {
        NS_PER_UNIT.store(rate, Ordering::Relaxed);
    }
}

/// Clock units as nanoseconds.
#[inline]
pub(crate) fn to_ns(units: u64) -> u64 {
    let ns_per_unit = NS_PER_UNIT.load(Ordering::Relaxed);
    ((u128::from(units) * u128::from(ns_per_unit)) >> 32) as u64
}

/// Nanoseconds as clock units.
pub(crate) fn from_ns(ns: u64) -> u64 {
    let ns_per_unit = NS_PER_UNIT.load(Ordering::Relaxed).max(1);
    u64::try_from((u128::from(ns) << 32) / u128::from(ns_per_unit)).unwrap_or(u64::MAX)
}
