//! The last tags of a thread.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::super::atomics::{AtomicU64, Ordering, fence};
use super::super::protocol::trail;
use super::super::run::{explore, interrupted};
use super::{beside, get, words};

/// Entries of a ring here, and the word behind them.
const ENTRIES: usize = 3;
const WORDS: usize = ENTRIES + 1;

type Ring = [AtomicU64; WORDS];

fn place(tag: u64) -> usize {
    (tag - 1) as usize % ENTRIES
}

/// As a thread notes a tag; `wraps` as it should.
fn note(ring: &Ring, tag: u64, wraps: bool) {
    trail::note(&ring[place(tag)], &ring[place(tag) + 1], tag);
    if wraps && place(tag) == ENTRIES - 1 {
        trail::wrap(&ring[0]);
    }
}

/// A ring in which all before this tag were noted.
fn before(from: u64, wraps: bool) -> Ring {
    let ring = words::<WORDS>();
    (1..from).for_each(|tag| note(&ring, tag, wraps));
    ring
}

fn read(ring: &Ring) -> Vec<u64> {
    let (tags, count) = trail::read::<ENTRIES>(|at| get(&ring[at]));
    tags[..count].to_vec()
}

/// Whether these are numbers that follow each other, the newest first, of which none is older than a whole ring.
fn is_right(tags: &[u64], from: u64) -> bool {
    tags.windows(2).all(|two| two[0] == two[1] + 1)
        && tags.first().is_none_or(|newest| *newest >= from - 1)
}

/// Tags are numbers in order. Some are there; a thread notes more, over the end of the ring.
fn noted(name: &str, from: u64, to: u64, must: &[u64]) {
    explore(name, Some(3), must, move |seen| {
        let seen = seen.clone();
        beside(
            before(from, true),
            |ring| (from..=to).for_each(|tag| note(ring, tag, true)),
            move |ring| {
                let tags = read(ring);
                assert!(is_right(&tags, from), "{tags:?} of {from}");
                // Also how many: a reader that gives up much would be right, and of no use.
                seen.note(10 * tags.first().copied().unwrap_or(0) + tags.len() as u64);
            },
        );
    });
}

/// What was found wrong of trails, 1, and what is right all the same, 0.
fn naively(name: &str, from: u64, wraps: bool, read: fn(&Ring) -> Vec<u64>) {
    explore(name, Some(3), &[0, 1], move |seen| {
        let seen = seen.clone();
        beside(
            before(from, wraps),
            move |ring| (from..=from + 1).for_each(|tag| note(ring, tag, wraps)),
            move |ring| seen.note(u64::from(!is_right(&read(ring), from))),
        );
    });
}

/// The control: unless the first entry is emptied when the last one was noted, the oldest tag stands there as the newest.
pub fn trail_that_does_not_wrap() {
    naively("trail: the first entry is not emptied", 7, false, read);
}

/// The control: who leaves out no more than what changed takes tags that were noted since for the oldest ones.
pub fn trail_read_naively() {
    naively("trail: read naively", 5, true, |ring| {
        let look = || -> [u64; ENTRIES] { core::array::from_fn(|at| get(&ring[at])) };
        let before = look();
        fence(Ordering::Acquire);
        let after = look();
        let empty = before.iter().position(|tag| *tag == 0).unwrap_or(ENTRIES);
        let backwards = (0..ENTRIES).map(|step| (empty + 2 * ENTRIES - 1 - step) % ENTRIES);
        backwards
            .map_while(|at| (before[at] != 0 && before[at] == after[at]).then_some(before[at]))
            .collect()
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

/// Three tags are noted between the two readings of a full ring: those before them that still stand are told.
pub fn trail_that_goes_on_meanwhile() {
    explore("trail: three tags during a look", None, &[], |_| {
        let mut loads = 0;
        let (tags, count) = trail::read::<8>(|at| {
            loads += 1;
            let first = [14, 15, 16, 0, 10, 11, 12, 13];
            let second = [14, 15, 16, 17, 18, 19, 0, 13];
            if loads <= 8 { first[at] } else { second[at] }
        });
        assert_eq!(tags[..count], [16, 15, 14, 13]);
    });
}

/// A handler tags anywhere in the middle of a tag: from the next one on the newest is that, or nothing is told. As long as
/// a reader went by the first gap alone, the trail stood still there for as long as the ring is.
pub fn trail_and_a_handler() {
    const N: usize = 6;
    /// A ring, and where the next one goes.
    type Whole = ([AtomicU64; N + 1], AtomicUsize);
    /// As `note` does it: the place goes on by one, in one instruction.
    fn tag((ring, next): &Whole, tag: u64) {
        let at = next.load(Ordering::Relaxed);
        trail::note(&ring[at], &ring[at + 1], tag);
        if next.fetch_add(1, Ordering::Relaxed) + 1 == N {
            next.store(0, Ordering::Relaxed);
            trail::wrap(&ring[0]);
        }
    }
    for (before, at) in (0..=N as u64).flat_map(|before| (0..=2).map(move |at| (before, at))) {
        explore("trail: a handler in the middle", None, &[], move |_| {
            let whole: Arc<Whole> = Arc::new((words(), AtomicUsize::new(0)));
            (1..=before).for_each(|n| tag(&whole, n));
            let inside = Arc::clone(&whole);
            interrupted(at, move || tag(&inside, 50), || tag(&whole, 60));
            let told = |wanted: u64| {
                let (tags, count) = trail::read::<N>(|at| get(&whole.0[at]));
                let first = tags[..count].first().copied();
                assert!(first.is_none_or(|first| first == wanted), "{tags:?} of {before} at {at}");
                count
            };
            let mut seen = 0;
            for n in 70..70 + 2 * N as u64 {
                tag(&whole, n);
                seen = told(n);
            }
            assert!(seen >= N - 2, "after two rounds all of it: {seen} of {before} at {at}");
        });
    }
}
