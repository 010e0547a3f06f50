//! The server's memory: answers of megabytes are made on several threads, and glibc's allocator keeps for each thread
//! what its largest answer took, and more of everything once a large one was given back.
#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "tells glibc's allocator, which has no safe wrapper")
)]

use std::time::{Duration, Instant};

/// Between two times that free memory is given back.
const EVERY: Duration = Duration::from_secs(10);

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

/// Gives free memory back to the kernel now and then. What large boards took lies between what others still hold, and
/// would stay for as long as the server: 100 MB after six boards of 2,000 operations each had come and gone.
#[derive(Debug)]
pub(super) struct GiveBack(Instant);

impl GiveBack {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    /// To be called after each look.
    pub(super) fn now_and_then(&mut self) {
        if self.0.elapsed() < EVERY {
            return;
        }
        self.0 = Instant::now();
        #[cfg(target_env = "gnu")]
        // SAFETY: the allocator looks through what is free, with its own locks; nothing that is held moves.
        let _ = unsafe { libc::malloc_trim(0) };
    }
}
