//! Texts that change while they are read.

use super::super::atomics::AtomicU64;
use super::super::protocol::{TRIES, texts};
use super::super::run::{explore, spawn};
use super::{beside, get, set, words};

/// The bits that speak of the texts, and one that does not.
const TEXTS: u64 = 0xff;
const OTHER: u64 = 0x100;

/// Word, and a text of two words; of length `n` it is `[10 * n; 2]`.
type Texts = [AtomicU64; 3];

fn new() -> Texts {
    let made: Texts = words();
    set(&made[0], 1);
    set(&made[1], 10);
    set(&made[2], 10);
    made
}

fn change([word, first, second]: &Texts, to: u64) -> bool {
    if !texts::begin(word, TEXTS) {
        return false;
    }
    set(first, 10 * to);
    set(second, 10 * to);
    texts::finish(word, to);
    true
}

/// What is read existed, or is nothing.
fn look([word, first, second]: &Texts) -> u64 {
    let mut retries = 0;
    let load = |_| [get(first), get(second)];
    let (word, text) = texts::read(|| get(word), TEXTS, load, &mut retries);
    assert!(retries <= TRIES as u64);
    let length = word & TEXTS;
    assert_eq!(text, [10 * length; 2], "of length {length}");
    length
}

/// Changed twice: never half of two texts, and never one with another's length.
pub fn texts_change() {
    explore("texts: two changes", Some(3), &[0, 1, 2, 3], |seen| {
        let seen = seen.clone();
        beside(
            new(),
            |shared| {
                assert!(change(shared, 2));
                assert!(change(shared, 3));
            },
            move |shared| seen.note(look(shared)),
        );
    });
}

/// Two want to change them: one does, or both one after the other; and what is said beside them is not lost.
pub fn texts_of_two() {
    explore("texts: two who change them", None, &[2, 5], |seen| {
        let shared = std::sync::Arc::new(new());
        let other = std::sync::Arc::clone(&shared);
        let other = spawn(move || {
            other[0].fetch_or(OTHER, super::RELAXED);
            change(&other, 3)
        });
        let mine = change(&shared, 2);
        let others = other.join().expect("no panic");
        // The bit may have come between: then it is tried again.
        let mine = mine || change(&shared, 2);
        assert!(mine || others);
        let last = look(&shared);
        assert!(last == 2 && mine || last == 3 && others, "{last}");
        assert_eq!(get(&shared[0]) & OTHER, OTHER);
        seen.note(if mine && others { 5 } else { last });
    });
}

/// Who is killed while he writes leaves none, and the next one's is whole.
pub fn texts_whose_writer_is_killed() {
    explore("texts: a writer is killed", None, &[3], |seen| {
        let shared = new();
        assert!(texts::begin(&shared[0], TEXTS));
        set(&shared[1], 20);
        let load = |_| [get(&shared[1]), get(&shared[2])];
        let (word, text) = texts::read(|| get(&shared[0]), TEXTS, load, &mut 0);
        assert_eq!((word & TEXTS, text), (0, [0; 2]));
        assert!(!change(&shared, 3), "it is still being written");
        texts::finish(&shared[0], 0);
        assert!(change(&shared, 3));
        seen.note(look(&shared));
    });
}
