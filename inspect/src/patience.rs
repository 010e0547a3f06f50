//! File systems that may never answer. A thread or process that waits for one of them cannot always be ended,
//! and keeps what it has open. So what may hang is first tried by a child that has nothing of ours, and is
//! left behind where it does not come back.
#![expect(unsafe_code, reason = "forks a child that makes system calls and nothing else")]

use std::collections::HashMap;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

use crate::proc::{self, Mount};

/// What does not answer in this time is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Entries of a directory that are tried.
const TRIED: usize = 64;

/// File systems of this machine's own: they answer, or the machine is broken.
const OWN: [&str; 34] = [
    "tmpfs",
    "devtmpfs",
    "ramfs",
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "zfs",
    "f2fs",
    "overlay",
    "squashfs",
    "erofs",
    "vfat",
    "exfat",
    "iso9660",
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "devpts",
    "mqueue",
    "hugetlbfs",
    "debugfs",
    "tracefs",
    "securityfs",
    "pstore",
    "bpf",
    "configfs",
    "binfmt_misc",
    "fusectl",
    "nsfs",
    "efivarfs",
    "selinuxfs",
];

/// Paths that did not answer, so that each is waited for once.
static SILENT: Mutex<Option<HashMap<PathBuf, ()>>> = Mutex::new(None);

/// Whether a path may be touched.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`], with what was tried: its file system does not answer.
pub(crate) fn answers(path: &Path) -> io::Result<()> {
    if !may_hang(path) {
        return Ok(());
    }
    let silent = || {
        let seconds = PATIENCE.as_secs();
        let text = format!("its file system did not answer in {seconds} s; given up");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    };
    let mut known = SILENT.lock().unwrap_or_else(PoisonError::into_inner);
    if known.get_or_insert_default().contains_key(path) {
        return silent();
    }
    if tried(path)? {
        return Ok(());
    }
    known.get_or_insert_default().insert(path.to_owned(), ());
    silent()
}

#[cfg(feature = "cli")]
/// The paths that did not answer so far: they are said, whatever else is shown.
pub(crate) fn given_up() -> Vec<PathBuf> {
    let known = SILENT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut paths: Vec<PathBuf> = known.iter().flat_map(HashMap::keys).cloned().collect();
    paths.sort();
    paths
}

/// Whether a path may be on a file system that somebody else answers for. Only the mount table is asked.
fn may_hang(path: &Path) -> bool {
    let mounts = proc::mounts("self").unwrap_or_default();
    // What a process holds is where its link says. The link itself asks nobody.
    let held = path.starts_with("/proc")
        && path.parent().is_some_and(|dir| dir.ends_with("fd") || dir.ends_with("map_files"));
    let target = if held { std::fs::read_link(path).ok() } else { None };
    let path = target.as_deref().unwrap_or(path);
    on_foreign(&mounts, path)
}

/// The same by a mount table. A path through another process's root is not in it; and where there is any
/// foreign file system, a link may lead there from everywhere but shared memory.
fn on_foreign(mounts: &[Mount], path: &Path) -> bool {
    let foreign = |mount: &&Mount| !OWN.contains(&&*mount.kind);
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.starts_with("/proc") {
        return path.components().any(|part| part.as_os_str() == "root");
    }
    // Of mounts at one place the last is on top.
    let over = mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.at))
        .max_by_key(|mount| mount.at.len());
    over.as_ref().is_some_and(foreign)
        || !path.starts_with("/dev/shm") && mounts.iter().any(|mount| foreign(&mount))
}

/// Lets a child look at a path, open it, and read of it. Whether it came back in time.
fn tried(path: &Path) -> io::Result<bool> {
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return Ok(true) };
    // SAFETY: the child makes system calls on memory that was there before, and `_exit`s: nothing in it
    // takes a lock or allocates.
    let child = match unsafe { fork() }? {
        ForkResult::Child => {
            touch(&name);
            // SAFETY: `_exit` has no precondition.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => child,
    };
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(200);
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) | Err(_) => return Ok(true),
        }
        if Instant::now() >= deadline {
            // It ends when its file system lets it.
            let _ = kill(child, Signal::SIGKILL);
            return Ok(false);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Everything that is asked of a file or a directory later. What it answers does not matter.
fn touch(name: &CString) {
    let mut bytes = [0u8; 4096];
    // SAFETY: closes descriptors of this process, which is a copy made for this alone.
    unsafe { libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0) };
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY;
    // SAFETY: the name ends with a zero byte and outlives the call.
    let fd = unsafe { libc::open(name.as_ptr(), flags) };
    if fd < 0 {
        return;
    }
    // SAFETY: all zeros is a value of this plain struct.
    let mut facts: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is ours and as large as the kernel takes it for.
    unsafe { libc::fstat(fd, &mut facts) };
    // SAFETY: all zeros is a value of this plain struct.
    let mut room: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is ours and as large as the kernel takes it for.
    unsafe { libc::fstatfs(fd, &mut room) };
    if facts.st_mode & libc::S_IFMT != libc::S_IFDIR {
        // SAFETY: the buffer is ours and of this length.
        unsafe { libc::pread(fd, bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        return;
    }
    // SAFETY: as for the read.
    let length =
        unsafe { libc::syscall(libc::SYS_getdents64, fd, bytes.as_mut_ptr(), bytes.len()) };
    let mut at = 0;
    for _ in 0..TRIED {
        // An entry: inode, offset, its length, its kind, its name up to a zero byte.
        let size = bytes
            .get(at + 16..at + 18)
            .map_or(0, |size| usize::from(size[0]) | usize::from(size[1]) << 8);
        if size < 20 || at + size > usize::try_from(length).unwrap_or(0) {
            return;
        }
        let Some(name) = bytes.get(at + 19..) else { return };
        // SAFETY: the kernel ends each name with a zero byte inside its entry, which is inside the buffer.
        unsafe { libc::fstatat(fd, name.as_ptr().cast(), &mut facts, libc::AT_SYMLINK_NOFOLLOW) };
        at += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::parse_mounts as parse;

    const MOUNTS: &str =
        "22 1 254:0 / / rw - ext4 /dev/vda rw\n23 22 0:5 / /dev/shm rw - tmpfs tmpfs rw\n";

    #[test]
    fn only_what_somebody_else_answers_for_is_tried() {
        let foreign = format!("{MOUNTS}30 22 0:40 / /mnt/far rw - fuse fusehang rw\n");
        let over = format!("{MOUNTS}30 23 0:40 / /dev/shm rw - fuse.sshfs far rw\n");
        for (mounts, path, expected) in [
            (MOUNTS, "/dev/shm", false),
            (MOUNTS, "/home/a.rec", false),
            (MOUNTS, "/proc/7/fd/3", false),
            (MOUNTS, "/proc/7/root/dev/shm", true),
            (&foreign, "/mnt/far/recordd.1.1", true),
            (&foreign, "/dev/shm/recordd.1.1", false),
            (&foreign, "/home/a-link", true),
            (&over, "/dev/shm", true),
        ] {
            assert_eq!(on_foreign(&parse(mounts), Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_child_looks_at_files_and_directories_and_comes_back() {
        for path in ["/", "/proc/self/exe", "/nowhere/at/all", "/dev"] {
            assert!(tried(Path::new(path)).expect("a child"), "{path}");
        }
    }
}
