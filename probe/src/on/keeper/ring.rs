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

/// Busy units of a slot's worker up to `now`, the job in hand included; `None` when its record changed with every look.
fn busy_now(board: &Board, slot: usize, now: u64) -> Option<u64> {
    let worker = board.threads.workers.get(slot)?;
    let read = doubled::read::<3>(
        || worker.sequence.load(Ordering::Relaxed),
        |odd, index| {
            let copy = if odd { &worker.odd } else { &worker.even };
            copy.get(index).map_or(0, |word| word.load(Ordering::Relaxed))
        },
        &mut 0,
    );
    let (_, [busy, since, in_hand]) = read?;
    Some(if in_hand > 0 { busy + now.saturating_sub(since) } else { busy })
}

/// As it is noted in the rings: 0 for what is not known, which is less than was noted before.
pub(super) fn busy_until(board: &Board, slot: usize, now: u64) -> u64 {
    busy_now(board, slot, now).unwrap_or(0)
}

/// Load of a slot's worker over the last second, as far as the keeper has looked: busy time over time.
pub(crate) fn load(board: &Board, slot: usize, now: u64) -> Option<f64> {
    let looks = board.rings.busy.iter().flat_map(|ring| {
        (0..ring.shape.entries).filter_map(move |index| {
            let first = index * ring.entry_words;
            let word = |at: usize| Some(ring.words.get(first + at)?.load(Ordering::Relaxed));
            let (stamp, busy) = rings::read(|| word(0).unwrap_or(0), || word(1 + slot))?;
            Some((stamp, busy?))
        })
    });
    let (stamp, busy) = since(looks.collect(), now.saturating_sub(clock::from_ns(1_000_000_000)))?;
    // Never a worker: no load.
    board.threads.workers.get(slot).filter(|worker| worker.sequence.load(Ordering::Relaxed) > 0)?;
    let worked = busy_now(board, slot, now)?.saturating_sub(busy);
    Some((worked as f64 / now.saturating_sub(stamp).max(1) as f64).min(1.0))
}

/// The first of these looks, each with its stamp and the busy time then, that is of `begin` or later. Busy time only grows:
/// a look that found a record in change noted too little, and is left out, as a reader does. That is seen beside older
/// looks, so all there are take part.
fn since(mut looks: Vec<(u64, u64)>, begin: u64) -> Option<(u64, u64)> {
    looks.sort_unstable();
    let mut grown = 0;
    looks.retain(|&(_, busy)| {
        let keep = busy >= grown;
        grown = grown.max(busy);
        keep
    });
    looks.into_iter().find(|&(stamp, _)| stamp >= begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_found_a_record_in_change_is_none() {
        // Busy a tenth of the time, for long; the oldest look of the last second came to nothing.
        let looks = vec![(900, 90), (1_100, 110), (1_000, 0), (1_200, 120)];
        assert_eq!(since(looks, 1_000), Some((1_100, 110)));
        assert_eq!(since(vec![(1_000, 100), (1_100, 110)], 1_000), Some((1_000, 100)));
        // A worker that has not worked yet.
        assert_eq!(since(vec![(1_000, 0), (1_100, 0)], 900), Some((1_000, 0)));
        assert_eq!(since(vec![(1_000, 0)], 1_100), None);
    }
}
