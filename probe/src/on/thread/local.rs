//! What this thread knows of itself, in thread-local memory: where its current frame is and where its
//! counters are. Every probe starts here.
//!
//! The cursor is the address of the current frame, or [`UNREGISTERED`]. It is set from private memory
//! only, never from a word on the board, and always points to a frame that stays mapped for the life
//! of the process: on the board, or in a private block, or in the sink that a thread falls back to at
//! its end.
#![expect(unsafe_code, reason = "where a cursor may point is for the caller of `move_to` to say")]

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering, compiler_fence};

use super::place::Place;
use super::private::Private;
#[cfg(feature = "trail")]
use super::private::SINK_FRAME;
#[cfg(feature = "trail")]
use super::trail::Trail;
use crate::layout::{BLOCK_BYTES, FrameRecord, PARTY_UNKNOWN, WorkerRecord};

/// The cursor of a thread that has not probed yet. One frame further is a multiple of the block size,
/// so that entering a scope asks one question for "no room" and "not registered".
pub(super) const UNREGISTERED: *const FrameRecord =
    ptr::without_provenance(0usize.wrapping_sub(size_of::<FrameRecord>()));

/// Where the cursor of a thread without a place points.
#[cfg(not(feature = "trail"))]
const NOWHERE: *const FrameRecord = UNREGISTERED;
/// Where the cursor of a thread without a place points: a frame that nobody reads.
#[cfg(feature = "trail")]
const NOWHERE: *const FrameRecord = SINK_FRAME;

/// This thread's place. On one cache line.
#[repr(C, align(64))]
pub(crate) struct Local {
    /// The current frame.
    pub(super) cursor: Cell<*const FrameRecord>,
    /// This thread's counters; null before registration.
    pub(super) shard: Cell<*const AtomicU64>,
    /// Where the next tag of this thread's trail goes.
    #[cfg(feature = "trail")]
    pub(crate) trail: Trail,
    /// This thread's worker record; `None` for threads without a place on the board.
    pub(crate) worker: Cell<Option<&'static WorkerRecord>>,
    /// This thread as the holder of a lock; 0 before it asked for a slot.
    pub(crate) me: Cell<u64>,
    /// Where it notes the next lock that it holds shared; a multiple of 128 when there is no room, or no slot.
    pub(crate) shared: Cell<*const AtomicU64>,
    /// Slot index plus 1; 0 for threads without one.
    pub(crate) slot: Cell<u32>,
    /// Set while this thread is being registered: a signal handler that probes then is dropped.
    pub(crate) registering: Cell<bool>,
    /// Set while an argument is being replaced: a signal handler's tag with an argument is dropped then.
    pub(super) replacing: Cell<bool>,
    /// This thread's private block, once it needed one.
    pub(crate) private: Cell<Option<&'static Private>>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            cursor: Cell::new(NOWHERE),
            shard: Cell::new(ptr::null()),
            #[cfg(feature = "trail")]
            trail: Trail::new(),
            worker: Cell::new(None),
            me: Cell::new(0),
            shared: Cell::new(ptr::null()),
            slot: Cell::new(0),
            registering: Cell::new(false),
            replacing: Cell::new(false),
            private: Cell::new(None),
        }
    };
}

/// Runs `body` with this thread's place. The thread-local has no destructor, so it is there for the
/// whole life of the thread, also in other thread-locals' destructors.
#[inline(always)]
pub(crate) fn with<T>(body: impl FnOnce(&Local) -> T) -> T {
    LOCAL.with(body)
}

/// Address of the cursor's thread-local: a slot's hot words keep clear of its low 12 bits, or every
/// tag's load of the cursor would wait for the last tag's store.
pub(crate) fn address() -> usize {
    with(|local| ptr::from_ref(local).addr())
}

/// Puts this thread there. What it had at another place (histogram blocks, operations) is not asked about here:
/// whoever moves it sees to that.
///
/// # Safety
/// `place.block` is a whole frame block, aligned to its size, and `place.shard` a whole shard, both
/// mapped for the rest of the process's life.
pub(crate) unsafe fn move_to(place: Place) {
    with(|local| {
        local.slot.set(place.slot);
        local.me.set(place.party);
        local.shared.set(place.shared);
        local.worker.set(place.worker);
        #[cfg(feature = "trail")]
        local.trail.begin(place.trail);
        local.shard.set(place.shard.as_ptr());
        // The base frame is the second of its block.
        local.cursor.set(place.block.as_ptr().wrapping_add(1));
    });
}

/// This thread counts in `private` from now on and is nowhere: its next tag or scope asks for a slot.
pub(crate) fn go_private(private: &'static Private) {
    with(|local| {
        // First: a signal handler's probes then find no place, and are dropped.
        local.cursor.set(NOWHERE);
        compiler_fence(Ordering::Release);
        local.slot.set(0);
        local.me.set(PARTY_UNKNOWN);
        local.shared.set(ptr::null());
        local.worker.set(None);
        local.shard.set(private.shard().as_ptr());
    });
}

/// Whether this thread counts in private memory and is nowhere.
pub(crate) fn is_private() -> bool {
    has_place() && with(|local| local.cursor.get()) == UNREGISTERED
}

/// Whether this thread has a slot and is outside of every scope.
pub(crate) fn is_at_base() -> bool {
    let cursor = with(|local| local.cursor.get()).addr();
    // The base frame is the second of its block.
    with(|local| local.slot.get()) != 0 && cursor & (BLOCK_BYTES - 1) == size_of::<FrameRecord>()
}

/// Takes this thread's place away: the next probe registers it again.
pub(crate) fn leave_place() {
    with(|local| {
        local.cursor.set(NOWHERE);
        local.shard.set(ptr::null());
        #[cfg(feature = "trail")]
        local.trail.reset();
        local.worker.set(None);
        local.slot.set(0);
        local.me.set(0);
        local.shared.set(ptr::null());
    });
}

/// Whether this thread has a place.
pub(crate) fn has_place() -> bool {
    with(|local| !local.shard.get().is_null())
}

/// Whether this thread is inside a scope, so that its line will be what it was.
#[cfg(feature = "tracing")]
pub(crate) fn is_in_scope() -> bool {
    // The base frame is the second of its block.
    has_place()
        && with(|local| local.cursor.get()).addr() & (BLOCK_BYTES - 1) > size_of::<FrameRecord>()
}
