//! A named object in shared memory, new, mapped for the life of the process.
//!
//! Where probes were asked for (the feature `enable`) `shared_memory` makes it. In a plain debug build, which a program
//! gets without asking, the same calls are made here: cargo knows no profiles when it chooses dependencies, and every
//! plain release build would compile the eleven crates that `shared_memory` brings, for nothing.

use core::ptr::NonNull;

use nix::errno::Errno;

/// What maps an object.
#[cfg(feature = "enable")]
type Mapping = shared_memory::Shmem;
#[cfg(not(feature = "enable"))]
type Mapping = memmap2::MmapRaw;

/// An object that is mapped for as long as this is kept; the memory that it holds is there for a leak checker to find.
pub(super) struct Object(Mapping);

impl Object {
    /// Where its first byte is.
    pub(super) fn base(&self) -> Option<NonNull<u8>> {
        #[cfg(feature = "enable")]
        let base = self.0.as_ptr();
        #[cfg(not(feature = "enable"))]
        let base = self.0.as_mut_ptr();
        NonNull::new(base)
    }
}

/// Makes `/name`, `bytes` long, zeroed, and maps it.
///
/// # Errors
/// The system's; nothing is left behind then. `EEXIST` when there is one of that name.
#[cfg(feature = "enable")]
pub(super) fn create(name: &str, bytes: usize) -> Result<Object, Errno> {
    use shared_memory::{ShmemConf, ShmemError};

    let mut memory =
        ShmemConf::new().os_id(name).size(bytes).create().map_err(|error| match error {
            ShmemError::MappingIdExists => Errno::EEXIST,
            ShmemError::MapCreateFailed(errno) | ShmemError::UnknownOsError(errno) => {
                Errno::from_raw(errno as i32)
            }
            _ => Errno::EINVAL,
        })?;
    // The object is removed by us alone: the crate would do it by name, also in a forked child.
    memory.set_owner(false);
    Ok(Object(memory))
}

/// Makes `/name`, `bytes` long, zeroed, and maps it.
///
/// # Errors
/// The system's; nothing is left behind then. `EEXIST` when there is one of that name.
#[cfg(not(feature = "enable"))]
pub(super) fn create(name: &str, bytes: usize) -> Result<Object, Errno> {
    use nix::fcntl::OFlag;
    use nix::sys::mman::{shm_open, shm_unlink};
    use nix::sys::stat::Mode;

    let new = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    let object = shm_open(name, new, Mode::from_bits_truncate(0o600))?;
    let mapped = map(&object, bytes);
    if mapped.is_err() {
        // Only what was just made is removed: the name did not exist before.
        let _ = shm_unlink(name);
    }
    mapped
}

/// Makes a new object `bytes` long, and maps it.
#[cfg(not(feature = "enable"))]
fn map(object: &std::os::fd::OwnedFd, bytes: usize) -> Result<Object, Errno> {
    let length = libc::off_t::try_from(bytes).map_err(|_| Errno::EFBIG)?;
    nix::unistd::ftruncate(object, length)?;
    let map = memmap2::MmapOptions::new().len(bytes).map_raw(object);
    let map = map.map_err(|error| error.raw_os_error().map_or(Errno::ENOMEM, Errno::from_raw))?;
    Ok(Object(map))
}
