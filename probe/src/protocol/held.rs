//! Who holds a lock: a word beside the lock, written by whoever takes it, with no more than a store; and, once somebody
//! had to wait for it, the same on a record that others read.
//!
//! The word beside the lock is stored after the lock was taken and cleared before it is let go of. Whoever waits
//! publishes a record, and copies the word there. Both sides look at what the other wrote: who takes the lock stores the
//! word and looks whether there is a record, who lets go clears the word, lets go, and looks then; who publishes does so
//! first, and reads the word then. So of a letting go and a publishing that meet, one at least sees the other, and the
//! record never says for longer than the letting go takes that somebody holds what he let go of. In between who lets go
//! does nothing else: above all he waits for nothing.
//!
//! While nobody waits any more, the record may be left as it is: whoever comes next counts himself among the waiters, where
//! the others look, and copies the word before he is seen to wait.

use super::super::atomics::{AtomicU64, Ordering, fence, fence_behind_a_lock};

/// Times that who publishes looks again because the holder changed.
const LOOKS: usize = 64;

/// This thread took the lock. To be followed by a look for a record, and [`take_on_record`] if there is one.
#[inline(always)]
pub fn take(holder: &AtomicU64, me: u64) {
    holder.store(me, Ordering::Relaxed);
    fence_behind_a_lock();
}

/// This thread is about to let go of the lock.
#[inline(always)]
pub fn clear(holder: &AtomicU64) {
    // Relaxed: the lock's own release comes next, and orders it.
    holder.store(0, Ordering::Relaxed);
}

/// It has let go. To be followed by a look for a record, and [`clear_on_record`] if there is one.
#[inline(always)]
pub fn cleared() {
    fence_behind_a_lock();
}

/// This thread, which holds the lock, stands on its record.
#[inline]
pub fn take_on_record(record: &AtomicU64, me: u64) {
    // Release: who sees it sees that the wait before it has ended.
    record.store(me, Ordering::Release);
}

/// This thread does not hold the lock any more. Whoever took it since stays.
#[inline]
pub fn clear_on_record(record: &AtomicU64, me: u64) {
    // Relaxed: what this thread waits for next is published with release.
    let _ = record.compare_exchange(me, 0, Ordering::Relaxed, Ordering::Relaxed);
}

/// Copies the holder to the record, after the record was published. `as_stored` is how a holder stands there.
#[inline]
pub fn copy(holder: &AtomicU64, record: &AtomicU64, as_stored: impl Fn(u64) -> u64) {
    copy_of(|| holder.load(Ordering::Relaxed), record, as_stored);
}

/// The same of a holder who stands in one of several words.
#[inline]
pub fn copy_of(load_holder: impl Fn() -> u64, record: &AtomicU64, as_stored: impl Fn(u64) -> u64) {
    // Pairs with `fence_behind_a_lock`: who did not find this waiter there, and so left the record as it was, is seen with
    // all that he stored on it before.
    fence(Ordering::SeqCst);
    for _ in 0..LOOKS {
        let before = record.load(Ordering::Relaxed);
        let who = load_holder();
        let stored = as_stored(who);
        if before != stored
            && record
                .compare_exchange(before, stored, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            continue;
        }
        // Pairs with `fence_behind_a_lock`: who let go meanwhile and found no record, or not the copy to clear, is seen
        // by this look; and who stood there before he was overwritten.
        fence(Ordering::SeqCst);
        if load_holder() == who {
            return;
        }
    }
    // It changes hands so fast that nobody can say who has it: whoever takes it next says so himself.
    record.store(0, Ordering::Relaxed);
}
