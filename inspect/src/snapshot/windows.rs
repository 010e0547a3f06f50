//! What histograms counted a while ago, so that the last seconds can be told from all of the past.

use std::collections::BTreeMap;

use probe::layout::{SectionKind, WINDOW_BUCKETS, WINDOW_WORDS, WindowCopy};

use super::board::{Board, Contents};

/// A coarse copy of a histogram's counts.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    for index in 0..sect.capacity {
        let Some(at) = sect.at(index) else { break };
        // Records are handed out in order.
        let Some(metric) = board.source.word(at).checked_sub(1) else { break };
        // Pairs with the release store of `metric`.
        board.source.fence();
        let role = board.source.word(at + 8);
        let mut copies: Vec<WindowRead> =
            [even, odd].into_iter().filter_map(|copy| read(board, at + copy)).collect();
        copies.sort_by_key(|copy| copy.stamp);
        all.insert((metric, role), copies);
    }
    board.source.fence();
    all
}

/// One copy; `None` before the first, or while it is being written.
fn read(board: &Board, at: u64) -> Option<WindowRead> {
    let stamp = board.source.word(at);
    if stamp == 0 {
        return None;
    }
    // Pairs with the release store of the stamp after the counts.
    board.source.fence();
    let mut words = [0; WINDOW_WORDS];
    board.source.words(at + 8, &mut words);
    // Pairs with the release fence before the counts are written again.
    board.source.fence();
    let counts: Vec<u32> =
        words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).collect();
    debug_assert_eq!(counts.len(), WINDOW_BUCKETS);
    (board.source.word(at) == stamp).then_some(WindowRead { stamp, counts })
}
