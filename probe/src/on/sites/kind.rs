//! What a site knows that begins operations, or is a status of them.

use core::sync::atomic::AtomicU32;

use crate::layout::{OP_CANCELLED, OP_ERROR, OP_PANICKED};
use crate::on::numbers::family::CounterFamily;
use crate::on::numbers::spread::Spread;
use crate::on::numbers::way::Way;

/// How operations ended that did not end well, by kind: with their durations' count that says of each kind how many ended
/// in which way. In its place on the board with the first kind.
pub(crate) static ENDS: CounterFamily = CounterFamily::new(
    "op_ends",
    "operations",
    "Operations that did not end well, by kind and how.",
    "outcome",
);

/// What a site that begins operations knows of their kind. Sites with one label share a histogram.
#[derive(Debug)]
pub struct Kind {
    /// Durations.
    pub(crate) times: Spread,
    /// Its number among the kinds; beyond the slow log's until it is placed.
    pub(crate) number: AtomicU32,
    /// Those that ended as an error, cancelled, panicked.
    ends: [Way; 3],
}

impl Kind {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self {
            times: Spread::nowhere(),
            number: AtomicU32::new(u32::MAX),
            ends: [const { Way::new() }; 3],
        }
    }

    /// One of this kind, which is called `label`, did not end well.
    #[cold]
    #[inline(never)]
    pub(crate) fn ended(&self, label: &str, state: u64) {
        let (way, outcome) = match state {
            OP_ERROR => (0, "error"),
            OP_CANCELLED => (1, "cancelled"),
            OP_PANICKED => (2, "panicked"),
            _ => return,
        };
        if let Some(way) = self.ends.get(way) {
            way.count(|| ENDS.member_of_kind(outcome, label));
        }
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
