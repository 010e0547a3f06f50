//! Where a board lives: a named object in shared memory, or a file in a directory. Either is reserved
//! in full before the first store, gets its exact permissions, and is locked for as long as the process
//! lives, so that a reader can tell the living from the dead.
#![expect(unsafe_code, reason = "hands fresh mappings to `Segment`, and one allocation call")]

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, OFlag, fcntl, open};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat};
use nix::unistd::{Gid, Uid, fchown, linkat, unlink};

use crate::on::board::object::{self, Object};
use crate::on::board::place::SHM_DIRECTORY;
use crate::on::board::segment::Segment;
use crate::on::ground::ours::Identity;

/// Who may look at a board.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Permissions, once the map is made.
    pub(crate) mode: u32,
    /// The group that gets the board, when one was named.
    pub(crate) group: Option<Gid>,
}

/// A board's memory and the name under which others find it.
pub(crate) struct Store {
    pub(crate) segment: Segment,
    /// Its path, as a reader opens it.
    pub(crate) path: PathBuf,
    /// Open for as long as the process lives: the lock is on it.
    pub(crate) lock: OwnedFd,
    /// What the lock's descriptor is, however its number is used later.
    identity: Identity,
    /// The object in shared memory by its name, mapped for the life of the process; `None` for a file.
    object: Option<(String, ManuallyDrop<Object>)>,
}

impl Store {
    /// Makes the memory for a board called `board`, `bytes` long, zeroed: a file in `directory`, or shared memory
    /// without one.
    ///
    /// # Errors
    /// One sentence: what, why, what to do. Nothing is left behind then.
    pub(crate) fn create(
        access: Access,
        directory: Option<&Path>,
        board: &str,
        bytes: usize,
    ) -> Result<Self, String> {
        match directory {
            None => Self::in_shared_memory(access, board, bytes),
            Some(directory) => Self::in_file(access, directory, board, bytes),
        }
    }

    fn in_shared_memory(access: Access, board: &str, bytes: usize) -> Result<Self, String> {
        let path = Path::new(SHM_DIRECTORY).join(board);
        let name = format!("/{board}");
        let made = object::create(&name, bytes).map_err(|errno| {
            let (path, why) = (path.display(), errno.desc());
            match errno {
                Errno::EEXIST => format!("{path} is there already: remove it"),
                _ => format!("{path}: {why}: set PROBE_BOARD=file:DIR to have it elsewhere"),
            }
        });
        let made = Self::of_object(access, made?, &name, &path, bytes);
        if made.is_err() {
            // Only what was just made is removed: the name did not exist before.
            let _ = shm_unlink(name.as_str());
        }
        made
    }

    fn of_object(
        access: Access,
        object: Object,
        name: &str,
        path: &Path,
        bytes: usize,
    ) -> Result<Self, String> {
        let owner_only = Mode::from_bits_truncate(0o600);
        // A umask may have taken even the owner's permissions.
        let lock = fchmodat(AT_FDCWD, path, owner_only, FchmodatFlags::FollowSymlink)
            .and_then(|()| shm_open(name, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()))
            .map_err(|errno| format!("{}: {}", path.display(), errno.desc()))?;
        prepare(&lock, access, bytes).map_err(|why| why.of(path, bytes))?;
        permit(&lock, access).map_err(|why| why.of(path, bytes))?;
        let identity = Identity::of(&lock).ok_or("its file cannot be told from others")?;
        let base = object.base().ok_or("no mapping")?;
        let object = Some((name.to_owned(), ManuallyDrop::new(object)));
        // SAFETY: a new object of `bytes` bytes, zeroed, mapped for good, known to nobody else here.
        let segment = unsafe { Segment::new(base, bytes) };
        Ok(Self { segment, path: path.to_owned(), lock, identity, object })
    }

    fn in_file(
        access: Access,
        directory: &Path,
        board: &str,
        bytes: usize,
    ) -> Result<Self, String> {
        let path = directory.join(board);
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        let lock = open(directory, flags, Mode::from_bits_truncate(0o600))
            .map_err(|errno| format!("{}: {}", directory.display(), errno.desc()))?;
        prepare(&lock, access, bytes).map_err(|why| why.of(&path, bytes))?;
        let file = File::from(lock.try_clone().map_err(|error| error.to_string())?);
        let mut options = memmap2::MmapOptions::new();
        let map = options
            .len(bytes)
            .populate()
            .map_raw(&file)
            .map_err(|error| format!("{}: cannot be mapped: {error}", path.display()))?;
        let base = NonNull::new(map.as_mut_ptr()).ok_or("no mapping")?;
        // The mapping stays for the life of the process.
        std::mem::forget(map);
        permit(&lock, access).map_err(|why| why.of(&path, bytes))?;
        let identity = Identity::of(&lock).ok_or("its file cannot be told from others")?;
        // SAFETY: a new file of `bytes` bytes, zeroed, mapped for good, known to nobody else.
        let segment = unsafe { Segment::new(base, bytes) };
        Ok(Self { segment, path, lock, identity, object: None })
    }

    /// Gives the board its name, if it has none yet. A file gets it when the board is complete.
    pub(crate) fn show(&self) -> Result<(), String> {
        if self.object.is_some() {
            return Ok(());
        }
        let from = format!("/proc/self/fd/{}", self.lock.as_raw_fd());
        linkat(AT_FDCWD, from.as_str(), AT_FDCWD, &self.path, AtFlags::AT_SYMLINK_FOLLOW).map_err(
            |errno| format!("{}: no name for the board: {}", self.path.display(), errno.desc()),
        )
    }

    /// What the lock's descriptor is.
    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Takes the name away, if it still is this board's.
    pub(crate) fn remove(&self) {
        if self.identity.is_named(&self.path) {
            let _ = match &self.object {
                Some((name, _)) => shm_unlink(name.as_str()),
                None => unlink(&self.path),
            };
        }
    }
}

/// What could not be done with a board's new file.
struct Refused(&'static str, Errno);

impl Refused {
    fn of(&self, path: &Path, bytes: usize) -> String {
        let Self(what, errno) = self;
        format!("{}: cannot {what} ({bytes} bytes): {}", path.display(), errno.desc())
    }
}

/// Reserves every byte and locks.
fn prepare(fd: &OwnedFd, access: Access, bytes: usize) -> Result<(), Refused> {
    let reserve = |errno| Refused("reserve the board", errno);
    let length = libc::off_t::try_from(bytes).map_err(|_| reserve(Errno::EFBIG))?;
    loop {
        // SAFETY: the descriptor is open; the call touches no memory of ours.
        match unsafe { libc::posix_fallocate(fd.as_raw_fd(), 0, length) } {
            0 => break,
            libc::EINTR => {}
            errno => return Err(reserve(Errno::from_raw(errno))),
        }
    }
    let lock = crate::on::ground::limits::whole_file_lock();
    fcntl(fd, FcntlArg::F_OFD_SETLK(&lock)).map_err(|errno| Refused("lock the board", errno))?;
    if access.group.is_some() {
        fchown(fd, None::<Uid>, access.group)
            .map_err(|errno| Refused("give the board to PROBE_GROUP", errno))?;
    }
    Ok(())
}

/// Sets the permissions, once the map is made: from then on nobody opens the board to write, and nothing of
/// the same user truncates it by a slip, which would end the daemon.
fn permit(fd: &OwnedFd, access: Access) -> Result<(), Refused> {
    let mode = Mode::from_bits_truncate(access.mode);
    fchmod(fd, mode).map_err(|errno| Refused("set the board's permissions", errno))
}
