//! Asking one operation to end.

use std::sync::Arc;

use super::super::atomics::{AtomicU64, Ordering};
use super::super::protocol::asking;
use super::super::run::{explore, spawn};
use super::{beside, words};

/// While an operation of one generation is cancelled, it ends and the next one begins: the next one is
/// never asked, and the one that is meant may see it.
pub fn asking_the_one_that_is_meant() {
    explore("asking: the one that is meant", None, &[0, 1, 2], |seen| {
        let in_next = seen.clone();
        let seen = seen.clone();
        let shared: [AtomicU64; 2] = words();
        beside(
            shared,
            |[open, asked]| {
                assert!(!asking::is_open(open, 0), "the generation of nobody");
                assert!(!asking::is_asked(asked, 1));
                asking::begin(open, 1);
                assert!(asking::is_open(open, 1) && !asking::is_open(open, 0));
                if asking::is_asked(asked, 1) {
                    in_next.note(2);
                }
                asking::end(open);
                assert!(!asking::is_open(open, 1));
                asking::begin(open, 2);
                assert!(!asking::is_asked(asked, 2), "another one was meant");
            },
            move |[open, asked]| {
                assert!(!asking::is_open(open, 3), "not yet");
                let found = asking::is_open(open, 1);
                if found {
                    asking::ask(asked, 1);
                }
                seen.note(u64::from(found));
            },
        );
    });
}

/// Whoever leaves a waker and then finds that nobody asked is woken by whoever asks then: the waker's
/// own exchange carries the request along. (The waker here is a stand-in: one word, exchanged.)
pub fn asking_who_sleeps() {
    explore("asking: who sleeps", None, &[0, 1], |seen| {
        let seen = seen.clone();
        let shared: Arc<[AtomicU64; 2]> = Arc::new(words());
        let asker = {
            let shared = Arc::clone(&shared);
            spawn(move || {
                let [asked, waker] = &*shared;
                asking::ask(asked, 1);
                waker.swap(2, Ordering::AcqRel) == 1
            })
        };
        let [asked, waker] = &*shared;
        waker.swap(1, Ordering::AcqRel);
        let saw = asking::is_asked(asked, 1);
        let woken = asker.join().expect("no panic");
        assert!(saw || woken, "it sleeps for ever");
        seen.note(u64::from(saw));
    });
}
