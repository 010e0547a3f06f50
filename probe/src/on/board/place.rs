//! Where a board may be: what is wrong with a directory is said before it is touched, by its name and
//! with what to do.

use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::on::ground::mounts::{Medium, Mounts};

/// Where shared-memory objects appear as files.
pub(crate) const SHM_DIRECTORY: &str = "/dev/shm";

/// Where a board is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// In a file in this directory; in shared memory when `None`.
    pub(crate) directory: Option<&'a Path>,
    /// Whether that may be on a disk.
    pub(crate) on_disk: bool,
}

/// The directory that this board goes to, without links.
///
/// # Errors
/// One sentence: what, why, what to do.
pub(crate) fn find(wanted: Wanted<'_>, mounts: Option<&Mounts>) -> Result<PathBuf, String> {
    let Some(directory) = wanted.directory else { return shared_memory(wanted, mounts) };
    let named = directory.display();
    if !directory.is_absolute() {
        return Err(format!(
            "{named} is a relative path: name the directory from / on (PROBE_BOARD=file:/run/NAME)"
        ));
    }
    let mounts = mounts.ok_or_else(|| {
        format!("{named}: without /proc nobody knows what it is on: mount it, or PROBE_BOARD=shm")
    })?;
    let found = mounts.follow(directory).map_err(|why| {
        let missing = why.ends_with(nix::errno::Errno::ENOENT.desc());
        if missing { format!("{why}: make it (mkdir -m 0700)") } else { why }
    })?;
    in_memory(wanted, mounts, directory, &found)?;
    check_owner(directory, &found)?;
    Ok(found)
}

/// The system's own place. Without `/proc` it is believed to be what it is everywhere.
fn shared_memory(wanted: Wanted<'_>, mounts: Option<&Mounts>) -> Result<PathBuf, String> {
    let directory = Path::new(SHM_DIRECTORY);
    if let Some(mounts) = mounts {
        let otherwise = |why| format!("{why}: set PROBE_BOARD=file:DIR");
        let found = mounts.follow(directory).map_err(otherwise)?;
        in_memory(wanted, mounts, directory, &found)?;
    }
    Ok(directory.to_owned())
}

/// Only a file system in memory never makes a store wait.
fn in_memory(
    wanted: Wanted<'_>,
    mounts: &Mounts,
    directory: &Path,
    found: &Path,
) -> Result<(), String> {
    let named = directory.display();
    let Some(mount) = mounts.of(found) else {
        // After `chroot`: what the root is on does not stand in the table.
        return if wanted.on_disk {
            Ok(())
        } else {
            Err(format!(
                "{named}: what it is on cannot be seen from here (chroot?): mount a tmpfs there, or \
                 say PROBE_BOARD=disk:{named}"
            ))
        };
    };
    match mount.medium() {
        Medium::Memory => Ok(()),
        Medium::Disk if wanted.on_disk => Ok(()),
        Medium::Disk => Err(format!(
            "{named} is on {}, a disk, where a probe may wait for writes: name a directory on tmpfs, as \
             /run and /dev/shm are, or accept that with PROBE_BOARD=disk:DIR",
            mount.kind
        )),
        Medium::Kernel | Medium::Foreign => Err(format!(
            "{named} is on {}, which is no place for files: name a directory on tmpfs, as /run and \
             /dev/shm are",
            mount.kind
        )),
    }
}

/// A directory for boards must not let others put something in a board's place.
fn check_owner(directory: &Path, found: &Path) -> Result<(), String> {
    let named = directory.display();
    let stat = nix::sys::stat::stat(found).map_err(|errno| format!("{named}: {}", errno.desc()))?;
    if stat.st_mode & libc::S_IFMT != libc::S_IFDIR {
        return Err(format!("{named} is no directory: name one"));
    }
    let owner = Uid::from_raw(stat.st_uid);
    if !owner.is_root() && owner != Uid::effective() {
        return Err(format!(
            "{named} belongs to uid {owner}: boards go only into a directory of one's own or root's"
        ));
    }
    if stat.st_mode & 0o022 == 0 {
        return Ok(());
    }
    Err(if stat.st_mode & libc::S_ISVTX != 0 {
        format!(
            "{named} is open to everybody: make a directory of one's own in it \
             (mkdir -m 0700 {named}/boards)"
        )
    } else {
        format!("{named} can be written by others: take the permission away (chmod go-w)")
    })
}
