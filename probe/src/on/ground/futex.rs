//! Sleep on a word, and wake who sleeps there. std's own parking goes on at once where the call is refused, for
//! ever: here a refusal is a pause.
#![expect(unsafe_code, reason = "a system call")]

use core::sync::atomic::AtomicU32;
use std::time::Duration;

use nix::errno::Errno;

use super::threads::pause;

/// Sleeps for so long, unless the word is another one, or somebody wakes us.
pub(crate) fn wait(word: &AtomicU32, is: u32, time: Duration) {
    let most = libc::timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: a word that lives as long as the call, and a time that is only read.
    let slept = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, is, &most) };
    if slept != 0 && !matches!(Errno::last(), Errno::ETIMEDOUT | Errno::EAGAIN | Errno::EINTR) {
        pause(time);
    }
}

/// Wakes one that sleeps there.
pub(crate) fn wake(word: &AtomicU32) {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: a word that lives as long as the call.
    let _ = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, 1) };
}
