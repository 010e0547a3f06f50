//! A place that a thread can be given.

use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;

use crate::layout::{FrameRecord, WorkerRecord};
#[cfg(feature = "trail")]
use crate::on::board::trail_ring::TrailRing;

/// Frames, counters, worker record. All of it stays mapped for the life of the process.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) block: NonNull<FrameRecord>,
    pub(crate) shard: NonNull<AtomicU64>,
    #[cfg(feature = "trail")]
    pub(crate) trail: &'static TrailRing,
    pub(crate) worker: Option<&'static WorkerRecord>,
    pub(crate) slot: u32,
    /// The thread as the holder of a lock.
    pub(crate) party: u64,
    /// The first of the words for locks that it holds shared; null without a slot.
    pub(crate) shared: *const AtomicU64,
}
