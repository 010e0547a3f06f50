//! The ring that holds the last tags of a thread: on the board, or in private memory.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::bytes::any_bytes;
use crate::layout::{TRAIL_ENTRIES, TRAIL_STRIDE, WORD};

/// Bytes of the entries. The ring starts at a multiple of them.
pub(crate) const RING_BYTES: usize = TRAIL_ENTRIES * WORD;

/// A ring of tags and the word behind it.
#[derive(Debug)]
#[repr(C, align(512))]
pub(crate) struct TrailRing {
    entries: [AtomicU64; TRAIL_ENTRIES],
    behind: AtomicU64,
    rest: [AtomicU64; TRAIL_STRIDE / WORD - TRAIL_ENTRIES - 1],
}

any_bytes!(TrailRing { entries, behind, rest });

const _: () = assert!(RING_BYTES == 256 && size_of::<TrailRing>() == TRAIL_STRIDE);

impl TrailRing {
    /// One without a tag.
    pub(crate) const fn new() -> Self {
        Self {
            entries: [const { AtomicU64::new(0) }; TRAIL_ENTRIES],
            behind: AtomicU64::new(0),
            rest: [const { AtomicU64::new(0) }; TRAIL_STRIDE / WORD - TRAIL_ENTRIES - 1],
        }
    }

    /// Forgets the last thread's tags.
    pub(crate) fn clear(&self) {
        for entry in &self.entries {
            entry.store(0, Ordering::Relaxed);
        }
    }
}
