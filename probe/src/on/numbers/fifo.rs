//! A queue whose items leave it in the order in which they came: it finds out by itself which one is at the head,
//! where a channel tells nobody.
//!
//! The stamps of the last [`STAMPS`] arrivals are kept, each at its number. Whoever takes an item knows its number from
//! the count of those that were taken, and so the next one's stamp. A queue that is longer than that keeps the stamp of
//! the item that was taken last, which is older than the head's: the age is then at most too high by what lies between
//! two arrivals.

use core::sync::atomic::AtomicU64;

use super::queue::{Flow, Queue};
use crate::on::ground::clock::Stamp;
use crate::protocol::fifo;

/// Arrivals whose stamps are kept.
const STAMPS: usize = 1024;

/// A queue, first in, first out: as [`Queue`], and nobody has to say which item is at its head.
#[derive(Debug)]
pub struct Fifo {
    queue: Queue,
    /// Items that entered.
    entered: AtomicU64,
    /// Items that were taken, or left: the number of the one at the head.
    taken: AtomicU64,
    stamps: [AtomicU64; STAMPS],
}

impl Fifo {
    #[doc(hidden)]
    pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self {
            queue: Queue::new(name, unit, help),
            entered: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            stamps: [const { AtomicU64::new(0) }; STAMPS],
        }
    }

    #[doc(hidden)]
    pub const fn queue(&'static self) -> &'static Queue {
        &self.queue
    }

    /// The next `n` items were taken, the last of which had arrived then.
    fn take(&self, n: u64, arrived: Stamp) {
        if let Some(head) = fifo::take(&self.entered, &self.taken, &self.stamps, n, arrived.0) {
            self.queue.raise_head(head);
        }
    }
}

impl Flow for Fifo {
    #[inline]
    fn arrive(&self, now: Stamp) -> Stamp {
        let is_head = fifo::arrive(&self.entered, &self.taken, &self.stamps, now.0);
        let now = self.queue.arrive(now);
        if is_head {
            self.queue.raise_head(now.0);
        }
        now
    }

    #[inline]
    fn start(&self, arrived: Stamp, now: Stamp) -> Stamp {
        self.take(1, arrived);
        self.queue.start(arrived, now)
    }

    #[inline]
    fn complete(&self, started: Stamp, now: Stamp) {
        self.queue.complete(started, now);
    }

    #[inline]
    fn leave(&self, n: u64) {
        self.take(n, Stamp::NONE);
        self.queue.leave(n);
    }

    /// They never stood in the line.
    #[inline]
    fn pass(&self, n: u64) {
        self.queue.pass(n);
    }

    /// It knows better.
    #[inline]
    fn head(&self, _: Option<Stamp>) {}
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering;
    use std::collections::VecDeque;

    use super::*;
    use crate::layout::QueueRecord;

    fn placed() -> (Fifo, &'static QueueRecord) {
        let words = || core::array::from_fn(|_| AtomicU64::new(0));
        let word = || AtomicU64::new(0);
        let record: &'static QueueRecord = Box::leak(Box::new(QueueRecord {
            arrivals: word(),
            depth_max: word(),
            reserved0: words(),
            starts: word(),
            removed: word(),
            reserved1: core::array::from_fn(|_| AtomicU64::new(0)),
            completions: word(),
            reserved2: core::array::from_fn(|_| AtomicU64::new(0)),
            head: word(),
            head_known: word(),
            reserved3: core::array::from_fn(|_| AtomicU64::new(0)),
        }));
        // Still known of: else a leak sanitizer takes it for lost.
        static KEPT: std::sync::Mutex<Vec<&QueueRecord>> = std::sync::Mutex::new(Vec::new());
        KEPT.lock().expect("nobody panics").push(record);
        let fifo = Fifo::new("fifo", "items", "");
        fifo.queue.record.place(record);
        (fifo, record)
    }

    fn head(record: &QueueRecord) -> u64 {
        record.head.load(Ordering::Relaxed)
    }

    #[test]
    fn the_head_is_the_oldest_that_was_not_taken() {
        let (fifo, record) = placed();
        let mut waiting = VecDeque::new();
        // Runs of arrivals and departures of every length, more than once around; some leave without service.
        let (mut now, mut step) = (1, 0_u64);
        while now < 10 * STAMPS as u64 {
            step = step.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            for _ in 0..step >> 59 {
                now += 1;
                waiting.push_back(fifo.arrive(Stamp(now)).0);
                assert_eq!(head(record), waiting[0]);
            }
            for _ in 0..(step >> 54) & 31 {
                let Some(arrived) = waiting.pop_front() else { break };
                match arrived % 3 {
                    0 => fifo.leave(1),
                    _ => fifo.take(1, Stamp(arrived)),
                }
                if let Some(next) = waiting.front() {
                    assert_eq!(head(record), *next);
                }
            }
        }
    }

    #[test]
    fn of_a_queue_that_is_too_long_the_age_is_a_bound() {
        let (fifo, record) = placed();
        let all = 3 * STAMPS as u64;
        for now in 1..=all {
            fifo.arrive(Stamp(now));
        }
        assert_eq!(head(record), 1);
        for taken in 1..all {
            fifo.take(1, Stamp(taken));
            let is_kept = all - taken <= STAMPS as u64;
            assert_eq!(head(record), if is_kept { taken + 1 } else { taken });
        }
    }

    #[test]
    fn two_who_take_and_two_who_bring_leave_the_right_head() {
        let (fifo, record) = placed();
        let channel = std::sync::Mutex::new((1_u64, VecDeque::new()));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let mut channel = channel.lock().expect("no panic");
                        channel.0 += 1;
                        let now = channel.0;
                        channel.1.push_back(fifo.arrive(Stamp(now)).0);
                    }
                });
                scope.spawn(|| {
                    let mut left = 19_800;
                    while left > 0 {
                        let taken = channel.lock().expect("no panic").1.pop_front();
                        // Said late, and in any order.
                        match taken {
                            Some(arrived) => (fifo.take(1, Stamp(arrived)), left -= 1).0,
                            None => std::thread::yield_now(),
                        }
                    }
                });
            }
        });
        let channel = channel.into_inner().expect("no panic");
        assert_eq!(head(record), channel.1[0]);
    }
}
