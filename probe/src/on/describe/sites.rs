//! The site table, and what sites count in: one record after the other, at init and later.

use std::sync::atomic::{AtomicU64, Ordering};

use super::places::{offset, shared_block};
use super::scribe::Scribe;
use crate::layout::*;
use crate::on::board::lost::lost;
use crate::on::board::tables::Board;
use crate::on::numbers::{family, holders};
use crate::on::sites::filter::Filter;
use crate::on::sites::kind::{ENDS, Kind};
use crate::on::sites::site::Site;
use crate::protocol::occupancy;

/// What members of [`ENDS`] are called, in private memory: there may be none.
static PATTERN: MetricRecord = MetricRecord {
    state: AtomicU64::new(0),
    kind_flags: AtomicU64::new(0),
    name: AtomicU64::new(0),
    unit: AtomicU64::new(0),
    help: AtomicU64::new(0),
    place: AtomicU64::new(0),
    extra: AtomicU64::new(0),
    extra2: AtomicU64::new(0),
    labels: [const { AtomicU64::new(0) }; 8],
};

impl Scribe {
    /// Writes the next site.
    pub(super) fn site(&mut self, board: &Board, filter: &Filter<'_>, site: &'static Site) {
        let off = filter.apply(site);
        let Some(record) = board.sites.get(self.sites) else {
            lost(|lost| &lost.sites);
            return;
        };
        self.sites += 1;
        let flags = site.flags | if off { SITE_OFF } else { 0 };
        let words = [
            (&record.hits, self.counted(board, site)),
            (&record.address, site.tag()),
            (&record.file, self.texts.add(board, site.file)),
            (&record.line_column, u64::from(site.line) << 32 | u64::from(site.column)),
            (&record.function, self.texts.add(board, site.function_path())),
            (&record.label, self.texts.add(board, site.label)),
            (&record.class_flags, site.class as u64 | flags),
            (&record.group, self.texts.add(board, site.group)),
        ];
        for (word, value) in words {
            word.store(value, Ordering::Relaxed);
        }
        board.raise_used(SectionKind::Sites, self.sites);
    }

    /// The word that counts its passes, plus 1; 0 when they are not counted.
    fn counted(&mut self, board: &Board, site: &'static Site) -> u64 {
        let word = match (site.spent, site.hits) {
            (Some(spent), _) => {
                spent.number.store(u32::try_from(self.sites).unwrap_or(0), Ordering::Relaxed);
                let word = self.places.two_words(board);
                spent.offset.store(offset(word.unwrap_or(0)), Ordering::Relaxed);
                word
            }
            (None, Some(hits)) => {
                let word = self.places.word(board);
                hits.0.store(offset(word.unwrap_or(0)), Ordering::Relaxed);
                word
            }
            (None, None) => return 0,
        };
        if word.is_none() {
            lost(|lost| &lost.metrics);
        }
        word.map_or(0, |word| word + 1)
    }

    /// Gives the durations of a kind of operations their histogram: sites with one label are of one kind.
    pub(super) fn kind(&mut self, board: &Board, kind: &'static Kind, label: &'static str) {
        if let Some((first, number)) = self.kinds.get(label) {
            kind.times.join(&first.times);
            kind.number.store(*number, Ordering::Relaxed);
            return;
        }
        if self.kinds.is_empty() {
            self.ends(board);
        }
        let number = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        kind.number.store(number, Ordering::Relaxed);
        self.kinds.insert(label, (kind, number));
        self.times(board, kind, label);
    }

    /// Where members of [`ENDS`] find their name.
    fn ends(&mut self, board: &Board) {
        let about = &ENDS.about;
        let words = [about.name, about.unit, about.help].map(|text| self.texts.add(board, text));
        let [name, unit, help] = words;
        for (word, text) in [(&PATTERN.name, name), (&PATTERN.unit, unit), (&PATTERN.help, help)] {
            word.store(text, Ordering::Relaxed);
        }
        ENDS.pattern.place(&PATTERN);
    }

    fn times(&mut self, board: &Board, kind: &'static Kind, label: &str) -> Option<()> {
        let texts = [
            self.texts.add(board, "op_time"),
            self.texts.add(board, "ns"),
            self.texts.add(board, "Time from beginning to end of operations."),
        ];
        let (index, record) = self.places.metric(board)?;
        // The record may have been a family member's.
        let generation = holders::current()?.begin(index)?;
        occupancy::begin(&record.state, generation);
        record.kind_flags.store(MetricKind::Histogram as u64 | METRIC_OP, Ordering::Relaxed);
        for (word, text) in [&record.name, &record.unit, &record.help].into_iter().zip(texts) {
            word.store(text, Ordering::Relaxed);
        }
        let mut labels = [0; LABEL_BYTES / WORD];
        pack(&family::kind_line(label), &mut labels);
        for (word, value) in record.labels.iter().zip(labels) {
            word.store(value, Ordering::Relaxed);
        }
        shared_block(index, HistogramRole::Values, &kind.times);
        occupancy::publish(&record.state, generation);
        board.raise_used(SectionKind::Metrics, index + 1);
        Some(())
    }
}
