//! Named numbers that are declared in source, and the shard words and records that they are given.

use std::sync::atomic::Ordering;

use super::Scribe;
use crate::layout::*;
use crate::on::board::tables::Board;
use crate::on::numbers::metric::{About, Declared, METRICS};
use crate::on::thread::cursor;
use crate::protocol::{claims, published, tenancy};

/// Hands out metric records and shard words.
#[derive(Debug)]
pub(super) struct Places {
    /// Words of a page, in lines of eight, that a shard's words keep clear of.
    avoid: Vec<usize>,
    /// Next word of a shard to hand out. The first two are nobody's.
    next_word: usize,
    queues: usize,
    facts: usize,
}

impl Places {
    /// Whether the board will have a keeper decides which words it had better keep clear of.
    pub(super) fn new(keeper: bool) -> Self {
        let mut cursors = vec![cursor::address()];
        if keeper && let Ok(thread) = std::thread::Builder::new().spawn(cursor::address) {
            cursors.extend(thread.join());
        }
        let avoid = cursors.into_iter().map(|address| (address & 4095) / WORD / 8).collect();
        Self { avoid, next_word: 2, queues: 0, facts: 0 }
    }

    /// A word of every shard. The lines that share their low 12 address bits with this thread's or a
    /// spawned thread's cursor are left out: each count on them would make the next probe wait.
    pub(super) fn word(&mut self, board: &Board) -> Option<u64> {
        while self.avoid.contains(&(self.next_word % (4096 / WORD) / 8)) {
            self.next_word += 1;
        }
        let word = self.next_word;
        self.next_word += 1;
        (word < board.shard_words).then_some(word as u64)
    }

    /// Two words of every shard, one behind the other.
    pub(super) fn two_words(&mut self, board: &Board) -> Option<u64> {
        let mut first = self.word(board)?;
        loop {
            let second = self.word(board)?;
            if second == first + 1 {
                return Some(first);
            }
            first = second;
        }
    }

    /// A metric's record.
    pub(super) fn metric(&self, board: &Board) -> Option<(usize, &'static MetricRecord)> {
        let index = claims::claim(&board.metric_claims, board.metrics.count());
        if index.is_none() {
            board.lost.metrics.fetch_add(1, Ordering::Relaxed);
        }
        Some((index?, board.metrics.get(index?)?))
    }
}

impl Scribe {
    /// Writes all that is declared in source.
    pub(super) fn numbers(&mut self, board: &Board) {
        let mut used = 0;
        for declared in METRICS {
            if let Some(index) = self.write(board, declared) {
                used = used.max(index + 1);
                if let Some(record) = board.metrics.get(index) {
                    tenancy::settle(&record.state, 0);
                }
            }
        }
        board.raise_used(SectionKind::Metrics, used);
        board.raise_used(SectionKind::Queues, self.places.queues);
        board.raise_used(SectionKind::Facts, self.places.facts);
    }

    /// What is said of every number.
    fn declare(
        &mut self,
        board: &Board,
        about: &About,
        kind: MetricKind,
    ) -> Option<(usize, &'static MetricRecord)> {
        let (index, record) = self.places.metric(board)?;
        record.kind_flags.store(kind as u64, Ordering::Relaxed);
        record.name.store(self.texts.add(board, about.name), Ordering::Relaxed);
        record.unit.store(self.texts.add(board, about.unit), Ordering::Relaxed);
        let help: Vec<&str> = about.help.lines().map(str::trim).collect();
        record.help.store(self.texts.add(board, help.join(" ").trim()), Ordering::Relaxed);
        Some((index, record))
    }

    /// Writes one declaration; its number among the metrics, if it is one that is shown by itself.
    fn write(&mut self, board: &Board, declared: &Declared) -> Option<usize> {
        let relaxed = Ordering::Relaxed;
        let celled = |scribe: &mut Self, about, kind| {
            let (index, record) = scribe.declare(board, about, kind)?;
            Some((index, record, board.cells.get(index)?))
        };
        match declared {
            Declared::Counter(counter) => {
                let (index, record) = self.declare(board, &counter.about, MetricKind::Counter)?;
                match self.places.word(board) {
                    Some(word) => {
                        record.place.store(word, relaxed);
                        counter.offset.store(super::offset(word), relaxed);
                    }
                    None => _ = board.lost.metrics.fetch_add(1, relaxed),
                }
                Some(index)
            }
            Declared::Gauge(gauge) => {
                let (index, _, cell) = celled(self, &gauge.about, MetricKind::Gauge)?;
                gauge.cell.place(cell);
                Some(index)
            }
            Declared::Progress(progress) => {
                let (index, _, cell) = celled(self, &progress.about, MetricKind::Progress)?;
                progress.cell.place(cell);
                Some(index)
            }
            Declared::Heartbeat(heartbeat) => {
                let (index, record, cell) = celled(self, &heartbeat.about, MetricKind::Heartbeat)?;
                record.extra.store(heartbeat.every_ms * 1_000_000, relaxed);
                heartbeat.cell.place(cell);
                Some(index)
            }
            Declared::Histogram(histogram) => {
                let (index, _) = self.declare(board, &histogram.about, MetricKind::Histogram)?;
                super::block(board, index, HistogramRole::Values, &histogram.values);
                Some(index)
            }
            Declared::Ratio(ratio) => {
                let (index, record) = self.declare(board, &ratio.about, MetricKind::Ratio)?;
                let names = |counters: &[&crate::on::numbers::metric::Counter]| {
                    counters.iter().map(|counter| counter.about.name).collect::<Vec<_>>().join("\n")
                };
                record.extra.store(self.texts.add(board, &names(ratio.over)), relaxed);
                record.extra2.store(self.texts.add(board, &names(ratio.under)), relaxed);
                Some(index)
            }
            Declared::Queue(queue) => {
                let Some(record) = board.queues.get(self.places.queues) else {
                    board.lost.queues.fetch_add(1, relaxed);
                    return None;
                };
                let (index, metric) = self.declare(board, &queue.about, MetricKind::Queue)?;
                metric.place.store(self.places.queues as u64, relaxed);
                self.places.queues += 1;
                super::block(board, index, HistogramRole::Wait, &queue.wait);
                super::block(board, index, HistogramRole::Service, &queue.service);
                queue.number.store(self.places.queues as u64, relaxed);
                queue.record.place(record);
                Some(index)
            }
            Declared::GaugeFamily(family) => {
                let (_, record) = self.declare(board, &family.about, MetricKind::Gauge)?;
                family.pattern.place(record);
                None
            }
            Declared::CounterFamily(family) => {
                let (_, record) = self.declare(board, &family.about, MetricKind::Counter)?;
                family.pattern.place(record);
                None
            }
            Declared::Fact(fact) => {
                let Some(record) = board.facts.get(self.places.facts) else {
                    board.lost.facts.fetch_add(1, relaxed);
                    return None;
                };
                self.places.facts += 1;
                published::publish(&record.key, self.texts.add(board, fact.key));
                fact.record.place(record);
                None
            }
        }
    }
}
