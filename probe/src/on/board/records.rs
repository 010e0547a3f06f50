//! Records that the layout describes by their parts: a histogram's block, a slot's frames, a ring of the last
//! minute.

use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;

use super::segment::Words;
use crate::layout::bytes::any_bytes;
use crate::layout::*;

/// A histogram block: head and buckets.
#[derive(Debug)]
#[repr(C, align(8))]
pub(crate) struct Buckets {
    pub(crate) head: HistogramBlock,
    pub(crate) counts: [AtomicU64; BUCKETS],
}

any_bytes!(Buckets { head, counts });

/// The two frame blocks of a slot.
#[derive(Debug)]
#[repr(C, align(1024))]
pub(crate) struct Blocks {
    pub(crate) blocks: [[FrameRecord; BLOCK_FRAMES]; 2],
}

any_bytes!(Blocks { blocks });

impl Blocks {
    /// The block whose addresses differ from `address` in their low 12 bits, and its number: there every
    /// frame can be the hot one. One of the two always does.
    pub(crate) fn clear_of(&'static self, address: usize) -> (usize, NonNull<FrameRecord>) {
        const PAGE_MASK: usize = 4095;
        let hits = |block: &[FrameRecord; BLOCK_FRAMES]| {
            let start = core::ptr::from_ref(block).addr();
            (address.wrapping_sub(start) & PAGE_MASK) < BLOCK_BYTES
        };
        let index = usize::from(hits(&self.blocks[0]));
        (index, NonNull::from(&self.blocks[index]).cast())
    }
}

/// A ring of the last minute.
#[derive(Debug)]
pub(crate) struct MinuteRing {
    pub(crate) head: &'static RingHead,
    pub(crate) words: Words,
    pub(crate) shape: RingShape,
    pub(crate) entry_words: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Blocks {
        let frame = || FrameRecord {
            scope: AtomicU64::new(0),
            line: AtomicU64::new(0),
            arg: AtomicU64::new(0),
            scope_arg: AtomicU64::new(0),
        };
        let block = || core::array::from_fn(|_| frame());
        Blocks { blocks: [block(), block()] }
    }

    #[test]
    fn hot_words_keep_clear_of_the_cursor_in_their_low_12_bits() {
        static BLOCKS: std::sync::OnceLock<Blocks> = std::sync::OnceLock::new();
        let blocks = BLOCKS.get_or_init(blocks);
        for address in (0..8192).step_by(8) {
            let (index, block) = blocks.clear_of(address);
            let start = block.addr().get();
            assert_eq!(start, core::ptr::from_ref(&blocks.blocks[index]).addr());
            let hot = (start..start + BLOCK_BYTES).step_by(8);
            assert!(hot.into_iter().all(|word| word & 4095 != address & 4095));
        }
    }
}
