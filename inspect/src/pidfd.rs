//! Whether the kernel knows a process at all. Unlike `/proc`, which may hide it, `pidfd_open` answers for
//! every process of our pid namespace, whoever owns it.
#![expect(unsafe_code, reason = "calls pidfd_open, which no safe wrapper here offers")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Whether a process of our own pid namespace exists.
///
/// # Errors
/// Why it cannot be told: no descriptor left, an old kernel, a filter of system calls.
pub(crate) fn exists(pid: u32) -> io::Result<bool> {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::c_long, 0) };
    if let Ok(fd) = i32::try_from(answer)
        && fd >= 0
    {
        // SAFETY: the kernel has just given us this descriptor, and nobody else knows it.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ESRCH) { Ok(false) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_exist_and_a_collected_child_does_not() {
        assert!(exists(std::process::id()).expect("pidfd_open"));
        let mut child = std::process::Command::new("true").spawn().expect("true");
        child.wait().expect("its end");
        assert!(!exists(child.id()).expect("pidfd_open"));
    }
}
