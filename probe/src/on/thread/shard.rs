//! A thread's counters: words that it alone writes, and the reader adds up over all threads.
#![expect(unsafe_code, reason = "follows this thread's own shard pointer; see `local`'s invariant")]

use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;

use super::local;
use crate::protocol::sums;

/// A thread's counters.
#[derive(Clone, Copy)]
pub(crate) struct Shard(NonNull<AtomicU64>);

/// This thread's counters; `None` before registration.
#[inline(always)]
pub(crate) fn shard() -> Option<Shard> {
    NonNull::new(local::with(|local| local.shard.get()).cast_mut()).map(Shard)
}

impl Shard {
    /// Adds to the word behind the one at `offset` bytes.
    #[inline(always)]
    pub(crate) fn add_second(self, offset: u32, n: u64) {
        self.add(offset + size_of::<u64>() as u32, n);
    }

    /// Adds to the counter at `offset` bytes.
    #[inline(always)]
    pub(crate) fn add(self, offset: u32, n: u64) {
        // SAFETY: by the invariant of `local` a shard is mapped as a whole, and offsets come from `Counter`,
        // `Hits` and `Spent`, which `describe` places inside a shard, the latter with the word behind it, and
        // which are 0 before that.
        let word = unsafe { self.0.byte_add(offset as usize) };
        // SAFETY: the word is inside the shard, as just said, which is mapped for the life of the process and
        // made of atomics; offsets are multiples of a word, so it is aligned.
        let word = unsafe { word.as_ref() };
        sums::add_alone(word, n);
    }
}
