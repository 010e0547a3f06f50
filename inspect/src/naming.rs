//! Gives a file the name that it will have: only where nothing has that name.

use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::linkat;

/// Gives a file its name, and never takes one from another file.
pub(crate) fn name(file: &impl AsRawFd, path: &Path, part: Option<&Path>) -> Result<(), Errno> {
    match part {
        None => {
            let held = format!("/proc/self/fd/{}", file.as_raw_fd());
            linkat(AT_FDCWD, held.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)
        }
        Some(part) => {
            match moved(part, path) {
                // Neither does every file system know this.
                Err(Errno::EINVAL | Errno::ENOSYS) => {
                    linkat(AT_FDCWD, part, AT_FDCWD, path, AtFlags::empty())?;
                    nix::unistd::unlink(part)
                }
                other => other,
            }
        }
    }
}

/// Moves a file to a name that nothing has.
#[cfg(target_env = "gnu")]
fn moved(part: &Path, path: &Path) -> Result<(), Errno> {
    use nix::fcntl::{RenameFlags, renameat2};
    renameat2(AT_FDCWD, part, AT_FDCWD, path, RenameFlags::RENAME_NOREPLACE)
}

/// Other C libraries are offered it without the flag alone.
#[cfg(not(target_env = "gnu"))]
fn moved(_: &Path, _: &Path) -> Result<(), Errno> {
    Err(Errno::ENOSYS)
}
