//! Who is at the other end of a socket.
#![expect(unsafe_code, reason = "one option of a socket that std has not yet")]

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// The user who connected, as the kernel knows it.
///
/// # Errors
/// The system's.
pub(crate) fn user(stream: &UnixStream) -> std::io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of_val(&peer) as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_PEERCRED);
    let at = (&raw mut peer).cast();
    // SAFETY: the kernel writes no more than `length` bytes at `at`, where so many are.
    let done = unsafe { libc::getsockopt(stream.as_raw_fd(), level, option, at, &mut length) };
    if done != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(peer.uid)
}
