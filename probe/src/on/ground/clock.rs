//! The cheapest clock that another process can read: the processor's own counter where the kernel itself keeps time by
//! it (about 10 ns a read), else `CLOCK_MONOTONIC` (about 25 ns).

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
    // Relaxed: set once, before any stamp is taken. Anything else is out of the way: a call in the middle of a probe would
    // have its registers saved.
    if KIND.load(Ordering::Relaxed) == COUNTER { counter() } else { without_counter() }
}

#[cold]
#[inline(never)]
fn without_counter() -> u64 {
    if KIND.load(Ordering::Relaxed) == 0 { 0 } else { monotonic_ns() }
}

/// The kind of this machine's counter. Without one no process has this kind.
const COUNTER: u8 = match ClockKind::OF_THIS_MACHINE {
    Some(kind) => kind as u8,
    None => u8::MAX,
};

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
#[expect(unsafe_code, reason = "reads the time-stamp counter")]
fn counter() -> u64 {
    // SAFETY: RDTSC has no precondition; the kernel leaves it enabled where it is the clock source.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
#[inline]
#[expect(unsafe_code, reason = "reads the virtual counter")]
fn counter() -> u64 {
    let ticks: u64;
    // SAFETY: reads a register into another, touches no memory and no flags; Linux lets programs read it where it is the
    // clock source. Not ordered with other instructions, as RDTSC is not: a few ns, where stamps never run backwards by.
    unsafe {
        core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags));
    }
    ticks
}

#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[inline]
fn counter() -> u64 {
    monotonic_ns()
}

/// Nanoseconds of a unit as the processor itself states them, 32.32 fixed point; 0 where it states nothing.
#[cfg(all(target_arch = "aarch64", not(miri)))]
#[expect(unsafe_code, reason = "reads the counter's frequency")]
fn stated() -> u64 {
    let hertz: u64;
    // SAFETY: reads a register into another, touches no memory and no flags; readable wherever the counter is.
    unsafe {
        core::arch::asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack, preserves_flags));
    }
    rate((0, 0), (hertz, 1_000_000_000))
}

#[cfg(any(miri, not(target_arch = "aarch64")))]
fn stated() -> u64 {
    0
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

/// Chooses the clock and learns its unit, which takes half a millisecond where the processor does not state it.
pub(crate) fn start() -> Calibration {
    if let Some(kind) = ClockKind::OF_THIS_MACHINE.filter(|kind| kernel_trusts(*kind)) {
        let first = pair(counter);
        let ns_per_unit = match stated() {
            0 => measured(first),
            stated => stated,
        };
        if ns_per_unit > 0 {
            NS_PER_UNIT.store(ns_per_unit, Ordering::Relaxed);
            KIND.store(kind as u8, Ordering::Relaxed);
            let (start, start_ns) = first;
            return Calibration { kind, start, start_ns, ns_per_unit };
        }
    }
    NS_PER_UNIT.store(1 << 32, Ordering::Relaxed);
    KIND.store(ClockKind::Monotonic as u8, Ordering::Relaxed);
    let start = monotonic_ns();
    Calibration { kind: ClockKind::Monotonic, start, start_ns: start, ns_per_unit: 1 << 32 }
}

/// Nanoseconds of a unit, from half a millisecond after this stamp.
fn measured(first: (u64, u64)) -> u64 {
    while monotonic_ns() < first.1 + 500_000 {
        core::hint::spin_loop();
    }
    rate(first, pair(counter))
}

/// The kernel watches the counter and gives it up as its clock source when it misbehaves. An emulated processor's is not
/// the kernel's: its readers may run on the real one.
fn kernel_trusts(kind: ClockKind) -> bool {
    let name = match kind {
        ClockKind::Tsc => "tsc",
        ClockKind::VirtualCounter => "arch_sys_counter",
        ClockKind::Monotonic => return false,
    };
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    cfg!(not(miri)) && std::fs::read_to_string(source).is_ok_and(|source| source.trim() == name)
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
    if start.kind.is_counter() && rate > 0 {
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

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn the_counter_goes_as_fast_as_it_is_said_to() {
        let first = pair(counter);
        let by_the_way = measured(first);
        while monotonic_ns() < first.1 + 50_000_000 {
            std::thread::yield_now();
        }
        let at_length = rate(first, pair(counter)) as f64;
        assert!(at_length > 0.0);
        for known in [by_the_way, stated()].into_iter().filter(|known| *known > 0) {
            let ratio = known as f64 / at_length;
            assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
        }
        assert_eq!(stated() > 0, cfg!(target_arch = "aarch64"));
    }
}
