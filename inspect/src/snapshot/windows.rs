//! What histograms counted a while ago, so that the last seconds can be told from all of the past.

use std::collections::BTreeMap;

use probe::layout::{SectionKind, WINDOW_BUCKETS, WINDOW_WORDS, WindowCopy};
use probe::protocol::rings;

use super::board::{Board, Contents};
use super::pages::{Pages, Record};

/// A coarse copy of a histogram's counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowRead {
    /// When it was taken.
    pub stamp: u64,
    /// Counts, [`WINDOW_BUCKETS`] of them, modulo 2^32.
    pub counts: Vec<u32>,
}

/// The copies of every histogram, by metric index and role; the older first. To be read before the
/// histograms themselves: then nothing was counted earlier that is not counted later.
pub(super) fn windows(board: &Board, contents: &Contents) -> BTreeMap<(u64, u64), Vec<WindowRead>> {
    let mut all = BTreeMap::new();
    let Some(sect) = contents.get(SectionKind::Windows) else { return all };
    if sect.stride < WindowCopy::BYTES as u64 {
        return all;
    }
    let even = core::mem::offset_of!(WindowCopy, even) as u64;
    let odd = core::mem::offset_of!(WindowCopy, odd) as u64;
    let mut pages = Pages::new(board, sect);
    for index in 0..sect.capacity {
        let Some(record) = pages.record(index) else { break };
        // Records are handed out in order.
        let Some(metric) = record.word(0).checked_sub(1) else { break };
        // Pairs with the release store of `metric`.
        record.fence();
        let role = record.word(8);
        let mut copies: Vec<WindowRead> =
            [even, odd].into_iter().filter_map(|copy| read(record, copy)).collect();
        copies.sort_by_key(|copy| copy.stamp);
        all.insert((metric, role), copies);
    }
    board.source.fence();
    all
}

/// One copy; `None` before the first, or while it is being written.
fn read(record: Record, at: u64) -> Option<WindowRead> {
    let counts = || {
        let mut words = [0; WINDOW_WORDS];
        record.words(at + 8, &mut words);
        words
    };
    let (stamp, words) = rings::read(|| record.word(at), counts)?;
    let counts: Vec<u32> =
        words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).collect();
    debug_assert_eq!(counts.len(), WINDOW_BUCKETS);
    Some(WindowRead { stamp, counts })
}
