//! For those who have only the terminal: a signal, and what is in flight and where every thread is goes to
//! stderr.
//!
//! The handler only wakes a thread; that one reads the board as any reader would and writes one block. A
//! handler that was there before is called after ours.
//!
//! ```text
//! installed  the signals, and what was done on each before
//! writer     the thread, and what wakes it               text  what it writes
//! ```

mod installed;
mod text;
mod writer;

use nix::sys::signal::Signal;

use installed::Turn;

/// On SIGUSR1 (SIGINFO, so Ctrl-T, where that exists) writes to stderr what is in flight, the oldest
/// first, and where every thread is, with loads, process id and times: one block, from a thread of its
/// own. A handler that was there before is still called. Returns whether that is set up; calling it
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

/// As [`dump_on_signal`], on another signal, by its number; each signal that it is called for lists. False for one that no
/// process can handle.
pub fn dump_on(signal: i32) -> bool {
    match set_up(signal) {
        Ok(()) => true,
        Err(why) => {
            crate::on::start::remarks::say(&format!("no list on signal {signal}: {why}"));
            false
        }
    }
}

fn set_up(signal: i32) -> Result<(), String> {
    let signal = Signal::try_from(signal).map_err(|errno| errno.to_string())?;
    let _turn =
        Turn::wait_for().ok_or("another thread sets up a list and does not come to an end")?;
    let me = std::process::id();
    writer::start(me)?;
    installed::install(signal, me).map_err(|errno| errno.to_string())
}
