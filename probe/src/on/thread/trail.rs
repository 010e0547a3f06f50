//! The last tags of a thread, in order: a ring of 32 entries that a post-mortem reads to see the way that
//! led to the last line. Three stores more than a tag without it, 8 instructions in all.
//!
//! The ring starts at a multiple of its 256 bytes, so the low byte of the pointer to the next entry is
//! its place in the ring and wraps by itself. When it wraps, the thread looks whether it has a place
//! yet: a new thread's pointer starts at the last entry of a ring that nobody reads, so that its very
//! first tag wraps. That is why a tag need not ask whether it is registered.
//!
//! What a reader makes of it: [`crate::protocol::trail`]. Behind the last entry stands one more word.
#![expect(unsafe_code, reason = "follows this thread's own trail pointer")]

use core::cell::UnsafeCell;
use core::sync::atomic::AtomicU64;

use super::private::SINK_TRAIL;
use crate::layout::{TRAIL_ENTRIES, WORD};
use crate::on::board::trail_ring::{RING_BYTES, TrailRing};

/// The address of the next entry.
pub(crate) struct Trail(UnsafeCell<*const AtomicU64>);

impl Trail {
    /// At the last entry of the sink's ring.
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(Self::START))
    }

    const START: *const AtomicU64 = SINK_TRAIL.cast::<AtomicU64>().wrapping_add(TRAIL_ENTRIES - 1);

    /// At the first entry of `ring`.
    pub(crate) fn begin(&self, ring: &'static TrailRing) {
        self.set(core::ptr::from_ref(ring).cast());
    }

    /// Back to where a new thread starts.
    pub(crate) fn reset(&self) {
        self.set(Self::START);
    }

    /// The next entry.
    pub(super) fn next(&self) -> *const AtomicU64 {
        // SAFETY: only this thread reaches its trail, and no reference to the pointer is kept.
        unsafe { *self.0.get() }
    }

    fn set(&self, next: *const AtomicU64) {
        // SAFETY: only this thread reaches its trail, and no reference to the pointer is kept.
        unsafe { *self.0.get() = next };
    }

    /// Goes one entry on; tells whether that wrapped. On a little-endian machine the pointer's low byte
    /// is changed alone, in place: one instruction instead of three.
    #[inline(always)]
    pub(super) fn advance(&self) -> bool {
        if cfg!(target_endian = "little") {
            let low = self.0.get().cast::<u8>();
            // SAFETY: the first byte of this thread's own pointer.
            let next = unsafe { *low }.wrapping_add(WORD as u8);
            // SAFETY: the first byte of this thread's own pointer, which only this thread reaches; the pointer
            // stays inside its 256-byte-aligned ring.
            unsafe { *low = next };
            return next == 0;
        }
        let at = self.next();
        let next = at.map_addr(|at| at & !(RING_BYTES - 1) | (at + WORD) & (RING_BYTES - 1));
        self.set(next);
        next.addr() & (RING_BYTES - 1) == 0
    }
}
