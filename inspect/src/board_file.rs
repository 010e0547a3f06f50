//! Opening a board read-only and loading words from it. The only place, with the signal guard
//! beside it, that holds `unsafe`: it turns a read-only mapping into atomic words, once.
#![expect(unsafe_code, reason = "loads words from a mapping that another process writes")]

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, FcntlArg, OFlag, fcntl, openat};
use nix::sys::stat::Mode;
use probe::layout::MAX_BOARD_BYTES;
use zerocopy::IntoBytes;

use crate::error::OpenError;
use crate::guard::Guard;
use crate::{opener, patience};

/// How far a file is trusted before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// Found by searching: owner, links and permission bits must be those of a board.
    Found,
    /// Named by the user: any regular file.
    Named,
}

/// An open board: the descriptor and what the file system says of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct BoardFile {
    /// The open file, read-only.
    pub file: File,
    /// Where it was found.
    pub path: PathBuf,
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Owner of the file.
    pub uid: u32,
    /// Group of the file.
    pub gid: u32,
    /// Bytes.
    pub bytes: u64,
    /// Its name was taken away: it is there as long as somebody holds it.
    pub unlinked: bool,
}

impl BoardFile {
    /// Opens `path` without following a last symbolic link, without blocking and without a right to
    /// write, and refuses what cannot be a board.
    ///
    /// # Errors
    /// [`OpenError::Permission`], [`OpenError::Refused`] or [`OpenError::Io`].
    pub fn open(path: &Path, trust: Trust) -> Result<Self, OpenError> {
        patience::answers(path).map_err(|source| OpenError::Io {
            path: path.to_owned(),
            doing: "opening",
            source,
        })?;
        let mut flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        if trust == Trust::Found {
            flags |= OFlag::O_NOFOLLOW;
        }
        let fd = match openat(AT_FDCWD, path, flags, Mode::empty()) {
            Ok(fd) => fd,
            // Root was given up, and a process that kept it may be asked.
            Err(errno @ (Errno::EACCES | Errno::EPERM)) => match opener::open(path) {
                Some(Ok(fd)) => fd,
                _ => return Err(open_error(path, errno)),
            },
            Err(errno) => return Err(open_error(path, errno)),
        };
        Self::from_fd(fd, path, trust)
    }

    /// The same for a descriptor that is already open for reading.
    ///
    /// # Errors
    /// As [`BoardFile::open`].
    pub fn from_fd(fd: OwnedFd, path: &Path, trust: Trust) -> Result<Self, OpenError> {
        let file = File::from(fd);
        let facts = file.metadata().map_err(|source| OpenError::Io {
            path: path.to_owned(),
            doing: "fstat",
            source,
        })?;
        let refused = |why| Err(OpenError::Refused { path: path.to_owned(), why });
        if !facts.is_file() {
            return refused("not a regular file");
        }
        if trust == Trust::Found {
            // An unlinked board that its process still holds has no name at all: 0 links are fine.
            if facts.nlink() > 1 {
                return refused("a file with several names (hard links)");
            }
            if facts.mode() & 0o022 != 0 {
                return refused("writable by group or others, so anybody may have written it");
            }
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            dev: facts.dev(),
            ino: facts.ino(),
            uid: facts.uid(),
            gid: facts.gid(),
            bytes: facts.len(),
            unlinked: facts.nlink() == 0,
        })
    }

    /// Bytes of the file now.
    pub fn bytes_now(&self) -> u64 {
        self.file.metadata().map_or(0, |facts| facts.len())
    }

    /// Whether a process holds the writer's lock. Asks with `F_OFD_GETLK`, which takes nothing; the
    /// kernel gives the lock back when its holder is gone, however it went. `None` where the file
    /// system cannot say.
    pub fn lock_held(&self) -> Option<bool> {
        self.lock_or().ok()
    }

    /// The same, with the reason why it cannot be told.
    ///
    /// # Errors
    /// What the system said.
    pub fn lock_or(&self) -> std::io::Result<bool> {
        let mut lock = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        fcntl(&self.file, FcntlArg::F_OFD_GETLK(&mut lock))?;
        // A reader's lock (F_RDLCK) would also conflict with the one asked for; it proves nothing.
        Ok(lock.l_type == libc::F_WRLCK as libc::c_short)
    }

    /// Words read with `pread` into private memory, by one call unless it is cut short. Bytes past the
    /// end of the file come as zeros. Returns whether all of them were there.
    pub(crate) fn pread(&self, offset: u64, words: &mut [u64]) -> bool {
        let bytes = words.as_mut_bytes();
        let mut filled = 0;
        while filled < bytes.len() {
            match read_at(&self.file, &mut bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        bytes[filled..].fill(0);
        filled == bytes.len()
    }
}

/// Bytes of a file from an offset on, as many as one call gives.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<usize> {
    file.read_at(bytes, offset)
}

