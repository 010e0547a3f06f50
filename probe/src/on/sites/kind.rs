//! What a site knows that begins operations, or is a status of them.

use core::sync::atomic::AtomicU32;

use crate::on::numbers::spread::Spread;

/// What a site that begins operations knows of their kind. Sites with one label share a histogram.
#[derive(Debug)]
pub struct Kind {
    /// Durations.
    pub(crate) times: Spread,
    /// Its number among the kinds; beyond the slow log's until it is placed.
    pub(crate) number: AtomicU32,
}

impl Kind {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self { times: Spread::nowhere(), number: AtomicU32::new(u32::MAX) }
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self::new()
    }
}

/// What a site that is a status knows of itself.
#[derive(Debug)]
pub struct Spent {
    /// Its number among the sites, plus 1; 0 until it is on the board.
    pub(crate) number: AtomicU32,
    /// Bytes into every shard: how often it was taken, and behind that the time spent in it. 0, the
    /// words that nobody reads, until it is placed.
    pub(crate) offset: AtomicU32,
}

impl Spent {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self { number: AtomicU32::new(0), offset: AtomicU32::new(0) }
    }
}

impl Default for Spent {
    fn default() -> Self {
        Self::new()
    }
}
