//! The thread that writes a list when a signal's handler wakes it.
#![expect(unsafe_code, reason = "makes an eventfd, and writes to it in a signal handler")]

use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use super::text;
use crate::on::ground::{say, standard, threads};

/// Its name.
const NAME: &CStr = c"probe-dump";

/// Where a handler says that it was called; -1 before.
static WAKE: AtomicI32 = AtomicI32::new(-1);
/// The process that has the thread: a forked child has only the handlers.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Starts it, unless this process, which is `me`, has one.
pub(super) fn start(me: u32) -> Result<(), String> {
    if OWNER.load(Ordering::Relaxed) == me {
        return Ok(());
    }
    let _held = standard::kept_free();
    // SAFETY: `eventfd` makes a new descriptor.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error().to_string());
    }
    // SAFETY: the descriptor is new and nobody else's.
    let wake = unsafe { OwnedFd::from_raw_fd(fd) };
    let reading = wake.try_clone().map_err(|error| error.to_string())?;
    let writing = threads::start(NAME, 256 << 10, move || write_when_woken(reading.into()));
    writing.map_err(|errno| errno.desc().to_owned())?.leave();
    WAKE.store(wake.as_raw_fd(), Ordering::Release);
    // It stays open as long as a handler may run: for ever.
    std::mem::forget(wake);
    OWNER.store(me, Ordering::Relaxed);
    Ok(())
}

/// Wakes it. Async-signal-safe.
pub(super) fn wake() {
    let fd = WAKE.load(Ordering::Acquire);
    if fd >= 0 && OWNER.load(Ordering::Relaxed) == std::process::id() {
        let errno = nix::errno::Errno::last_raw();
        let one = 1u64.to_ne_bytes();
        // SAFETY: `write` is async-signal-safe and the buffer is eight bytes. A counter that is full blocks
        // nobody: 2^64 - 2 signals would have to be waiting.
        unsafe { libc::write(fd, one.as_ptr().cast(), one.len()) };
        nix::errno::Errno::set_raw(errno);
    }
}

fn write_when_woken(mut wake: File) {
    // The daemon's signals are not ours to take.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
    let mut count = [0; 8];
    while wake.read_exact(&mut count).is_ok() {
        // Signals that came meanwhile are answered by one block.
        say::write(text::block().as_bytes());
    }
}
