//! The last tags of a thread.

use super::super::protocol::trail;
use super::super::run::explore;
use super::{beside, get, set, words};

/// Entries of a ring here, and the word behind them.
const ENTRIES: usize = 3;
const WORDS: usize = ENTRIES + 1;

/// Tags are numbers in order. Four are there; a thread notes more, over the end of the ring. Whatever is read are numbers
/// that follow each other, the newest first, and none of them is older than a whole ring.
fn noted(name: &str, from: u64, to: u64, must: &[u64]) {
    explore(name, Some(3), must, move |seen| {
        let seen = seen.clone();
        let shared = words::<WORDS>();
        let place = |tag: u64| (tag - 1) as usize % ENTRIES;
        let note = |shared: &[_; WORDS], tag: u64| {
            trail::note(&shared[place(tag)], &shared[place(tag) + 1], tag);
            if place(tag) == ENTRIES - 1 {
                trail::wrap(&shared[0]);
            }
        };
        (0..WORDS).for_each(|at| set(&shared[at], 0));
        (1..from).for_each(|tag| note(&shared, tag));
        beside(
            shared,
            |shared| (from..=to).for_each(|tag| note(shared, tag)),
            move |shared| {
                let (tags, count) = trail::read::<ENTRIES>(|at| get(&shared[at]));
                let tags = &tags[..count];
                assert!(tags.windows(2).all(|two| two[0] == two[1] + 1), "{tags:?}");
                if let Some(newest) = tags.first() {
                    assert!(*newest >= from - 1, "{tags:?} of {from}");
                }
                // Also how many: a reader that gives up much would be right, and of no use.
                seen.note(10 * tags.first().copied().unwrap_or(0) + count as u64);
            },
        );
    });
}

/// In the middle of the ring and to its end.
pub fn trail_to_the_end() {
    noted("trail: to the end of the ring", 5, 6, &[42, 52, 63]);
}

/// Over its end: the first entry is the next one.
pub fn trail_over_the_end() {
    noted("trail: over the end of the ring", 6, 7, &[52, 62, 72]);
}

/// From its first entry on.
pub fn trail_from_the_first() {
    noted("trail: from the first entry", 7, 8, &[62, 72, 82]);
}
