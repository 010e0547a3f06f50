//! The head of a queue that nobody looks at.

use std::sync::Arc;

use super::super::atomics::{AtomicU64, Ordering};
use super::super::protocol::fifo;
use super::super::run::{explore, spawn};
use super::{RELAXED, get, words};

/// A queue of `N` stamps, the channel beside it, and the head as it stands on the board.
struct Queue<const N: usize> {
    entered: AtomicU64,
    taken: AtomicU64,
    stamps: [AtomicU64; N],
    head: AtomicU64,
    /// How many items were sent, and how many received: which are in the channel.
    sent: AtomicU64,
    received: AtomicU64,
}

impl<const N: usize> Queue<N> {
    fn new() -> Self {
        let [entered, taken, head, sent, received] = words();
        Self { entered, taken, stamps: words(), head, sent, received }
    }

    /// As `Fifo::arrive`, and the item goes into the channel. Items are sent at 10, 20, …
    fn bring(&self) {
        let number = get(&self.sent);
        let now = 10 * (number + 1);
        if fifo::arrive(&self.entered, &self.taken, &self.stamps, now) {
            self.head.fetch_max(now, RELAXED);
        }
        self.sent.store(number + 1, Ordering::Release);
    }

    /// As `Fifo::take`, for whoever received an item.
    fn say(&self, arrived: u64) {
        if let Some(head) = fifo::take(&self.entered, &self.taken, &self.stamps, 1, arrived) {
            self.head.fetch_max(head, RELAXED);
        }
    }

    /// Receives one if there is one, and says so, later than another may who received after it.
    fn take(&self) -> bool {
        let received = self.received.load(RELAXED);
        if received >= self.sent.load(Ordering::Acquire) {
            return false;
        }
        let mine = self.received.compare_exchange(received, received + 1, RELAXED, RELAXED).is_ok();
        if mine {
            self.say(10 * (received + 1));
        }
        mine
    }
}

/// One after the other: the head is the oldest that is there, a queue that is longer than its ring has a bound, and of an
/// empty one nothing is said.
pub fn fifo_one_by_one() {
    explore("fifo: one by one", None, &[], |_| {
        let queue = Queue::<2>::new();
        let take = |n, arrived| fifo::take(&queue.entered, &queue.taken, &queue.stamps, n, arrived);
        let arrive = |now| fifo::arrive(&queue.entered, &queue.taken, &queue.stamps, now);
        assert!(arrive(10), "the first is at the head");
        assert!(!arrive(20), "the second is not");
        assert_eq!(take(1, 10), Some(20));
        assert_eq!(take(1, 20), None, "an empty queue has no head");
        assert!(arrive(30) && !arrive(40) && !arrive(50));
        assert!(!arrive(60));
        assert_eq!(take(1, 30), Some(30), "longer than the ring: not later than the head");
        assert_eq!(take(1, 40), Some(50), "as long as the ring");
        assert_eq!(take(2, 60), None);
    });
}

/// An arrival and a taking meet: the head that is left is the one that is there.
pub fn fifo_who_meet() {
    explore("fifo: an arrival and a taking", None, &[10, 20], |seen| {
        let seen = seen.clone();
        let queue = Arc::new(Queue::<2>::new());
        let taker = {
            let queue = Arc::clone(&queue);
            spawn(move || queue.take())
        };
        queue.bring();
        queue.bring();
        let taken = taker.join().expect("no panic");
        let head = get(&queue.head);
        assert_eq!(head, if taken { 20 } else { 10 }, "taken: {taken}");
        seen.note(head);
    });
}

/// Two arrive at once: both are counted, and one of them is at the head.
pub fn fifo_two_who_arrive() {
    explore("fifo: two who arrive", None, &[0, 1], |seen| {
        let seen = seen.clone();
        let queue = Arc::new(Queue::<2>::new());
        let arrive =
            |queue: &Queue<2>, now| fifo::arrive(&queue.entered, &queue.taken, &queue.stamps, now);
        let other = {
            let queue = Arc::clone(&queue);
            spawn(move || arrive(&queue, 10))
        };
        let mine = arrive(&queue, 20);
        let theirs = other.join().expect("no panic");
        assert_eq!(get(&queue.entered), 2, "one was not counted");
        assert_ne!(mine, theirs);
        seen.note(u64::from(mine));
    });
}

/// Two take while one brings, and say so in any order: the oldest that is left is at the head.
pub fn fifo_two_who_take() {
    explore("fifo: two who take", Some(3), &[20, 30], |seen| {
        let seen = seen.clone();
        let queue = Arc::new(Queue::<2>::new());
        queue.bring();
        let takers = [0, 1].map(|_| {
            let queue = Arc::clone(&queue);
            spawn(move || queue.take())
        });
        queue.bring();
        queue.bring();
        let taken = takers.map(|taker| u64::from(taker.join().expect("no panic")));
        let head = get(&queue.head);
        assert_eq!(head, 10 * (taken[0] + taken[1] + 1));
        seen.note(head);
    });
}

/// The ring is overtaken while somebody takes: the head is never said to be later than it is.
pub fn fifo_overtaken_ring() {
    explore("fifo: an overtaken ring", None, &[10, 20], |seen| {
        let seen = seen.clone();
        let queue = Arc::new(Queue::<1>::new());
        queue.bring();
        let taker = {
            let queue = Arc::clone(&queue);
            spawn(move || {
                assert!(queue.take());
                get(&queue.head)
            })
        };
        queue.bring();
        queue.bring();
        let at_once = taker.join().expect("its claim holds");
        let head = get(&queue.head);
        assert!(at_once <= head && head <= 20, "20 is at the head, not {head}");
        seen.note(head);
    });
}
