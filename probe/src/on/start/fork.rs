//! A forked child must not write the parent's board. In the child, before anything else runs there, private
//! memory takes the board's place at the same addresses, so that every pointer stays good; the child's
//! first probe then makes a board of its own. `_Fork`, `vfork` and a bare `clone` pass this by.
//!
//! Of the threads of the parent only the one that forked is there, and whatever the others held they hold
//! for ever: nothing of ours in a child waits for a lock.
#![expect(unsafe_code, reason = "replaces the board's mapping in a forked child")]

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::os::fd::AsRawFd;

use crate::on::board::store::Store;
use crate::on::ground::forks;
use crate::on::ground::ours::Inherited;
use crate::on::ops::cancel_socket;
use crate::on::slots::mode::{Mode, mode, set_mode};
use crate::on::slots::register;

static BASE: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(0);
static LOCK: Inherited = Inherited::none();
static HOOKED: AtomicBool = AtomicBool::new(false);

/// From now on a forked child loses this board. To be called before anything is moved onto it: what a child inherits of a
/// number's place it keeps for good, while its parent's memory is shared.
pub(crate) fn watch(store: &Store) {
    // Whoever is forked meanwhile has no use for what a board before this one left, and must not take its place for as
    // long as this one is.
    BASE.store(0, Ordering::Relaxed);
    LOCK.remember(store.lock.as_raw_fd(), store.identity());
    LENGTH.store(store.segment.length(), Ordering::Relaxed);
    // Release: pairs with the acquire in the handler.
    BASE.store(store.segment.base().as_ptr().expose_provenance(), Ordering::Release);
    if !HOOKED.swap(true, Ordering::Relaxed) {
        // SAFETY: the handler is async-signal-safe and never unwinds.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
}

extern "C" fn in_child() {
    let base = BASE.load(Ordering::Acquire);
    if base == 0 {
        return;
    }
    let base = core::ptr::with_exposed_provenance_mut::<libc::c_void>(base);
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
    forks::one_more();
    // With these open the child would keep the parent's board locked, and its cancel socket when the parent is gone.
    LOCK.close();
    cancel_socket::close_inherited();
    register::leave_place();
    // A board that another thread was still making when this one forked was nobody's yet.
    if mode() == Mode::Board {
        set_mode(Mode::Forked);
    }
}
