//! The server's memory: answers of megabytes are made on several threads, and glibc's allocator keeps for each thread
//! what its largest answer took.
#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "tells glibc's allocator, which has no safe wrapper")
)]

/// Lets all threads share two arenas: in a soak five threads had one of 30 MB each.
pub(super) fn share() {
    // SAFETY: a setting of the allocator by number, which it takes at any time; what it refuses it ignores.
    #[cfg(target_env = "gnu")]
    let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}
