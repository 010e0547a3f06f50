//! One thread of our own in the daemon: 20 times a second it writes the heartbeat, the busy time of every
//! worker, and since when each thread stands where it stands; once a second the totals. So hot paths
//! stay bare stores, and rates, load and the last minute are there for a reader who comes once, or late.
//!
//! Once `init!` has returned, this is all that it asks of the kernel, so that a daemon may forbid everything
//! else: `futex` (it sleeps on one), `clock_gettime`, and what its memory allocator may need (`mmap`, `munmap`,
//! `madvise`, `brk`); with [`Config::watch_descriptors`](crate::Config::watch_descriptors)
//! also `fstat`. It opens nothing.
#![expect(unsafe_code, reason = "takes the keeper's handle back at the exit")]

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use super::beat::{self, Memory};
use super::descriptors::Descriptors;
use crate::layout::KEEPER_PERIOD_NS;
use crate::on::board::tables::Board;
use crate::on::ground::clock::{self, Calibration};
use crate::on::ground::threads::OwnThread;
use crate::on::ground::{futex, threads};

/// Name of the keeper's thread: a reader knows it by this.
const NAME: &CStr = c"probe-keeper";
/// Whether the keeper has done all that it does only once, and how often, and how long each time, `init!` looks.
static BEGUN: AtomicBool = AtomicBool::new(false);
const BEGIN_LOOKS: u32 = 10_000;
const BEGIN_LOOK: Duration = Duration::from_micros(50);

/// The keeper of this process, and whether it should end.
static KEEPER: AtomicPtr<OwnThread> = AtomicPtr::new(core::ptr::null_mut());
/// What the keeper sleeps on: not 0 at the exit.
static STOP: AtomicU32 = AtomicU32::new(0);
/// How often, and how long each time, an exit waits for the keeper's end.
const STOP_LOOKS: u32 = 500;
const STOP_LOOK: Duration = Duration::from_micros(200);

/// Starts the keeper; false when no thread could be started. From where the clock started it makes its unit
/// finer. `mind_hook` puts the panic hook right, whenever that is due.
pub(crate) fn start(
    board: &'static Board,
    calibration: Calibration,
    watch_descriptors: bool,
    mind_hook: fn(),
) -> bool {
    beat::begin();
    let descriptors = watch_descriptors.then(Descriptors::new).flatten();
    BEGUN.store(false, Ordering::Relaxed);
    STOP.store(0, Ordering::Relaxed);
    let started =
        threads::start(NAME, 128 << 10, move || keep(board, calibration, descriptors, mind_hook));
    let Ok(keeper) = started else { return false };
    // A forked child's copy of the parent's is left as it is.
    KEEPER.store(Box::into_raw(Box::new(keeper)), Ordering::Release);
    // Whoever forbids system calls after `init!` forbids none that a thread needs to begin. Looked for and not
    // waited for by the means of std, which would leave something allocated.
    for _ in 0..BEGIN_LOOKS {
        if BEGUN.load(Ordering::Acquire) {
            break;
        }
        threads::pause(BEGIN_LOOK);
    }
    true
}

/// At the exit: the keeper ends, and nothing of it is left for a leak checker to find. It is waited for, but
/// not for long.
pub(crate) fn stop() {
    // Acquire: pairs with the release in `start`.
    let keeper = KEEPER.swap(core::ptr::null_mut(), Ordering::Acquire);
    if keeper.is_null() {
        return;
    }
    // SAFETY: `start` made it from a box, and whoever swaps it out has it alone.
    let keeper = unsafe { Box::from_raw(keeper) };
    STOP.store(1, Ordering::Release);
    clock::set_coarse(0);
    futex::wake(&STOP);
    keeper.join(STOP_LOOKS, STOP_LOOK);
}

fn keep(
    board: &Board,
    calibration: Calibration,
    descriptors: Option<Descriptors>,
    mind_hook: fn(),
) {
    // The daemon's signals are not ours to take.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
    let mut memory = Memory::new(board, calibration, descriptors, mind_hook);
    let mut due = clock::monotonic_ns();
    beat::beat(board, &mut memory);
    BEGUN.store(true, Ordering::Release);
    loop {
        due += KEEPER_PERIOD_NS;
        let now = clock::monotonic_ns();
        if due <= now {
            // Late by whole periods: they are skipped, never caught up.
            let periods = (now - due) / KEEPER_PERIOD_NS + 1;
            board.single.pulse.skipped.fetch_add(periods, Ordering::Relaxed);
            due += periods * KEEPER_PERIOD_NS;
        }
        if !sleep_until(due) {
            return;
        }
        beat::beat(board, &mut memory);
    }
}

/// Sleeps until then, or until the exit; false at the exit.
fn sleep_until(due: u64) -> bool {
    loop {
        // Acquire: pairs with the release in `stop`.
        if STOP.load(Ordering::Acquire) != 0 {
            return false;
        }
        let now = clock::monotonic_ns();
        if now >= due {
            return true;
        }
        futex::wait(&STOP, 0, Duration::from_nanos(due - now));
    }
}
