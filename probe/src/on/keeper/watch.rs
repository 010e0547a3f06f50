//! Since when each thread stands where it stands.

use core::sync::atomic::Ordering;

use nix::time::{ClockId, clock_gettime};

use crate::layout::*;
use crate::on::board::tables::Board;
use crate::on::ground::clock;
use crate::on::slots::held;
use crate::protocol::{keyed, occupancy};

/// Looks between two askings of the kernel about a thread that stands still: half a second, and longer where there are
/// so many slots that one look would ask about more threads than `ASKED_AT_ONCE`.
pub(super) fn looks_per_asking(slots: usize) -> u64 {
    slots.div_ceil(ASKED_AT_ONCE).max(10) as u64
}

/// An asking is a call of the kernel: so many, 20 times a second, are about a thousandth of a core.
const ASKED_AT_ONCE: usize = 64;

/// What the keeper remembers of a slot between looks.
#[derive(Clone, Copy, Default)]
pub(super) struct Watch {
    position: u64,
    since: u64,
    /// Processor time, as last asked.
    ran: Option<u64>,
    still_since: Option<u64>,
}

/// Looks at one slot; asks the kernel about a thread that stays where it was each `asking` looks.
pub(super) fn look_at(
    board: &Board,
    slot: usize,
    watch: &mut Watch,
    (now, beat, asking): (u64, u64, u64),
) {
    let Some((tid, position)) = position_of(board, slot) else {
        watch.position = 0;
        return;
    };
    if position != watch.position {
        *watch = Watch { position, since: now, ran: None, still_since: None };
    } else if (beat + slot as u64).is_multiple_of(asking) {
        let ran = processor_time(tid);
        if ran.is_none() || ran != watch.ran {
            watch.still_since = None;
            watch.ran = ran;
        } else if watch.still_since.is_none() {
            watch.still_since = Some(now - clock::from_ns(asking * KEEPER_PERIOD_NS));
        } else {
            return;
        }
    } else {
        return;
    }
    if let Some(record) = board.threads.watches.get(slot) {
        keyed::store(
            &record.position,
            [&record.since, &record.still_since],
            u64::MAX,
            watch.position,
            [watch.since, watch.still_since.unwrap_or(u64::MAX)],
        );
    }
}

/// Thread id of a slot's thread and the digest of where it is.
fn position_of(board: &Board, slot: usize) -> Option<(u64, u64)> {
    let user = held::current()?.user(slot)?;
    // Acquire: pairs with the release in `slots::take`.
    let tid = user.tid.load(Ordering::Acquire);
    if tid == 0 {
        return None;
    }
    let block = user.block.load(Ordering::Relaxed) as usize & 1;
    let frames = &board.threads.blocks.get(slot)?.blocks[block];
    let open = frames.iter().skip(1).enumerate().map_while(|(depth, frame)| {
        let scope = if depth == 0 { 0 } else { frame.scope.load(Ordering::Relaxed) };
        (depth == 0 || scope != 0).then(|| {
            let line = frame.line.load(Ordering::Relaxed) & !1;
            // As a reader has it: the scope itself is no line.
            [scope, if line == scope { 0 } else { line }]
        })
    });
    let generation = user.generation.load(Ordering::Relaxed);
    Some((tid, position_digest(generation, open.flatten())))
}

/// Nanoseconds that a thread has been on a processor, by its own clock: nothing is opened for that, and even
/// one turn of a thread moves it.
fn processor_time(tid: u64) -> Option<u64> {
    // As the C library numbers the clock of another thread: the id inverted, and "thread, scheduler" below it.
    const OF_THREAD: libc::clockid_t = 0b110;
    let tid = libc::clockid_t::try_from(tid).ok()?;
    let clock = ClockId::from_raw(!tid << 3 | OF_THREAD);
    let time = clock_gettime(clock).ok()?;
    let seconds = u64::try_from(time.tv_sec()).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(u64::try_from(time.tv_nsec()).ok()?)
}

const _: () = assert!(occupancy::LIVE == METRIC_LIVE && occupancy::LIVE == SLOT_LIVE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_slots_there_are_few_threads_are_asked_about_at_once() {
        assert_eq!([1, 64, 640].map(looks_per_asking), [10; 3]);
        for slots in [641, 4_160, 65_535] {
            let asking = looks_per_asking(slots);
            let at_once = |beat: u64| {
                (0..slots as u64).filter(|slot| (beat + slot).is_multiple_of(asking)).count()
            };
            assert!((0..asking).all(|beat| at_once(beat) <= ASKED_AT_ONCE), "{slots}");
            // Each in its turn.
            assert_eq!((0..asking).map(at_once).sum::<usize>(), slots);
        }
    }
}
