//! Named numbers that are declared in source.

use std::sync::atomic::{AtomicU64, Ordering};

use super::places::{offset, shared_block};
use super::scribe::Scribe;
use crate::layout::*;
use crate::on::board::lost::lost;
use crate::on::board::tables::Board;
use crate::on::numbers::about::About;
use crate::on::numbers::cell::Cell;
use crate::on::numbers::declared::{Declared, METRICS};
use crate::on::numbers::fact::Fact;
use crate::on::numbers::metric::{Counter, Ratio};
use crate::on::numbers::queue::Queue;
use crate::on::numbers::shard_word::ShardWord;
use crate::protocol::{occupancy, published};

const RELAXED: Ordering = Ordering::Relaxed;

impl Scribe {
    /// Writes all that is declared in source.
    pub(super) fn numbers(&mut self, board: &Board) {
        let mut used = 0;
        for declared in &METRICS {
            if let Some(index) = self.write(board, declared) {
                used = used.max(index + 1);
                if let Some(record) = board.numbers.metrics.get(index) {
                    occupancy::publish(&record.state, 0);
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
        record.kind_flags.store(kind as u64, RELAXED);
        record.name.store(self.texts.add(board, about.name), RELAXED);
        record.unit.store(self.texts.add(board, about.unit), RELAXED);
        let help: Vec<&str> = about.help.lines().map(str::trim).collect();
        record.help.store(self.texts.add(board, help.join(" ").trim()), RELAXED);
        Some((index, record))
    }

    /// Writes one declaration; its number among the metrics, if it is one that is shown by itself.
    fn write(&mut self, board: &Board, declared: &Declared) -> Option<usize> {
        match declared {
            Declared::Counter(counter) => self.counter(board, counter),
            Declared::Gauge(gauge) => {
                let (index, _) =
                    self.celled(board, &gauge.about, MetricKind::Gauge, &gauge.cell)?;
                Some(index)
            }
            Declared::Progress(progress) => {
                let kind = MetricKind::Progress;
                let (index, _) = self.celled(board, &progress.about, kind, &progress.cell)?;
                Some(index)
            }
            Declared::Heartbeat(heartbeat) => {
                let kind = MetricKind::Heartbeat;
                let (index, record) =
                    self.celled(board, &heartbeat.about, kind, &heartbeat.cell)?;
                record.extra.store(heartbeat.every_ms * 1_000_000, RELAXED);
                Some(index)
            }
            Declared::Histogram(histogram) => {
                let (index, _) = self.declare(board, &histogram.about, MetricKind::Histogram)?;
                shared_block(index, HistogramRole::Values, &histogram.values);
                Some(index)
            }
            Declared::Ratio(ratio) => self.ratio(board, ratio),
            Declared::Queue(queue) => self.queue(board, queue),
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
                self.fact(board, fact);
                None
            }
        }
    }

    fn counter(&mut self, board: &Board, counter: &Counter) -> Option<usize> {
        let (index, record) = self.declare(board, &counter.about, MetricKind::Counter)?;
        self.shard_word(board, &counter.word, &record.place);
        Some(index)
    }

    /// A word of every shard, and where it is said to be.
    fn shard_word(&mut self, board: &Board, own: &ShardWord, said: &AtomicU64) {
        let word = self.places.word(board);
        // Without one it counts where nobody reads, and not where its word was on the board of a forked child's parent: that
        // may be another number's here.
        own.offset.store(offset(word.unwrap_or(0)), RELAXED);
        match word {
            Some(word) => said.store(word, RELAXED),
            None => lost(|lost| &lost.metrics),
        }
    }

    /// A number that is a cell, which moves there.
    fn celled(
        &mut self,
        board: &Board,
        about: &About,
        kind: MetricKind,
        cell: &Cell,
    ) -> Option<(usize, &'static MetricRecord)> {
        let (index, record) = self.declare(board, about, kind)?;
        cell.place(board.numbers.cells.get(index)?);
        Some((index, record))
    }

    fn ratio(&mut self, board: &Board, ratio: &Ratio) -> Option<usize> {
        let (index, record) = self.declare(board, &ratio.about, MetricKind::Ratio)?;
        let names = |counters: &[&Counter]| {
            counters.iter().map(|counter| counter.about.name).collect::<Vec<_>>().join("\n")
        };
        record.extra.store(self.texts.add(board, &names(ratio.over)), RELAXED);
        record.extra2.store(self.texts.add(board, &names(ratio.under)), RELAXED);
        Some(index)
    }

    fn queue(&mut self, board: &Board, queue: &Queue) -> Option<usize> {
        let Some(record) = board.numbers.queues.get(self.places.queues) else {
            lost(|lost| &lost.queues);
            return None;
        };
        let (index, metric) = self.declare(board, &queue.about, MetricKind::Queue)?;
        metric.place.store(self.places.queues as u64, RELAXED);
        self.places.queues += 1;
        self.shard_word(board, &queue.passed, &metric.extra);
        shared_block(index, HistogramRole::Wait, &queue.wait);
        shared_block(index, HistogramRole::Service, &queue.service);
        queue.number.store(self.places.queues as u64, RELAXED);
        queue.record.place(record);
        Some(index)
    }

    fn fact(&mut self, board: &Board, fact: &Fact) {
        let Some(record) = board.numbers.facts.get(self.places.facts) else {
            return lost(|lost| &lost.facts);
        };
        self.places.facts += 1;
        published::publish(&record.key, self.texts.add(board, fact.key));
        fact.record.place(record);
    }
}
