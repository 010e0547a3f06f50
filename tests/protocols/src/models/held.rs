//! Who holds a lock, when somebody comes to wait for it just as it changes hands.

use std::sync::Arc;

use super::super::atomics::{AtomicU64, Ordering, fence};
use super::super::protocol::{held, waiting};
use super::super::run::{Seen, explore, spawn};
use super::{RELAXED, beside, get, set, words};

/// As `PARTY_UNKNOWN`: there are several.
const MANY: u64 = 9;

/// A lock, the word beside it, and its record.
struct Lock {
    locked: AtomicU64,
    holder: AtomicU64,
    /// How many wait: while nobody does, the record is not written, and may say anything.
    waiters: AtomicU64,
    record: AtomicU64,
    /// Set by who has let go and waits for something else.
    waits: AtomicU64,
}

impl Lock {
    fn new() -> Self {
        let [locked, holder, waiters, record, waits] = words();
        Self { locked, holder, waiters, record, waits }
    }

    fn try_lock(&self) -> bool {
        self.locked.compare_exchange(0, 1, Ordering::Acquire, RELAXED).is_ok()
    }

    /// As a guard comes.
    fn taken(&self, me: u64) {
        held::take(&self.holder, me);
        if get(&self.waiters) != 0 {
            held::take_on_record(&self.record, me);
        }
    }

    /// As a guard goes.
    fn let_go(&self, me: u64) {
        held::clear(&self.holder);
        self.locked.swap(0, Ordering::Release);
        held::cleared();
        if get(&self.waiters) != 0 {
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
        self.enters();
        true
    }

    fn enters(&self) {
        self.waiters.fetch_add(1, Ordering::AcqRel);
        held::copy(&self.holder, &self.record, |holder| holder);
    }

    /// As he gives up.
    fn leaves(&self) {
        self.waiters.fetch_sub(1, Ordering::AcqRel);
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
        if kept && get(&lock.waiters) != 0 {
            assert_eq!(get(&lock.record), 8);
        }
    });
}

/// The record is not kept while nobody waits: who comes after others have given up finds it as they left it, and says what
/// is so before he is seen to wait.
pub fn held_who_comes_later_finds_it_right() {
    later("held: a later one", true);
}

/// Nor does it name for good who let go just then.
pub fn held_who_comes_later_finds_it_free() {
    later("held: a later one, free", false);
}

fn later(name: &str, again: bool) {
    explore(name, Some(3), &[0, 1, 2], move |seen: &Seen| {
        let lock = Arc::new(Lock::new());
        // Somebody waited for 5, and gave up; 5 let go then.
        set(&lock.record, 5);
        let (other, noted) = (lock.clone(), seen.clone());
        let waiter = spawn(move || {
            other.enters();
            let waits = other.waits.load(Ordering::Acquire);
            let holder = get(&other.record);
            assert_ne!(holder, 5, "as it was left");
            assert!(waits == 0 || holder != 7, "named, and waits for something else");
            other.leaves();
            // And so once more, beside whoever holds it now.
            other.enters();
            noted.note(u64::from(holder == 7) + 2 * waits);
        });
        if lock.try_lock() {
            lock.taken(7);
            lock.let_go(7);
            lock.waits.store(1, Ordering::Release);
        }
        if again && lock.try_lock() {
            lock.taken(8);
        }
        waiter.join().expect("the claims hold");
        assert_eq!(get(&lock.record), if again { 8 } else { 0 });
    });
}

/// Who sends stands beside the channel until there are several, which is for good and said once. Of two who say on its
/// record who sends, none leaves there what the other has overtaken.
pub fn held_two_who_say_leave_what_is_so() {
    explore("held: two who say it", None, &[0, 7, MANY], |seen: &Seen| {
        let shared: Arc<[AtomicU64; 2]> = Arc::new(words());
        let (other, noted) = (shared.clone(), seen.clone());
        let first = spawn(move || {
            let [sender, record] = &*other;
            let _ = sender.compare_exchange(0, 7, RELAXED, RELAXED);
            noted.note(get(record));
            held::copy(sender, record, |sender| sender);
        });
        let [sender, record] = &*shared;
        sender.swap(MANY, RELAXED);
        seen.note(get(record));
        held::copy(sender, record, |sender| sender);
        first.join().expect("no panic");
        assert_eq!((get(sender), get(record)), (MANY, MANY));
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
