//! A number of a descriptor is ours only as long as what is behind it is: a daemon may close all that it
//! did not open itself, and the next file that it opens gets the number.
#![expect(unsafe_code, reason = "closes descriptors by number in a forked child")]

use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::Path;

/// Device and inode of a file or a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Of what is behind a descriptor.
    pub(crate) fn of(fd: impl AsFd) -> Option<Self> {
        Self::behind(fd.as_fd().as_raw_fd())
    }

    /// Of what is behind a number, if anything is. Async-signal-safe.
    fn behind(fd: RawFd) -> Option<Self> {
        let mut facts = MaybeUninit::<libc::stat>::zeroed();
        // SAFETY: room for the answer; a number that is not open is an error.
        if unsafe { libc::fstat(fd, facts.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: the call filled it.
        let facts = unsafe { facts.assume_init() };
        Some(Self { device: facts.st_dev, inode: facts.st_ino })
    }

    /// Whether these are the facts of this.
    pub(crate) fn is(&self, facts: &libc::stat) -> bool {
        (facts.st_dev, facts.st_ino) == (self.device, self.inode)
    }

    /// Whether this is what that number stands for now.
    pub(crate) fn is_behind(&self, fd: RawFd) -> bool {
        Self::behind(fd) == Some(*self)
    }

    /// Whether this is what that name stands for now.
    pub(crate) fn is_named(&self, path: &Path) -> bool {
        nix::sys::stat::lstat(path)
            .is_ok_and(|facts| (facts.st_dev, facts.st_ino) == (self.device, self.inode))
    }
}

/// A descriptor that a forked child gives up, remembered where its handler can read it.
#[derive(Debug)]
pub(crate) struct Inherited {
    fd: AtomicI32,
    device: AtomicU64,
    inode: AtomicU64,
}

impl Inherited {
    /// None.
    pub(crate) const fn none() -> Self {
        Self { fd: AtomicI32::new(-1), device: AtomicU64::new(0), inode: AtomicU64::new(0) }
    }

    /// This one from now on.
    pub(crate) fn remember(&self, fd: RawFd, identity: Identity) {
        self.fd.store(-1, Ordering::Relaxed);
        self.device.store(identity.device, Ordering::Relaxed);
        self.inode.store(identity.inode, Ordering::Relaxed);
        // Release: pairs with the acquire in `close`.
        self.fd.store(fd, Ordering::Release);
    }

    /// Closes it, if the number still stands for it. Async-signal-safe.
    pub(crate) fn close(&self) {
        // Acquire: pairs with the release in `remember`.
        let fd = self.fd.swap(-1, Ordering::Acquire);
        let identity = Identity {
            device: self.device.load(Ordering::Relaxed),
            inode: self.inode.load(Ordering::Relaxed),
        };
        if fd >= 0 && identity.is_behind(fd) {
            // SAFETY: the descriptor is this one, and nobody in the child uses it.
            unsafe { libc::close(fd) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_stands_for_something_else_is_left_alone() {
        let open = || std::fs::File::open("/dev/null").map(std::os::fd::OwnedFd::from);
        let (mut reader, _writer) = std::io::pipe().expect("a pipe");
        let identity = Identity::of(&reader).expect("open");
        let number = reader.as_raw_fd();
        assert!(identity.is_behind(number));
        let inherited = Inherited::none();
        inherited.remember(number, identity);
        // Somebody else's file gets the number.
        let other = open().expect("a file");
        // SAFETY: both are open, and the first is meant to become the second.
        assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
        inherited.close();
        let now = Identity::behind(number);
        assert!(now.is_some() && now == Identity::of(&other), "the file is still open");
        let mut nothing = [0; 1];
        assert_eq!(std::io::Read::read(&mut reader, &mut nothing).ok(), Some(0));
    }
}
