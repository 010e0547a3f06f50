//! Who holds which record, in private memory: nothing on the board decides it.

use super::super::atomics::{AtomicU64, Ordering};

/// Takes a free record among the first `count` and returns its index. One bit of `bits` for each.
pub fn claim(bits: &[AtomicU64], count: usize) -> Option<usize> {
    for (at, word) in bits.iter().enumerate() {
        let mut taken = word.load(Ordering::Relaxed);
        loop {
            let bit = (!taken).trailing_zeros() as usize;
            let index = at * 64 + bit;
            if bit == 64 || index >= count {
                break;
            }
            // Acquire: pairs with the release in `release`; the last holder's private words (its
            // generation, its totals) are seen by the next. Relaxed on failure: only the bits count.
            match word.compare_exchange(
                taken,
                taken | 1 << bit,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(index),
                Err(now) => taken = now,
            }
        }
    }
    None
}

/// Gives a record back.
pub fn release(bits: &[AtomicU64], index: usize) {
    if let Some(word) = bits.get(index / 64) {
        // Release: pairs with the acquire in `claim`.
        word.fetch_and(!(1 << (index % 64)), Ordering::Release);
    }
}

/// Whether a record is held just now. For looking only: it may change at any time.
pub fn is_held(bits: &[AtomicU64], index: usize) -> bool {
    bits.get(index / 64).is_some_and(|word| word.load(Ordering::Relaxed) & 1 << (index % 64) != 0)
}
