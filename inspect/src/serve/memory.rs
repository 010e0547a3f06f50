//! The server's memory: answers of megabytes are made on several threads, and glibc's allocator keeps for each thread
//! what its largest answer took, and more of everything once a large one was given back.
#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "tells glibc's allocator, which has no safe wrapper")
)]

/// Blocks from this size on are the kernel's again as soon as they are free.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 256 << 10;

/// Lets all threads share two arenas: in a soak five threads had one of 30 MB each. Naming the size of a large block
/// also keeps it where it is: by itself it grows to that of the largest ever freed, up to 32 MiB, and what is kept at
/// the end of an arena to twice as much.
pub(super) fn share() {
    #[cfg(target_env = "gnu")]
    for (setting, value) in [(libc::M_ARENA_MAX, 2), (libc::M_MMAP_THRESHOLD, LARGE)] {
        // SAFETY: a setting of the allocator by number, which it takes at any time; what it refuses it ignores.
        let _ = unsafe { libc::mallopt(setting, value) };
    }
}
