//! The rings of the last minute, and what is read of them: the busy time of every worker.

use core::sync::atomic::Ordering;

use crate::layout::*;
use crate::on::board::records::MinuteRing;
use crate::on::board::tables::Board;
use crate::on::ground::clock;
use crate::protocol::{doubled, rings};

/// Writes a ring's next entry, when it is due.
pub(super) fn write_ring(ring: &MinuteRing, beat: u64, stamp: u64, value: impl Fn(usize) -> u64) {
    let every = ring.shape.period_ns / KEEPER_PERIOD_NS;
    if every == 0 || beat % every != 1 % every {
        return;
    }
    // From the beat, not from the board: the ring's own words decide nothing.
    let written = beat / every;
    let first = (written as usize % ring.shape.entries) * ring.entry_words;
    let Some(key) = ring.words.get(first) else {
        return;
    };
    let columns = (0..ring.entry_words - 1)
        .filter_map(|column| Some((ring.words.get(first + 1 + column)?, value(column))));
    rings::write(key, stamp, columns);
    ring.head.written.store(written + 1, Ordering::Release);
}

/// Busy units of a slot's worker up to `now`, the job in hand included.
pub(super) fn busy_until(board: &Board, slot: usize, now: u64) -> u64 {
    let Some(worker) = board.threads.workers.get(slot) else {
        return 0;
    };
    let read = doubled::read::<3>(
        || worker.sequence.load(Ordering::Relaxed),
        |odd, index| {
            let copy = if odd { &worker.odd } else { &worker.even };
            copy.get(index).map_or(0, |word| word.load(Ordering::Relaxed))
        },
        &mut 0,
    );
    match read {
        Some((_, [busy, since, in_hand])) if in_hand > 0 => busy + now.saturating_sub(since),
        Some((_, [busy, _, _])) => busy,
        None => 0,
    }
}

/// Load of a slot's worker over the last second, as far as the keeper has looked: busy time over time.
pub(crate) fn load(board: &Board, slot: usize, now: u64) -> Option<f64> {
    let ring = board.rings.busy.first()?;
    let second = clock::from_ns(1_000_000_000);
    let entry = |index: usize| {
        let first = index * ring.entry_words;
        let word = |at: usize| Some(ring.words.get(first + at)?.load(Ordering::Relaxed));
        let (stamp, busy) = rings::read(|| word(0).unwrap_or(0), || word(1 + slot))?;
        (now.saturating_sub(stamp) <= second).then_some((stamp, busy?))
    };
    let (stamp, busy) = (0..ring.shape.entries).filter_map(entry).min()?;
    // Never a worker: no load.
    board.threads.workers.get(slot).filter(|worker| worker.sequence.load(Ordering::Relaxed) > 0)?;
    let worked = busy_until(board, slot, now).saturating_sub(busy);
    Some((worked as f64 / now.saturating_sub(stamp).max(1) as f64).min(1.0))
}
