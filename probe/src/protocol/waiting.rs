//! That somebody waits, and for what: a number that is odd meanwhile, and words that belong to it. The number never
//! comes back, so a reader who finds the same odd number twice knows that it was one wait all the time in between.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Begins the wait with this number, which is odd and kept in private memory.
#[inline]
pub fn begin<const N: usize>(
    word: &AtomicU64,
    rest: [&AtomicU64; N],
    number: u64,
    values: [u64; N],
) {
    // Release: the end of the last wait comes before the stores below. Who meets one of them finds the number moved.
    fence(Ordering::Release);
    for (cell, value) in rest.into_iter().zip(values) {
        cell.store(value, Ordering::Relaxed);
    }
    // Release: pairs with the first fence in `read`; the words are there, and whatever this thread let go of before is
    // let go of.
    word.store(number, Ordering::Release);
}

/// Ends it.
#[inline]
pub fn end(word: &AtomicU64, number: u64) {
    // Relaxed: what this thread does next that others see is ordered behind it, by the fence in `begin` or by a release.
    word.store(number.wrapping_add(1), Ordering::Relaxed);
}

/// The number and the words of a wait that goes on. `None` when nobody waits, or the wait ended during every try.
pub fn read<const N: usize>(
    mut load_number: impl FnMut() -> u64,
    mut load: impl FnMut(usize) -> u64,
    retries: &mut u64,
) -> Option<(u64, [u64; N])> {
    for _ in 0..super::TRIES {
        let number = load_number();
        // Acquire: pairs with the release store in `begin`.
        fence(Ordering::Acquire);
        if number & 1 == 0 {
            return None;
        }
        let values = core::array::from_fn(&mut load);
        // Acquire: pairs with the release fence in `begin`.
        fence(Ordering::Acquire);
        if load_number() == number {
            return Some((number, values));
        }
        *retries += 1;
    }
    None
}
