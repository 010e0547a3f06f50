//! A forked child must not write the parent's board. In the child, before anything else runs there, private
//! memory takes the board's place at the same addresses, so that every pointer stays good; the child's
//! first probe then makes a board of its own. `_Fork`, `vfork` and a bare `clone` pass this by.
#![expect(unsafe_code, reason = "replaces the board's mapping in a forked child")]

use core::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

use super::segment::Segment;
use super::thread::{Mode, mode, set_mode};
use super::{init, local};

static BASE: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(0);
static LOCK: AtomicI32 = AtomicI32::new(-1);
static HOOKED: AtomicBool = AtomicBool::new(false);

/// From now on a forked child loses this board.
pub(super) fn watch(segment: &Segment, lock: i32) {
    BASE.store(segment.base().as_ptr().expose_provenance(), Ordering::Relaxed);
    LENGTH.store(segment.length(), Ordering::Relaxed);
    LOCK.store(lock, Ordering::Relaxed);
    if !HOOKED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handler is async-signal-safe and never unwinds.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
}

extern "C" fn in_child() {
    if mode() != Mode::Board {
        return;
    }
    let base = core::ptr::with_exposed_provenance_mut::<libc::c_void>(BASE.load(Ordering::Relaxed));
    let length = LENGTH.load(Ordering::Relaxed);
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: the range is the board's mapping and nothing else; what replaces it is as large, readable
    // and writable, and zeroes are valid for every record.
    let replaced = unsafe { libc::mmap(base, length, protection, flags, -1, 0) };
    if replaced == libc::MAP_FAILED {
        // Without memory for a page table there is no saying what else fails; the child must not go on
        // in the parent's board.
        // SAFETY: `_exit` has no precondition.
        unsafe { libc::_exit(127) };
    }
    // SAFETY: the descriptor is ours; with it open the child would keep the parent's board locked.
    unsafe { libc::close(LOCK.swap(-1, Ordering::Relaxed)) };
    // SAFETY: as above; with the door open the child would hold it when the parent is gone.
    unsafe { libc::close(super::ops::door::take_inherited()) };
    local::unsettle();
    set_mode(Mode::Forked);
}

/// The first probe of a forked child makes the child's board.
pub(super) fn renew() {
    init::again();
}
