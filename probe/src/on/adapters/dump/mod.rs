//! For those who have only the terminal: a signal, and what is in flight and where every thread is goes to
//! stderr.
//!
//! The handler only wakes a thread; that one reads the board as any reader would and writes one block. A
//! handler that was there before is called after ours.
#![expect(unsafe_code, reason = "installs a signal handler")]

use crate::on::ground::{standard, threads};

mod text;

use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, pthread_sigmask, sigaction,
};

/// Name of the thread that writes.
const NAME: &CStr = c"probe-dump";

/// Where the handler says that it was called; -1 before.
static WAKE: AtomicI32 = AtomicI32::new(-1);
/// The process that has the thread: a forked child has only the handler.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// What was done on the signal before.
static BEFORE: OnceLock<SigAction> = OnceLock::new();

/// On SIGUSR1 (SIGINFO, so Ctrl-T, where that exists) writes to stderr what is in flight, the oldest
/// first, and where every thread is, with loads, process id and times: one block, from a thread of its
/// own. A handler that was there before is still called. Returns whether that was set up; calling it
/// again does nothing.
///
/// Nothing is installed unless this is called. To be called after [`init!`](crate::init).
pub fn dump_on_signal() -> bool {
    #[cfg(any(
        target_os = "macos",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    let signal = libc::SIGINFO;
    #[cfg(not(any(
        target_os = "macos",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )))]
    let signal = libc::SIGUSR1;
    dump_on(signal)
}

/// As [`dump_on_signal`], on another signal, by its number.
pub fn dump_on(signal: i32) -> bool {
    if OWNER.swap(std::process::id(), Ordering::AcqRel) == std::process::id() {
        return true;
    }
    match set_up(signal) {
        Ok(()) => true,
        Err(why) => {
            crate::on::start::remarks::say(&format!("no list on signal {signal}: {why}"));
            false
        }
    }
}

fn set_up(signal: i32) -> Result<(), String> {
    let _held = standard::kept_free();
    let signal = Signal::try_from(signal).map_err(|errno| errno.to_string())?;
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
    // It stays open as long as the handler may run: for ever.
    std::mem::forget(wake);

    let flags = SaFlags::SA_RESTART | SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK;
    let action = SigAction::new(SigHandler::SigAction(on_signal), flags, SigSet::empty());
    // SAFETY: the handler calls nothing but async-signal-safe functions.
    let before = unsafe { sigaction(signal, &action) }.map_err(|errno| errno.to_string())?;
    let _ = BEFORE.set(before);
    Ok(())
}

extern "C" fn on_signal(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let fd = WAKE.load(Ordering::Acquire);
    if fd >= 0 && OWNER.load(Ordering::Relaxed) == std::process::id() {
        let errno = nix::errno::Errno::last_raw();
        let one = 1u64.to_ne_bytes();
        // SAFETY: `write` is async-signal-safe and the buffer is eight bytes. A counter that is full blocks
        // nobody: 2^64 - 2 signals would have to be waiting.
        unsafe { libc::write(fd, one.as_ptr().cast(), one.len()) };
        nix::errno::Errno::set_raw(errno);
    }
    match BEFORE.get().map(SigAction::handler) {
        Some(SigHandler::Handler(before)) => before(signal),
        Some(SigHandler::SigAction(before)) => before(signal, info, context),
        _ => {}
    }
}

fn write_when_woken(mut wake: File) {
    // The daemon's signals are not ours to take.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
    let mut count = [0; 8];
    while wake.read_exact(&mut count).is_ok() {
        // Signals that came meanwhile are answered by one block.
        crate::on::ground::say::write(text::block().as_bytes());
    }
}
