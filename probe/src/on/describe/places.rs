//! The shard words and records that numbers and sites are given.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::layout::{HistogramRole, MetricRecord, WORD};
use crate::on::board::lost::lost;
use crate::on::board::tables::Board;
use crate::on::ground::threads;
use crate::on::numbers::holders;
use crate::on::numbers::spread::Spread;
use crate::on::thread::local;

/// How often, and how long each time, a thread that only says where it is is waited for.
const START_LOOKS: u32 = 2000;
const START_LOOK: Duration = Duration::from_micros(20);

/// Hands out metric records and shard words.
#[derive(Debug)]
pub(super) struct Places {
    /// Words of a page, in lines of eight, that a shard's words keep clear of.
    avoid: Vec<usize>,
    /// Next word of a shard to hand out. The first two are nobody's.
    next_word: usize,
    pub(super) queues: usize,
    pub(super) facts: usize,
}

/// Where a thread that is started has its cursor.
fn spawned_address() -> Option<usize> {
    let address = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&address);
    let thread = threads::start(c"probe-start", 64 << 10, move || {
        told.store(local::address(), Ordering::Relaxed);
    });
    thread.ok()?.join(START_LOOKS, START_LOOK);
    Some(address.load(Ordering::Relaxed)).filter(|address| *address != 0)
}

impl Places {
    /// Whether the board will have a keeper decides which words it had better keep clear of.
    pub(super) fn new(keeper: bool) -> Self {
        let mut cursors = vec![local::address()];
        if keeper {
            cursors.extend(spawned_address());
        }
        let avoid = cursors.into_iter().map(|address| (address & 4095) / WORD / 8).collect();
        Self { avoid, next_word: 2, queues: 0, facts: 0 }
    }

    /// A word of every shard. The lines that share their low 12 address bits with this thread's or a
    /// spawned thread's cursor are left out: each count on them would make the next probe wait.
    pub(super) fn word(&mut self, board: &Board) -> Option<u64> {
        while self.avoid.contains(&(self.next_word % (4096 / WORD) / 8)) {
            self.next_word += 1;
        }
        let word = self.next_word;
        self.next_word += 1;
        (word < board.threads.shard_words).then_some(word as u64)
    }

    /// Two words of every shard, one behind the other.
    pub(super) fn two_words(&mut self, board: &Board) -> Option<u64> {
        let mut first = self.word(board)?;
        loop {
            let second = self.word(board)?;
            if second == first + 1 {
                return Some(first);
            }
            first = second;
        }
    }

    /// A metric's record, and its number.
    pub(super) fn metric(&self, board: &Board) -> Option<(usize, &'static MetricRecord)> {
        let index = holders::current()?.claim()?;
        Some((index, board.numbers.metrics.get(index)?))
    }
}

/// Bytes from the start of a shard to one of its words.
pub(super) fn offset(word: u64) -> u32 {
    u32::try_from(word * WORD as u64).unwrap_or(0)
}

/// The block of a new histogram that threads share.
pub(super) fn shared_block(metric: usize, role: HistogramRole, spread: &Spread) {
    if !spread.take_shared(metric, role) {
        lost(|lost| &lost.metrics);
    }
}