/// The error for a failed open: a refused permission is told apart, with the file's owner.
fn open_error(path: &Path, errno: Errno) -> OpenError {
    match errno {
        // Whose it is does not show where a directory on the way to it may not be entered.
        Errno::EACCES | Errno::EPERM => match std::fs::symlink_metadata(path) {
            Ok(facts) => OpenError::Permission {
                path: path.to_owned(),
                owner: facts.uid(),
                mode: facts.mode() & 0o7777,
            },
            Err(_) => OpenError::Io { path: path.to_owned(), doing: "open", source: errno.into() },
        },
        Errno::ELOOP => OpenError::Refused { path: path.to_owned(), why: "a symbolic link" },
        Errno::ENXIO => OpenError::Refused { path: path.to_owned(), why: "not a regular file" },
        other => OpenError::Io { path: path.to_owned(), doing: "open", source: other.into() },
    }
}

/// A live board mapped read-only. Nothing but whole atomic words is ever loaded from it: no
/// reference to bytes or to a plain struct exists.
#[derive(Debug)]
pub struct Mapping {
    // Dropped first: the guard must not outlive the range.
    guard: Guard,
    map: MmapRaw,
    words: usize,
}

impl Mapping {
    /// Maps all whole words of the file, or `None` when it cannot be mapped or guarded (it is then
    /// read with `pread`).
    pub fn new(board: &BoardFile) -> Option<Self> {
        if board.bytes < 8 || board.bytes > MAX_BOARD_BYTES {
            return None;
        }
        let words = usize::try_from(board.bytes / 8).ok()?;
        let map =
            MmapOptions::new().len(words * 8).map_raw_read_only(board.file.as_raw_fd()).ok()?;
        let guard = Guard::over(map.as_ptr().addr(), words * 8)?;
        Some(Self { guard, map, words })
    }

    /// All words, in place, for Relaxed loads: all that is promised on read-only memory; callers fence.
    pub(crate) fn live(&self) -> &[AtomicU64] {
        let first = self.map.as_mut_ptr().cast::<AtomicU64>();
        // SAFETY: the mapping is self.words * 8 bytes long, lives as long as self, and is page-aligned,
        // so word-aligned; every access to it in this process is a relaxed load of a whole word, and the
        // writer's are atomic stores of the same size. A page that the file lost is replaced by zeros
        // at the same address, which is one more change that atomics allow.
        unsafe { std::slice::from_raw_parts(first, self.words) }
    }

    /// Loads words from the one at `first` on; words past the end come as zeros. Returns whether
    /// all of them were there.
    pub(crate) fn load(&self, first: usize, words: &mut [u64]) -> bool {
        let live = self.live().get(first..).unwrap_or_default();
        let there = live.len().min(words.len());
        for (word, live) in words.iter_mut().zip(live) {
            *word = live.load(Ordering::Relaxed);
        }
        words[there..].fill(0);
        there == words.len()
    }

    /// Whether the file shrank while it was read.
    pub(crate) fn lost_pages(&self) -> bool {
        self.guard.hit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As of a file in somebody's closed directory: its owner may not be asked for either.
    #[test]
    fn a_refusal_names_an_owner_only_where_there_is_one_to_name() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("a.board");
        let hidden = open_error(&path, Errno::EACCES);
        assert_eq!(hidden.exit_code(), 4);
        let said = hidden.sentence();
        assert!(said.ends_with("open failed: Permission denied (os error 13)"), "{said}");
        std::fs::write(&path, b"x").expect("written");
        let seen = open_error(&path, Errno::EACCES);
        assert!(seen.to_string().contains("permission denied (owner uid "), "{seen}");
        assert_eq!(seen.exit_code(), 4);
    }
}
