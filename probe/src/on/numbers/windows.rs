//! What histograms counted a while ago: the keeper adds up each histogram's blocks every 10 s, coarsely,
//! into one of two copies in turn. So quantiles of the last seconds are there for who looks once.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::layout::*;
use crate::on::board::segment::Table;
use crate::on::board::tables::Board;
use crate::protocol::{published, rings};

/// The records, and whose each is.
#[derive(Debug)]
pub(crate) struct WindowTable {
    records: Table<WindowRecord>,
    /// The metric's number plus 1 above 8 bits, the role in them; 0 while nobody's.
    marks: Box<[AtomicU64]>,
    used: AtomicUsize,
}

/// A histogram as a mark names it.
fn mark(metric: u64, role: u64) -> u64 {
    metric << 8 | role & 0xff
}

impl WindowTable {
    pub(crate) fn new(records: Table<WindowRecord>) -> Self {
        let marks = (0..records.count()).map(|_| AtomicU64::new(0)).collect();
        Self { records, marks, used: AtomicUsize::new(0) }
    }

    /// From now on this histogram's last seconds are kept; false when there is no room.
    pub(crate) fn keep(&self, metric: usize, role: HistogramRole) -> bool {
        let index = self.used.fetch_add(1, Ordering::Relaxed);
        let (Some(record), Some(word)) = (self.records.get(index), self.marks.get(index)) else {
            self.used.fetch_sub(1, Ordering::Relaxed);
            return false;
        };
        record.role.store(role as u64, Ordering::Relaxed);
        published::publish(&record.metric, metric as u64 + 1);
        // Release: pairs with the acquire in `take`.
        word.store(mark(metric as u64 + 1, role as u64), Ordering::Release);
        true
    }

    /// The keeper's copy number `turn` of every histogram, as of `stamp`.
    pub(crate) fn take(
        &self,
        board: &Board,
        turn: u64,
        stamp: u64,
        sums: &mut [u32; WINDOW_BUCKETS],
    ) {
        for (record, word) in self.records.iter().zip(&self.marks) {
            // Acquire: pairs with the release in `keep`.
            let whose = word.load(Ordering::Acquire);
            if whose == 0 {
                return;
            }
            sums.fill(0);
            let blocks = board.numbers.histograms.iter().filter(|block| {
                let metric = block.head.metric.load(Ordering::Relaxed);
                mark(metric, block.head.role.load(Ordering::Relaxed)) == whose
            });
            for block in blocks {
                for (bucket, count) in block.counts.iter().enumerate() {
                    if let Some(sum) = sums.get_mut(window_bucket_of(bucket)) {
                        // The low half is kept: differences are what is read.
                        *sum = sum.wrapping_add(count.load(Ordering::Relaxed) as u32);
                    }
                }
            }
            let copy = if turn & 1 == 0 { &record.even } else { &record.odd };
            let [key, words @ ..] = copy;
            let pairs = sums.as_chunks::<2>().0.iter().map(|pair| {
                let [low, high] = pair.map(u64::from);
                high << 32 | low
            });
            rings::write(key, stamp, words.iter().zip(pairs));
        }
    }
}
