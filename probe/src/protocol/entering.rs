//! Who uses a record that goes from one owner to the next: how many, beside the owner's generation, in one word of private
//! memory. Whoever comes late, by a pointer to a record that has another owner by now, enters as one of that owner's and
//! leaves as such; and when that one is gone too, he finds nothing to take back.
//!
//! Whoever changes the word while others may exchanges it, so that of any two the one finds what the other left.

use super::super::atomics::{AtomicU64, Ordering};

/// In the word: nobody enters any more, or yet.
const CLOSED: u64 = 1 << 31;

/// The word of a record that was nobody's yet.
pub const NOBODYS: u64 = CLOSED;

/// The record has the owner of this generation, which is not 0, and nobody uses it yet.
pub fn open(word: &AtomicU64, generation: u64) {
    // Release: who enters sees what was written for this owner. Nobody changes the word of a record that is closed.
    word.store(generation << 32, Ordering::Release);
}

/// It has no owner any more, whoever uses it: they were wrong to.
pub fn close(word: &AtomicU64) {
    // Relaxed: who claims the record next comes after its release.
    word.swap(NOBODYS, Ordering::Relaxed);
}

/// One more uses it; tells of which owner, for [`leave`]. `None` when it has none.
pub fn enter(word: &AtomicU64) -> Option<u64> {
    let mut found = word.load(Ordering::Relaxed);
    while found & CLOSED == 0 {
        // Acquire: pairs with the release in `open`.
        match word.compare_exchange(found, found + 1, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return Some(found >> 32),
            Err(now) => found = now,
        }
    }
    None
}

/// One of this owner's less; tells whether nobody uses it any more.
pub fn leave(word: &AtomicU64, owner: u64) -> bool {
    let mut found = word.load(Ordering::Relaxed);
    while found >> 32 == owner {
        // Release: pairs with the acquire in `retire`.
        match word.compare_exchange(found, found - 1, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return !is_used_as(found - 1),
            Err(now) => found = now,
        }
    }
    false
}

/// From now on nobody enters, if it is still this owner's and nobody uses it; tells whether that is so.
pub fn retire(word: &AtomicU64, owner: u64) -> bool {
    let free = owner << 32;
    // Acquire: pairs with the release in `leave`: whoever used it has done with it.
    word.compare_exchange(free, free | CLOSED, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Whether somebody uses it, or it has no owner.
#[inline(always)]
pub fn is_used(word: &AtomicU64) -> bool {
    // Relaxed: for who uses it for what, that protocol says what orders it.
    is_used_as(word.load(Ordering::Relaxed))
}

#[inline(always)]
const fn is_used_as(word: u64) -> bool {
    word as u32 != 0
}
