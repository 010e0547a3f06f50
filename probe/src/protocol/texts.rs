//! Texts that may change while they are read: bytes in several words, and one word that says how long they are and
//! counts their changes. The word is odd, and says that there is nothing, while they are being written: so a
//! writer that is killed leaves no text, and never half of two.
//!
//! Whoever changes them takes the word from even to odd, which one at a time can.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// One change, as the word counts them.
pub const CHANGE: u64 = 1 << 32;

/// Begins a change; `texts` are the word's bits that speak of the texts. Whether it may go on, to [`finish`]: not
/// while somebody else is changing them, or has just set another bit.
#[inline]
pub fn begin(word: &AtomicU64, texts: u64) -> bool {
    let before = word.load(Ordering::Relaxed);
    if before & CHANGE != 0 {
        return false;
    }
    let during = (before & !texts).wrapping_add(CHANGE);
    // Acquire: pairs with the release in `finish`: what the last one wrote is there to be read. Relaxed on failure:
    // somebody else was here.
    if word.compare_exchange(before, during, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return false;
    }
    // Release: pairs with the second fence in `read`: who meets a word of the new texts finds the count moved.
    fence(Ordering::Release);
    true
}

/// Ends a change that [`begin`] let in: what the word says of the texts that stand there now is `texts`. Other
/// bits of it may have been set meanwhile.
#[inline]
pub fn finish(word: &AtomicU64, texts: u64) {
    // Release: pairs with the first fence in `read`. Adding carries nothing: the bits were cleared.
    word.fetch_add(CHANGE.wrapping_add(texts), Ordering::Release);
}

/// The word and what `load` makes of the texts that it speaks of. They changed at every try: the word as while they
/// are being written, and nothing.
pub fn read<T: Default>(
    load_word: impl Fn() -> u64,
    texts: u64,
    mut load: impl FnMut(u64) -> T,
    retries: &mut u64,
) -> (u64, T) {
    let mut word = load_word();
    for _ in 0..super::TRIES {
        // Acquire: pairs with the release in `finish`.
        fence(Ordering::Acquire);
        let value = if word & CHANGE == 0 { Some(load(word)) } else { None };
        // Acquire: pairs with the fence in `begin`.
        fence(Ordering::Acquire);
        let again = load_word();
        // Another bit may have been set meanwhile; the count is what matters.
        let value = value.filter(|_| again >> 32 == word >> 32);
        if let Some(value) = value {
            return (word, value);
        }
        *retries += 1;
        word = again;
    }
    (word & !texts, T::default())
}
