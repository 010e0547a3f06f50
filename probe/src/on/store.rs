//! Where a board lives: a named object in shared memory, or a file in a directory. Either is reserved
//! in full before the first store, gets its exact permissions, and is locked for as long as the process
//! lives, so that a reader can tell the living from the dead.
#![expect(unsafe_code, reason = "hands fresh mappings to `Segment`, and one allocation call")]

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, OFlag, fcntl, open};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::{Mode, fchmod, fstat};
use nix::unistd::{Uid, fchown, linkat, unlink};
use shared_memory::{ShmemConf, ShmemError};

use super::config::Config;
use super::limits;
use super::segment::Segment;

/// Where shared-memory objects appear as files.
const SHM_DIRECTORY: &str = "/dev/shm";

/// A board's memory and the name under which others find it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) segment: Segment,
    /// Its path, as a reader opens it.
    pub(super) path: PathBuf,
    /// Open for as long as the process lives: the lock is on it.
    pub(super) lock: OwnedFd,
    /// Name in shared memory; `None` for a file.
    object: Option<String>,
}

impl Store {
    /// Makes the memory for a board called `board`, `bytes` long, zeroed.
    ///
    /// # Errors
    /// One sentence: what, why, what to do. Nothing is left behind then.
    pub(super) fn create(config: &Config, board: &str, bytes: usize) -> Result<Self, String> {
        let directory = config.directory.as_deref().unwrap_or(Path::new(SHM_DIRECTORY));
        if let Some(why) = limits::refuse(directory, bytes as u64) {
            return Err(why);
        }
        match &config.directory {
            None => Self::in_shared_memory(config, board, bytes),
            Some(directory) => Self::in_file(config, directory, board, bytes),
        }
    }

    fn in_shared_memory(config: &Config, board: &str, bytes: usize) -> Result<Self, String> {
        let path = Path::new(SHM_DIRECTORY).join(board);
        let name = format!("/{board}");
        let mut memory = ShmemConf::new().os_id(&name).size(bytes).create().map_err(|error| {
            let why = match error {
                ShmemError::MappingIdExists => {
                    return format!("{} is there already: remove it", path.display());
                }
                ShmemError::MapCreateFailed(errno) | ShmemError::UnknownOsError(errno) => {
                    Errno::from_raw(errno as i32).desc().to_owned()
                }
                other => other.to_string(),
            };
            format!("{}: {why}: set PROBE_BOARD=file:DIR to have it elsewhere", path.display())
        })?;
        // From here on the object is removed by us alone: the crate would do it by name, also in a
        // forked child.
        memory.set_owner(false);
        let lock = shm_open(name.as_str(), OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
            .and_then(|fd| prepare(&fd, config, bytes).map(|()| fd));
        let lock = lock.map_err(|errno| {
            // Only what was just made is removed: the name did not exist before.
            let _ = shm_unlink(name.as_str());
            refusal(&path, errno, bytes)
        })?;
        let base = NonNull::new(memory.as_ptr()).ok_or("no mapping")?;
        // The mapping stays for the life of the process.
        std::mem::forget(memory);
        // SAFETY: a new object of `bytes` bytes, zeroed, mapped for good, known to nobody else here.
        let segment = unsafe { Segment::new(base, bytes) };
        Ok(Self { segment, path, lock, object: Some(name) })
    }

    fn in_file(
        config: &Config,
        directory: &Path,
        board: &str,
        bytes: usize,
    ) -> Result<Self, String> {
        let path = directory.join(board);
        check_directory(directory)?;
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        let lock = open(directory, flags, Mode::from_bits_truncate(0o600))
            .and_then(|fd| prepare(&fd, config, bytes).map(|()| fd))
            .map_err(|errno| refusal(&path, errno, bytes))?;
        let file = File::from(lock.try_clone().map_err(|error| error.to_string())?);
        let mut options = memmap2::MmapOptions::new();
        let map = options
            .len(bytes)
            .populate()
            .map_raw(&file)
            .map_err(|error| format!("{}: cannot be mapped: {error}", path.display()))?;
        let base = NonNull::new(map.as_mut_ptr()).ok_or("no mapping")?;
        std::mem::forget(map);
        // SAFETY: a new file of `bytes` bytes, zeroed, mapped for good, known to nobody else.
        let segment = unsafe { Segment::new(base, bytes) };
        Ok(Self { segment, path, lock, object: None })
    }

    /// Gives the board its name, if it has none yet. A file gets it when the board is complete.
    pub(super) fn show(&self) -> Result<(), String> {
        if self.object.is_some() {
            return Ok(());
        }
        let from = format!("/proc/self/fd/{}", self.lock.as_raw_fd());
        linkat(AT_FDCWD, from.as_str(), AT_FDCWD, &self.path, AtFlags::AT_SYMLINK_FOLLOW)
            .map_err(|errno| refusal(&self.path, errno, self.segment.length()))
    }

    /// Takes the name away, if it still is this board's.
    pub(super) fn remove(&self) {
        let same = fstat(self.lock.as_fd()).is_ok_and(|ours| {
            nix::sys::stat::lstat(&self.path)
                .is_ok_and(|named| (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino))
        });
        if same {
            let _ = match &self.object {
                Some(name) => shm_unlink(name.as_str()),
                None => unlink(&self.path),
            };
        }
    }
}

/// Reserves every byte, locks, and sets owner and permissions.
fn prepare(fd: &OwnedFd, config: &Config, bytes: usize) -> Result<(), Errno> {
    let length = libc::off_t::try_from(bytes).map_err(|_| Errno::EFBIG)?;
    loop {
        // SAFETY: the descriptor is open; the call touches no memory of ours.
        match unsafe { libc::posix_fallocate(fd.as_raw_fd(), 0, length) } {
            0 => break,
            libc::EINTR => {}
            errno => return Err(Errno::from_raw(errno)),
        }
    }
    let lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(fd, FcntlArg::F_OFD_SETLK(&lock))?;
    if config.group.is_some() {
        fchown(fd, None::<Uid>, config.group)?;
    }
    fchmod(fd, Mode::from_bits_truncate(config.permissions()))
}

/// A directory for boards must not let others put something in a board's place.
fn check_directory(directory: &Path) -> Result<(), String> {
    let stat = nix::sys::stat::stat(directory)
        .map_err(|errno| format!("{}: {}", directory.display(), errno.desc()))?;
    let owner = Uid::from_raw(stat.st_uid);
    if !owner.is_root() && owner != Uid::effective() {
        return Err(format!(
            "{} belongs to uid {owner}: boards go only into a directory of one's own or root's",
            directory.display()
        ));
    }
    let open_to_all = stat.st_mode & 0o022 != 0 && stat.st_mode & libc::S_ISVTX == 0;
    if open_to_all {
        return Err(format!(
            "{} can be written by others: take the permission away (chmod go-w)",
            directory.display()
        ));
    }
    Ok(())
}

fn refusal(path: &Path, errno: Errno, bytes: usize) -> String {
    let what = path.display();
    format!("{what}: cannot reserve {bytes} bytes: {}", errno.desc())
}
