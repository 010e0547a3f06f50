//! The last seconds: every 10 s a copy of what each histogram counted, every second the processor time of the
//! process.

use crate::layout::*;
use crate::on::board::tables::Board;
use crate::on::numbers::pool;

/// What the keeper does about them, and about the processor time of the process: it needs a memory of
/// its own.
#[derive(Debug)]
pub(super) struct Seconds {
    sums: Box<[u32; WINDOW_BUCKETS]>,
    /// Stamp and processor time of the last look, of the one before, and of the newest asking.
    newer: (u64, u64),
    older: (u64, u64),
    latest: (u64, u64),
}

/// Beats between two copies, and between two askings for the processor time.
const EVERY: u64 = WINDOW_PERIOD_NS / KEEPER_PERIOD_NS;
const ASK_EVERY: u64 = 20;

impl Seconds {
    /// The process's time counts from its start: the first window is as long as it lived.
    pub(super) fn new(start: u64) -> Self {
        let begun = (start, processor_ns());
        Self { sums: Box::new([0; WINDOW_BUCKETS]), newer: begun, older: begun, latest: begun }
    }

    /// At each beat; what the pulse says of the processor: its time so far, stamp and time of a look 10 to
    /// 20 s ago, and the stamp of the time so far.
    pub(super) fn look(&mut self, board: &Board, beat: u64, stamp: u64) -> [u64; 4] {
        if beat % ASK_EVERY == 1 {
            self.latest = (stamp, processor_ns());
        }
        if beat % EVERY == 1 {
            (self.older, self.newer) = (self.newer, self.latest);
            if let Some(pool) = pool::current() {
                pool.windows.take(board, beat / EVERY, stamp, &mut self.sums);
            }
        }
        [self.latest.1, self.older.0, self.older.1, self.latest.0]
    }
}

/// Processor time of all of the process's threads so far.
fn processor_ns() -> u64 {
    let clock = nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID;
    let time = nix::time::clock_gettime(clock).map(core::time::Duration::from);
    time.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
