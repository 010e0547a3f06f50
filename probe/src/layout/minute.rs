//! The last minute: rings that the keeper fills, so that rates and load windows are there for a
//! reader who looks once, or after the end.

use super::record::record;

record! {
    /// What a ring's entries are. Entry `written % entries` is the next to be overwritten. An entry is
    /// its stamp and then one word for each slot (busy clock units) or metric (total). The stamp is
    /// zero while the entry is being written.
    RingHead, RingHeadCopy, 64 bytes {
        /// From one entry to the next, ns.
        0x00 period_ns,
        /// Number of entries.
        0x08 entries,
        /// Words of an entry, the stamp included.
        0x10 entry_words,
        /// Number of the newest entry, plus 1. Numbers count periods; the first of all may never have been written.
        0x18 written,
        /// Written as zero, ignored by readers.
        0x20 reserved[4],
    }
}

/// One ring of the cascade: period and number of entries.
#[derive(Clone, Copy, Debug)]
pub struct RingShape {
    /// From one entry to the next, ns.
    pub period_ns: u64,
    /// Number of entries.
    pub entries: usize,
}

/// Period of the keeper, ns: the finest ring's.
pub const KEEPER_PERIOD_NS: u64 = 50_000_000;

/// Busy time: the window of 1 s is cut from steps of 50 ms, that of 10 s from steps of 500 ms, that
/// of 60 s from steps of 2.5 s. A step between two entries is interpolated, so a change of load
/// inside it moves the result by at most a quarter of step over window: 1.25 points for a jump
/// from 0 to 100 %.
pub const BUSY_RINGS: [RingShape; 3] = [
    RingShape { period_ns: KEEPER_PERIOD_NS, entries: 24 },
    RingShape { period_ns: 10 * KEEPER_PERIOD_NS, entries: 24 },
    RingShape { period_ns: 50 * KEEPER_PERIOD_NS, entries: 27 },
];

/// Totals: steps of 1 s for the last ten, of 10 s for the last minute.
pub const COUNT_RINGS: [RingShape; 2] = [
    RingShape { period_ns: 20 * KEEPER_PERIOD_NS, entries: 12 },
    RingShape { period_ns: 200 * KEEPER_PERIOD_NS, entries: 7 },
];
