//! One look, 20 times a second: the heartbeat, what the threads do, and the sums of what they count.

use core::sync::atomic::{AtomicU64, Ordering};

use super::descriptors::Descriptors;
use super::ring::{busy_until, write_ring};
use super::seconds::Seconds;
use super::totals::{sum_private, total};
use super::watch::{Watch, look_at, looks_per_asking};
use crate::on::board::tables::Board;
use crate::on::ground::clock::{self, Calibration};
use crate::on::ops::table;
use crate::protocol::doubled;

/// A panic hook that was set after `init!` is looked for at each power of two of beats, up to three minutes.
const HOOK_LOOKS: u64 = 1 << 12;

/// Counts beats over the life of the process; the sequence of the pulse record.
static BEATS: AtomicU64 = AtomicU64::new(0);

/// What the keeper remembers between looks.
pub(super) struct Memory {
    calibration: Calibration,
    watches: Vec<Watch>,
    descriptors: Option<Descriptors>,
    seconds: Seconds,
    /// Puts the panic hook right.
    mind_hook: fn(),
}

impl Memory {
    /// Of a keeper that begins now.
    pub(super) fn new(
        board: &Board,
        calibration: Calibration,
        descriptors: Option<Descriptors>,
        mind_hook: fn(),
    ) -> Self {
        Self {
            calibration,
            watches: vec![Watch::default(); board.threads.slots.count()],
            descriptors,
            seconds: Seconds::new(clock::stamp_pair().0),
            mind_hook,
        }
    }
}

/// The next beat is the first.
pub(super) fn begin() {
    BEATS.store(0, Ordering::Relaxed);
}

/// One look.
pub(super) fn beat(board: &Board, memory: &mut Memory) {
    let (stamp, monotonic) = clock::stamp_pair();
    clock::set_coarse(stamp);
    let count = BEATS.fetch_add(1, Ordering::Relaxed) + 1;
    clock::refine(&memory.calibration, (stamp, monotonic));
    for ring in &board.rings.busy {
        write_ring(ring, count, stamp, |slot| busy_until(board, slot, stamp));
    }
    // Not at the first, which is at once: who sets a hook has not done so yet, and who fails at its start may panic now.
    if count > 1 && count.is_power_of_two() && count <= HOOK_LOOKS {
        (memory.mind_hook)();
    }
    if count % 20 == 1 {
        if let Some(operations) = table::current() {
            operations.age(stamp);
        }
        if let Some(descriptors) = &mut memory.descriptors {
            descriptors.look(board);
        }
        sum_private(board);
    }
    for ring in &board.rings.counts {
        write_ring(ring, count, stamp, |metric| total(board, metric));
    }
    let asking = looks_per_asking(memory.watches.len());
    for (slot, watch) in memory.watches.iter_mut().enumerate() {
        look_at(board, slot, watch, (stamp, count, asking));
    }
    let [ran, since, ran_then, ran_at] = memory.seconds.look(board, count, stamp);
    doubled::publish(
        &board.single.pulse.sequence,
        &board.single.pulse.even,
        &board.single.pulse.odd,
        count,
        [stamp, monotonic, clock::wall_ns(), ran, since, ran_then, ran_at],
    );
}
