//! A word and what belongs to it: the word is marked busy, the rest is replaced, the word is set. For
//! what a reader must not mix (a position and its age), where losing the rest for an instant is better
//! than a second copy.
//!
//! The word may come back to an earlier value. So the rest must hold at least one value that never
//! does, a stamp: by it a reader knows that two looks saw the same rest.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Replaces the word and the rest. Nobody may take the rest while the word is `busy`.
#[inline(always)]
pub fn store<const N: usize>(
    word: &AtomicU64,
    rest: [&AtomicU64; N],
    busy: u64,
    value: u64,
    values: [u64; N],
) {
    word.store(busy, Ordering::Relaxed);
    // Release: whoever meets one of the new values finds the word busy or newer when it looks again.
    fence(Ordering::Release);
    for (cell, value) in rest.into_iter().zip(values) {
        cell.store(value, Ordering::Relaxed);
    }
    // Release: pairs with the second fence in `read`.
    word.store(value, Ordering::Release);
}

/// The word and what belonged to it when it stood there. `None` for the rest when the word is busy
/// (as `is_busy` tells) or did not stand still.
pub fn read<const N: usize>(
    mut load_word: impl FnMut() -> u64,
    mut load: impl FnMut(usize) -> u64,
    is_busy: impl Fn(u64) -> bool,
    retries: &mut u64,
) -> (u64, Option<[u64; N]>) {
    let mut word = 0;
    for _ in 0..super::TRIES {
        word = load_word();
        if is_busy(word) {
            return (word, None);
        }
        let values = core::array::from_fn(&mut load);
        // Acquire: pairs with the release fence in `store`.
        fence(Ordering::Acquire);
        if load_word() == word {
            // Acquire: pairs with the release store in `store`: the word's rest is seen now, or a newer
            // one. The first look needs no fence for that: what it missed differs from this.
            fence(Ordering::Acquire);
            if core::array::from_fn(&mut load) == values {
                return (word, Some(values));
            }
        }
        *retries += 1;
    }
    (word, None)
}
