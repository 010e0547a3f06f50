//! Numbers that readers add up. A word of one thread's own is raised by a load and a store, which is one plain
//! instruction on x86-64; words that several threads share take an atomic addition. The highest value so far is looked
//! at first and then raised by an atomic maximum, for that is rare: a signal handler, or another thread, may have raised
//! it since the look.
//!
//! Of a word of its own a thread loses nothing, whoever interrupts it. What a signal handler on that very thread adds to
//! that very word is lost where load and store are two instructions (not on x86-64) and it comes just between them.

use super::super::atomics::{AtomicU64, Ordering};

/// Adds to a word that this thread alone writes.
#[inline(always)]
pub fn add_alone(word: &AtomicU64, by: u64) {
    // Relaxed: one writer at a time, who goes on from what he, or the one before him, stored; a reader's sum may be a
    // moment old.
    word.store(word.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

/// Adds to a word that several threads write.
#[inline(always)]
pub fn add_together(word: &AtomicU64, by: u64) {
    word.fetch_add(by, Ordering::Relaxed);
}

/// Raises the highest value so far, which was found lower.
#[inline(always)]
pub fn raise_highest(highest: &AtomicU64, value: u64) {
    highest.fetch_max(value, Ordering::Relaxed);
}
