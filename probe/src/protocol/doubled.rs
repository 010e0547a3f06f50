//! A record of several words with one writer, kept twice: the writer fills the copy that nobody is
//! sent to and then sends readers there. Killed at any instruction it leaves one valid copy.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Makes `values` the record. `sequence` is the writer's own count of publications, this one
/// included, kept in private memory; the word only repeats it.
#[inline]
pub fn publish<const N: usize>(
    word: &AtomicU64,
    even: &[AtomicU64],
    odd: &[AtomicU64],
    sequence: u64,
    values: [u64; N],
) {
    let copy = if sequence & 1 == 0 { even } else { odd };
    // Release: the publication of the other copy, made by the last call, comes before the stores
    // below. A reader that meets one of them finds the sequence moved when it looks again.
    fence(Ordering::Release);
    for (word, value) in copy.iter().zip(values) {
        word.store(value, Ordering::Relaxed);
    }
    // Release: pairs with the first fence in `read`; the copy is complete for whoever is sent to it.
    word.store(sequence, Ordering::Release);
}

/// The record as of one publication: its sequence (0: never published) and values. `load_sequence`
/// and `load` read the sequence and word `i` of the odd (true) or even copy. `None` when the writer
/// was faster each time; `retries` counts the attempts that failed.
pub fn read<const N: usize>(
    mut load_sequence: impl FnMut() -> u64,
    mut load: impl FnMut(bool, usize) -> u64,
    retries: &mut u64,
) -> Option<(u64, [u64; N])> {
    for _ in 0..super::TRIES {
        let sequence = load_sequence();
        // Acquire: pairs with the release store in `publish`.
        fence(Ordering::Acquire);
        let odd = sequence & 1 == 1;
        let values = core::array::from_fn(|index| load(odd, index));
        // Acquire: pairs with the release fence in `publish`. Had one of the loads met a later
        // publication into this copy, the sequence read below would be newer.
        fence(Ordering::Acquire);
        if load_sequence() == sequence {
            return Some((sequence, values));
        }
        *retries += 1;
    }
    None
}
