//! Private memory with the shape of a place on the board: for threads without a slot, for a process
//! without a board, and for threads at their very end.
//!
//! Blocks come from `mmap`, which is safe to call where a probe may stand, and are never given back to
//! the system: a thread that ends leaves its block, and the counts in it, to the next.
#![expect(unsafe_code, reason = "maps and casts private blocks")]

use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

use super::place::Place;
use crate::layout::{BLOCK_FRAMES, Capacity, FrameRecord, PARTY_UNKNOWN, shard_bytes};
use crate::on::board::records::Blocks;
#[cfg(feature = "trail")]
use crate::on::board::trail_ring::TrailRing;

/// Counters in a private shard: as many as a shard of the largest board has. Pages that no counter is in are
/// addresses and no memory.
pub(crate) const SHARD_WORDS: usize = 16_384;

const _: () = assert!(shard_bytes(Capacity::MOST.metrics) == SHARD_WORDS * size_of::<u64>());

/// A place off the board.
#[repr(C, align(4096))]
pub(crate) struct Private {
    shard: [AtomicU64; SHARD_WORDS],
    frames: Blocks,
    #[cfg(feature = "trail")]
    trail: TrailRing,
    /// 1 while no thread has it: all zeroes, a new block is its maker's, and the sink takes no room in the program.
    free: AtomicU64,
    /// The block made before it.
    next: AtomicPtr<Private>,
}

/// Every private block ever made, the newest first.
static ALL: AtomicPtr<Private> = AtomicPtr::new(core::ptr::null_mut());

/// Where threads write after they gave their place back. Its counts are added like any other block's.
static SINK: Private = Private {
    shard: [const { AtomicU64::new(0) }; SHARD_WORDS],
    frames: Blocks { blocks: [const { [const { new_frame() }; BLOCK_FRAMES] }; 2] },
    #[cfg(feature = "trail")]
    trail: TrailRing::new(),
    free: AtomicU64::new(0),
    next: AtomicPtr::new(core::ptr::null_mut()),
};

/// A frame of the sink, for a thread that has no place yet.
#[cfg(feature = "trail")]
pub(crate) const SINK_FRAME: *const FrameRecord = &raw const SINK.frames.blocks[0][1];
/// The sink's trail.
#[cfg(feature = "trail")]
pub(crate) const SINK_TRAIL: *const TrailRing = &raw const SINK.trail;

const fn new_frame() -> FrameRecord {
    FrameRecord {
        scope: AtomicU64::new(0),
        line: AtomicU64::new(0),
        arg: AtomicU64::new(0),
        scope_arg: AtomicU64::new(0),
    }
}

impl Private {
    /// The place it makes for the thread whose cursor stands at `address`.
    pub(crate) fn place(&'static self, address: usize) -> Place {
        let shard = self.shard();
        let (_, block) = self.frames.clear_of(address);
        Place {
            block,
            shard,
            #[cfg(feature = "trail")]
            trail: &self.trail,
            worker: None,
            slot: 0,
            party: PARTY_UNKNOWN,
            shared: core::ptr::null(),
        }
    }

    /// Its counters.
    pub(crate) fn shard(&'static self) -> NonNull<AtomicU64> {
        NonNull::from(&self.shard).cast()
    }

    /// Gives it to the next thread.
    pub(crate) fn leave(&self) {
        // Release: pairs with the acquire in `take`; this thread's last counts come first.
        self.free.store(1, Ordering::Release);
    }
}

/// The sink's place, likewise.
pub(crate) fn sink(address: usize) -> Place {
    SINK.place(address)
}

/// A block for this thread: one that a thread left, or a new one; `None` when there is no memory.
pub(crate) fn take() -> Option<&'static Private> {
    for block in all() {
        // Acquire: pairs with the release in `leave`.
        let free = block.free.compare_exchange(1, 0, Ordering::Acquire, Ordering::Relaxed);
        if free.is_ok() {
            return Some(block);
        }
    }
    let bytes = NonZeroUsize::new(size_of::<Private>())?;
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new anonymous mapping, placed by the kernel, overlaps nothing.
    let base = unsafe { mmap_anonymous(None, bytes, protection, MapFlags::MAP_PRIVATE) }.ok()?;
    let made: NonNull<Private> = base.cast();
    // SAFETY: the mapping is page-aligned, as large as `Private`, never unmapped, and zero bytes are a
    // valid `Private` (atomics and a null pointer).
    let block: &'static Private = unsafe { made.as_ref() };
    let mut head = ALL.load(Ordering::Relaxed);
    loop {
        block.next.store(head, Ordering::Relaxed);
        // Release: pairs with the acquire in `all`; the block is whole for whoever finds it.
        match ALL.compare_exchange(head, made.as_ptr(), Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return Some(block),
            Err(now) => head = now,
        }
    }
}

/// Every private block, the sink first.
fn all() -> impl Iterator<Item = &'static Private> {
    // Acquire: pairs with the release in `take`.
    let mut next = ALL.load(Ordering::Acquire);
    let made = core::iter::from_fn(move || {
        let at = NonNull::new(next)?;
        // SAFETY: blocks in the list were made by `take` and are never unmapped.
        let block: &'static Private = unsafe { at.as_ref() };
        next = block.next.load(Ordering::Acquire);
        Some(block)
    });
    core::iter::once(&SINK).chain(made)
}

/// Sum of word `index` over all private shards.
pub(crate) fn sum(index: usize) -> u64 {
    all()
        .filter_map(|block| block.shard.get(index))
        .fold(0, |sum, word| sum.wrapping_add(word.load(Ordering::Relaxed)))
}

/// Forgets what is in the first `words` of all private shards. Nobody counts in them meanwhile.
pub(crate) fn clear(words: usize) {
    let counted = all().flat_map(|block| block.shard.iter().take(words));
    // Only those that count something: the others' pages stay addresses without memory.
    for word in counted.filter(|word| word.load(Ordering::Relaxed) != 0) {
        word.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sink_is_zero_and_takes_no_room_in_a_program() {
        // The one word of it that is not a count: it said 1 while the sink was taken, and 36 KB stood in every program.
        assert_eq!(SINK.free.load(Ordering::Relaxed), 0);
        assert!(SINK.next.load(Ordering::Relaxed).is_null());
    }
}
