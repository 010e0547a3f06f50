//! Counters and histograms: words that are added up.

use std::sync::Arc;

use super::super::atomics::AtomicU64;
use super::super::protocol::{claims, sums};
use super::super::run::{Seen, explore, interrupted, spawn};
use super::{beside, get, set, words};

/// A histogram's block, in small: how many, their sum, the highest.
struct Block {
    count: AtomicU64,
    sum: AtomicU64,
    highest: AtomicU64,
}

impl Block {
    fn new() -> Self {
        let [count, sum, highest] = words();
        Self { count, sum, highest }
    }

    /// As `Spread::record` does it on a thread with a block of its own.
    fn add_alone(&self, value: u64) {
        sums::add_alone(&self.count, 1);
        sums::add_alone(&self.sum, value);
        self.raise(value);
    }

    /// As it does it on others.
    fn add_together(&self, value: u64) {
        sums::add_together(&self.count, 1);
        sums::add_together(&self.sum, value);
        self.raise(value);
    }

    fn raise(&self, value: u64) {
        if value > get(&self.highest) {
            sums::raise_highest(&self.highest, value);
        }
    }

    fn all(&self) -> [u64; 3] {
        [&self.count, &self.sum, &self.highest].map(get)
    }
}

/// Whatever is read later is not less.
fn never_falls(look: impl Fn() -> u64) -> u64 {
    let first = look();
    let second = look();
    assert!(first <= second, "{first}, then {second}");
    second
}

/// A handler that comes anywhere in a thread's record raises the highest as well: that stays, and never falls.
pub fn sums_highest_and_a_handler() {
    for (mine, handlers) in [(5, 9), (9, 5)] {
        for at in 0..=2 {
            explore("sums: the highest, and a handler", None, &[0, 9], move |seen| {
                let (seen, block) = (seen.clone(), Arc::new(Block::new()));
                let inside = Arc::clone(&block);
                beside(
                    block,
                    move |block| {
                        interrupted(at, move || inside.raise(handlers), || block.raise(mine));
                        assert_eq!(get(&block.highest), 9, "{mine} with {handlers} at {at}");
                    },
                    move |block| seen.note(never_falls(|| get(&block.highest))),
                );
            });
        }
    }
}

/// The control: raised by a plain store, it is lost to what was found lower a moment before.
pub fn sums_highest_raised_naively() {
    for (at, last) in [(0, 9), (1, 5), (2, 9)] {
        explore("sums: the highest, naively", None, &[last], move |seen| {
            let block = Arc::new(Block::new());
            let raise = |block: &Block, value| {
                if value > get(&block.highest) {
                    set(&block.highest, value);
                }
            };
            let inside = Arc::clone(&block);
            interrupted(at, move || raise(&inside, 9), || raise(&block, 5));
            seen.note(get(&block.highest));
        });
    }
}

/// A handler that comes anywhere in a thread's record, and records in the same block: what the thread itself adds is
/// there in the end. What the handler adds is there as well, unless it came between the load and the store of one addition, where a
/// processor has two instructions for these.
pub fn sums_own_words_and_a_handler() {
    // Load and store of the count, load and store of the sum.
    let all = [[2, 15], [1, 15], [2, 15], [2, 5], [2, 15]];
    for (at, [count, sum]) in all.into_iter().enumerate() {
        explore("sums: own words, and a handler", None, &[0, 1, 2], move |seen| {
            let (seen, block) = (seen.clone(), Arc::new(Block::new()));
            let inside = Arc::clone(&block);
            beside(
                block,
                move |block| {
                    interrupted(at, move || inside.add_alone(10), || block.add_alone(5));
                    assert_eq!(block.all(), [count, sum, 10], "at {at}");
                    // Nothing follows from it.
                    block.add_alone(1);
                    assert_eq!(block.all(), [count + 1, sum + 1, 10], "at {at}");
                },
                move |block| {
                    let [count, sum, highest] = block.all();
                    assert!(count <= 3 && sum <= 16 && highest <= 10);
                    seen.note(count.min(2));
                },
            );
        });
    }
}

/// Threads without a block of their own, and a handler on one of them, share one: nothing is lost.
pub fn sums_together() {
    for at in 0..=4 {
        explore("sums: together, and a handler", Some(2), &[15], move |seen: &Seen| {
            let block = Arc::new(Block::new());
            let (other, inside) = (Arc::clone(&block), Arc::clone(&block));
            let other = spawn(move || other.add_together(4));
            interrupted(at, move || inside.add_together(9), || block.add_together(2));
            other.join().expect("no panic");
            assert_eq!(block.all(), [3, 15, 9], "at {at}");
            seen.note(get(&block.sum));
        });
    }
}

/// A block stays its slot's: the next thread there goes on with plain additions, and loses nothing of the one before.
pub fn claims_and_sums_of_one_slot() {
    explore("claims and sums: one slot, one block", None, &[1, 2], |seen| {
        fn live(slot: &(AtomicU64, Block), value: u64) -> u64 {
            let bits = std::slice::from_ref(&slot.0);
            if claims::claim(bits, 1).is_none() {
                return 0;
            }
            slot.1.add_alone(value);
            claims::release(bits, 0);
            1
        }
        let slot = Arc::new((AtomicU64::new(0), Block::new()));
        let other = Arc::clone(&slot);
        let other = spawn(move || live(&other, 4));
        let mine = live(&slot, 2);
        let others = other.join().expect("no panic");
        let [count, sum, highest] = slot.1.all();
        assert_eq!((count, sum), (mine + others, 2 * mine + 4 * others));
        assert_eq!(highest, if others == 1 { 4 } else { 2 });
        seen.note(count);
    });
}
