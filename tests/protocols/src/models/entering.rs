//! Who uses a record that has another owner by then.

use std::sync::Arc;

use super::super::atomics::AtomicU64;
use super::super::protocol::entering;
use super::super::run::{Seen, explore, spawn};
use super::{get, set, words};

/// A record of nobody, which one thread opens and closes.
fn nobodys() -> AtomicU64 {
    AtomicU64::new(entering::NOBODYS)
}

/// Each step by itself, and what it tells.
pub fn entering_one_by_one() {
    explore("entering: one by one", None, &[], |_| {
        let word = nobodys();
        assert!(entering::is_used(&word) && entering::enter(&word).is_none());
        entering::open(&word, 1);
        assert!(!entering::is_used(&word) && !entering::retire(&word, 2));
        assert_eq!([0; 2].map(|_| entering::enter(&word)), [Some(1); 2]);
        assert!(entering::is_used(&word) && !entering::retire(&word, 1));
        assert!(!entering::leave(&word, 1) && entering::leave(&word, 1));
        assert!(!entering::is_used(&word) && entering::retire(&word, 1));
        assert!(entering::is_used(&word) && entering::enter(&word).is_none());
        entering::close(&word);
        entering::open(&word, 2);
        assert_eq!(entering::enter(&word), Some(2));
        entering::close(&word);
        assert!(!entering::leave(&word, 2) && entering::enter(&word).is_none());
    });
}

/// One who has seen the record of a lock that gave it back uses it for a moment, while the next lock goes as well and a third
/// one comes. Who waits for the third is counted, and nobody else.
pub fn entering_who_comes_late() {
    explore("entering: who comes late", None, &[0, 1, 2], |seen: &Seen| {
        let word = Arc::new(nobodys());
        entering::open(&word, 1);
        let (other, noted) = (word.clone(), seen.clone());
        let late = spawn(move || {
            let found = entering::enter(&other);
            noted.note(found.unwrap_or(0));
            if let Some(owner) = found {
                entering::leave(&other, owner);
            }
        });
        entering::close(&word);
        entering::open(&word, 2);
        assert_eq!(entering::enter(&word), Some(2), "nobody can wait for it");
        late.join().expect("no panic");
        assert!(entering::is_used(&word), "who waits is not counted");
        assert!(entering::leave(&word, 2), "one is counted who is gone");
    });
}

/// Who was the last of one owner and comes late to close the record closes it to nobody else.
pub fn entering_who_closes_late() {
    explore("entering: who closes late", None, &[0, 1], |seen: &Seen| {
        let word = Arc::new(nobodys());
        entering::open(&word, 1);
        let (other, noted) = (word.clone(), seen.clone());
        let late = spawn(move || {
            let closed = entering::retire(&other, 1);
            noted.note(u64::from(closed));
            closed
        });
        let closed = entering::retire(&word, 1);
        if closed {
            entering::close(&word);
            entering::open(&word, 2);
        }
        let other = late.join().expect("no panic");
        assert!(closed != other, "one of the two closes it");
        assert_eq!(entering::enter(&word).is_some(), closed, "the next owner's stays open");
    });
}

/// Who enters sees what was written for the owner; who closes it sees all who used it done.
pub fn entering_who_left_is_done() {
    explore("entering: who left is done", None, &[0, 1], |seen: &Seen| {
        let shared: Arc<[AtomicU64; 3]> = Arc::new(words());
        let [word, ..] = &*shared;
        entering::close(word);
        let (other, noted) = (shared.clone(), seen.clone());
        let user = spawn(move || {
            let [word, said, inside] = &*other;
            let found = entering::enter(word);
            noted.note(u64::from(found.is_some()));
            if let Some(owner) = found {
                assert_eq!(get(said), 7, "another owner's");
                set(inside, 1);
                set(inside, 0);
                entering::leave(word, owner);
            }
        });
        let [word, said, inside] = &*shared;
        set(said, 7);
        entering::open(word, 1);
        if entering::retire(word, 1) {
            assert_eq!(get(inside), 0, "somebody is in it");
        }
        user.join().expect("the user's claim holds");
    });
}
