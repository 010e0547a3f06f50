//! A word that every thread has one of: each counts in its own, without an atomic operation, and readers add up.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::on::thread::registrar::{self, Ask};
use crate::on::thread::shard::shard;

/// Where in a shard it is, and what was counted before there was one.
#[derive(Debug)]
pub(crate) struct ShardWord {
    /// Bytes into every shard; 0, the word that nobody reads, before the board is made.
    pub(crate) offset: AtomicU32,
    /// Counted before there was a board.
    pub(crate) early: AtomicU64,
}

impl ShardWord {
    pub(crate) const fn new() -> Self {
        Self { offset: AtomicU32::new(0), early: AtomicU64::new(0) }
    }

    #[inline(always)]
    pub(crate) fn add(&self, n: u64) {
        match shard() {
            Some(shard) => shard.add(self.offset.load(Ordering::Relaxed), n),
            None => self.add_first(n),
        }
    }

    #[cold]
    #[inline(never)]
    fn add_first(&self, n: u64) {
        registrar::ask(Ask::Place);
        match shard() {
            Some(shard) => shard.add(self.offset.load(Ordering::Relaxed), n),
            None => _ = self.early.fetch_add(n, Ordering::Relaxed),
        }
    }
}
