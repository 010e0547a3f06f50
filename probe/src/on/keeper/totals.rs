//! Totals of what is counted, and of what was counted where no board sees it.

use core::sync::atomic::Ordering;

use crate::layout::*;
use crate::on::board::tables::{self, Board};
use crate::on::numbers::declared::{Declared, METRICS};
use crate::on::numbers::shard_word::ShardWord;
use crate::on::sites::known;
use crate::on::thread::private;

/// Total of a metric: a counter's shards, a queue's completions, else its cell.
pub(super) fn total(board: &Board, index: usize) -> u64 {
    let Some(record) = board.numbers.metrics.get(index) else {
        return 0;
    };
    if record.state.load(Ordering::Relaxed) & 0xff != METRIC_LIVE {
        return 0;
    }
    let kind_flags = record.kind_flags.load(Ordering::Relaxed);
    let place = record.place.load(Ordering::Relaxed) as usize;
    match MetricKind::from_word(kind_flags) {
        Some(MetricKind::Counter) if kind_flags & METRIC_SHARED == 0 => {
            (0..=board.threads.slots.count()).fold(0, |sum, slot| {
                let word = board
                    .threads
                    .shards
                    .get(slot * board.threads.shard_words + place % board.threads.shard_words);
                sum.wrapping_add(word.map_or(0, |word| word.load(Ordering::Relaxed)))
            })
        }
        Some(MetricKind::Queue) => board
            .numbers
            .queues
            .get(place)
            .map_or(0, |queue| queue.completions.load(Ordering::Relaxed)),
        _ => board.numbers.cells.get(index).map_or(0, |cell| cell.value.load(Ordering::Relaxed)),
    }
}

/// The words of numbers that threads count in shards.
fn shard_words() -> impl Iterator<Item = &'static ShardWord> {
    METRICS.iter().filter_map(|declared| match declared {
        Declared::Counter(counter) => Some(&counter.word),
        Declared::Queue(queue) => Some(&queue.passed),
        _ => None,
    })
}

/// What was counted where no board sees it is the parent's: it stands on the parent's board, and would stand on that of
/// each of its children as well. To be called once in a forked child, before its board is made: until then nobody
/// counts in private shards, and in numbers of their own only those who come while it is being made.
pub(crate) fn leave_to_parent() {
    // Before there was a board, no word of a shard was anybody's.
    let words = tables::board().map_or(0, |board| board.threads.shard_words);
    private::clear(words);
    for word in shard_words() {
        word.early.store(0, Ordering::Relaxed);
    }
}

/// Puts what threads without a slot counted, and what was counted before the board, into the shard
/// behind the last slot's.
pub(crate) fn sum_private(board: &Board) {
    let row = board.threads.slots.count() * board.threads.shard_words;
    let counters = shard_words()
        .map(|word| (word.offset.load(Ordering::Relaxed), word.early.load(Ordering::Relaxed)));
    let hits = known::all().filter_map(|site| site.hits).map(|hits| hits.0.load(Ordering::Relaxed));
    // A status has two words.
    let spent = known::all().filter_map(|site| site.spent).flat_map(|spent| {
        let offset = spent.offset.load(Ordering::Relaxed);
        [offset, if offset == 0 { 0 } else { offset + WORD as u32 }]
    });
    let counted = hits.chain(spent).map(|offset| (offset, 0));
    for (offset, early) in counters.chain(counted).filter(|&(offset, _)| offset != 0) {
        let word = offset as usize / WORD;
        if let Some(to) = board.threads.shards.get(row + word) {
            to.store(private::sum(word).wrapping_add(early), Ordering::Relaxed);
        }
    }
}
