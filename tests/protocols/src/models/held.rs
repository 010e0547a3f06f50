//! Who holds a lock, when somebody comes to wait for it just as it changes hands.

use std::sync::Arc;

use super::super::atomics::{AtomicU64, Ordering, fence};
use super::super::protocol::{held, waiting};
use super::super::run::{Seen, explore, spawn};
use super::{RELAXED, beside, get, words};

/// A lock, the word beside it, and its record.
struct Lock {
    locked: AtomicU64,
    holder: AtomicU64,
    published: AtomicU64,
    record: AtomicU64,
    /// Set by who has let go and waits for something else.
    waits: AtomicU64,
}

impl Lock {
    fn new() -> Self {
        let [locked, holder, published, record, waits] = words();
        Self { locked, holder, published, record, waits }
    }

    fn try_lock(&self) -> bool {
        self.locked.compare_exchange(0, 1, Ordering::Acquire, RELAXED).is_ok()
    }

    /// As a guard comes.
    fn taken(&self, me: u64) {
        held::take(&self.holder, me);
        if get(&self.published) != 0 {
            held::take_on_record(&self.record, me);
        }
    }

    /// As a guard goes.
    fn let_go(&self, me: u64) {
        held::clear(&self.holder);
        self.locked.swap(0, Ordering::Release);
        held::cleared();
        if get(&self.published) != 0 {
            held::clear_on_record(&self.record, me);
        }
    }

    /// As somebody comes who has to wait: he publishes the record. Whether he had to.
    fn wait(&self) -> bool {
        if self.try_lock() {
            self.taken(3);
            self.let_go(3);
            return false;
        }
        self.published.store(1, Ordering::SeqCst);
        held::copy(&self.holder, &self.record, |holder| holder);
        true
    }
}

/// Who lets go and waits for something else then does not stand on the record any more: that would be a deadlock that
/// never was.
pub fn held_who_let_go_is_not_named() {
    explore("held: who let go", Some(3), &[0, 1, 2], |seen: &Seen| {
        let lock = Arc::new(Lock::new());
        let (other, noted) = (lock.clone(), seen.clone());
        let waiter = spawn(move || {
            if other.wait() {
                let waits = other.waits.load(Ordering::Acquire);
                let holder = get(&other.record);
                assert!(waits == 0 || holder != 7, "named, and waits for something else");
                noted.note(1 + u64::from(holder == 7));
            } else {
                noted.note(0);
            }
        });
        if lock.try_lock() {
            lock.taken(7);
            lock.let_go(7);
            lock.waits.store(1, Ordering::Release);
        }
        waiter.join().expect("the claim holds");
        assert_ne!(get(&lock.record), 7, "named for good");
    });
}

/// Who takes it then, and keeps it, is named in the end.
pub fn held_who_keeps_it_is_named() {
    explore("held: who keeps it", Some(3), &[0, 1], |seen: &Seen| {
        let lock = Arc::new(Lock::new());
        let (other, noted) = (lock.clone(), seen.clone());
        let waiter = spawn(move || noted.note(u64::from(other.wait())));
        if lock.try_lock() {
            lock.taken(7);
            lock.let_go(7);
        }
        let kept = lock.try_lock();
        if kept {
            lock.taken(8);
        }
        waiter.join().expect("the waiter ends");
        if kept && get(&lock.published) != 0 {
            assert_eq!(get(&lock.record), 8);
        }
    });
}

/// Who waited for a lock and has it now does not seem to wait for himself.
pub fn held_own_wait_is_over() {
    explore("held: one's own wait", None, &[0, 1, 2], |seen| {
        let seen = seen.clone();
        let shared: [AtomicU64; 3] = words();
        beside(
            shared,
            |[number, target, record]| {
                waiting::begin(number, [target], 1, [5]);
                waiting::end(number, 1);
                held::take_on_record(record, 7);
            },
            move |[number, target, record]| {
                let wait = waiting::read::<1>(|| get(number), |_| get(target), &mut 0);
                let holder = get(record);
                fence(Ordering::Acquire);
                let still = wait.is_some_and(|(wait, _)| get(number) == wait);
                assert!(!still || holder != 7, "it waits for itself");
                seen.note(if holder == 7 { 2 } else { u64::from(still) });
            },
        );
    });
}
