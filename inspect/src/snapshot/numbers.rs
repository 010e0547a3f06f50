//! Named numbers: metrics with their cells, shards, queues, histogram blocks and rings.

use std::collections::{BTreeMap, HashMap};

use probe::layout::{
    BUCKET_LIMIT, BUCKETS, CellCopy, FINE_BUCKETS, FINE_LIMIT, HISTOGRAM_BYTES, HistogramCopy,
    METRIC_SHARED, MetricCopy, MetricKind, QueueCopy, RingHeadCopy, SITE_OP, SITE_STATUS,
    SectionKind, SiteCopy, kind_label, unpack_zero_ended,
};
use probe::protocol::occupancy::{self, Reading};
use probe::protocol::rings as ring_entry;

use super::board::{Board, Contents, Sect};
use super::effort::Effort;
use super::pages::{Pages, Record};
use super::room::Room;
use super::text::Strings;
use super::windows::WindowRead;
use crate::words::label::Label;

/// One metric record and its cell, of one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricRead {
    /// Index of the record.
    pub index: u64,
    /// What it is.
    pub kind: MetricKind,
    /// The record.
    pub record: MetricCopy,
    /// The cell with the same index.
    pub cell: CellCopy,
    /// Labels of a family member: lines `key=value`.
    pub labels: Vec<(Label, Label)>,
}

impl MetricRead {
    /// Whether the value is in the cell rather than in the shards.
    pub fn shared(&self) -> bool {
        self.record.kind_flags & METRIC_SHARED != 0
    }

    /// Which word of every thread's shard holds a part of it: of a counter all, of a queue what came and left at once.
    pub(crate) fn shard_word(&self) -> Option<u64> {
        match self.kind {
            MetricKind::Counter if !self.shared() => Some(self.record.place),
            // The first word is no queue's.
            MetricKind::Queue => Some(self.record.extra).filter(|&word| word > 0),
            _ => None,
        }
    }
}

/// All blocks of one histogram, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistogramRead {
    /// Sum of all values.
    pub sum: u64,
    /// Highest value.
    pub max: u64,
    /// Counts, [`BUCKETS`] of them.
    pub buckets: Vec<u64>,
    /// Values from here on are all in the last bucket that this board has.
    pub limit: u64,
    /// What it had counted a while ago, the older copy first.
    pub windows: Vec<WindowRead>,
}

impl HistogramRead {
    /// Nothing counted, on a board of the newest layout.
    pub fn empty() -> Self {
        Self { sum: 0, max: 0, buckets: vec![0; BUCKETS], limit: BUCKET_LIMIT, windows: Vec::new() }
    }
}

/// One ring of the last minute: complete entries, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ring {
    /// From entry to entry, ns.
    pub period_ns: u64,
    /// Stamp, then a word for each slot or metric.
    pub entries: Vec<(u64, Vec<u64>)>,
}

/// What grouping metrics by name takes of each beside its record, at most.
const NAMED: usize = 320;

/// Reads every live metric.
pub(super) fn metrics(
    board: &Board,
    contents: &Contents,
    effort: &mut Effort,
    room: &mut Room,
) -> Vec<MetricRead> {
    let Some(sect) = contents.get(SectionKind::Metrics) else { return Vec::new() };
    let mut records = Pages::new(board, sect);
    let mut cells = contents.get(SectionKind::Cells).map(|cells| Pages::new(board, cells));
    let mut metrics = Vec::new();
    for index in 0..sect.used {
        let Some(record) = records.record(index) else { break };
        let cell = cells.as_mut().and_then(|cells| cells.record(index));
        if let Some(read) = metric(record, cell, index, effort)
            && room.take("metrics", size_of::<MetricRead>() + 64 * read.labels.len() + NAMED)
        {
            metrics.push(read);
        }
    }
    metrics
}

fn metric(at: Record, cell: Option<Record>, index: u64, effort: &mut Effort) -> Option<MetricRead> {
    let mut retries = 0;
    let read = occupancy::read(
        || at.word(0),
        |_| {
            let mut words = [0; MetricCopy::BYTES / 8];
            at.words(0, &mut words);
            let record = MetricCopy::from_words(&words)?;
            let mut words = [0; CellCopy::BYTES / 8];
            if let Some(cell) = cell {
                cell.words(0, &mut words);
            }
            let cell = CellCopy::from_words(&words)?;
            let kind = MetricKind::from_word(record.kind_flags)?;
            Some(MetricRead { index, kind, record, cell, labels: labels(&record) })
        },
        &mut retries,
    );
    effort.retries += retries;
    match read {
        Reading::Live(_, metric) => metric,
        Reading::Vacant => None,
        Reading::Torn => {
            effort.torn += 1;
            None
        }
    }
}

/// Gives labels of kinds of operations back what they were cut of, which the kind's site has.
pub(super) fn whole_kinds(metrics: &mut [MetricRead], sites: &[SiteCopy], strings: &Strings) {
    let is_cut = |(key, label): &(Label, Label)| key.raw() == "kind" && label.raw().contains('…');
    if !metrics.iter().flat_map(|metric| &metric.labels).any(is_cut) {
        return;
    }
    let kinds = sites.iter().filter(|site| site.class_flags & SITE_OP != 0);
    let cut = kinds.filter_map(|site| {
        let whole = strings.get(site.label)?;
        let short = kind_label(whole.raw());
        (short != whole.raw()).then_some((short, whole))
    });
    let cut: HashMap<String, Label> = cut.collect();
    for (key, label) in metrics.iter_mut().flat_map(|metric| &mut metric.labels) {
        if let Some(whole) = cut.get(label.raw()).filter(|_| key.raw() == "kind") {
            *label = whole.clone();
        }
    }
}

fn labels(record: &MetricCopy) -> Vec<(Label, Label)> {
    unpack_zero_ended(&record.labels)
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let equals = line.iter().position(|&byte| byte == b'=').unwrap_or(line.len());
            let value = line.get(equals + 1..).unwrap_or_default();
            (Label::from_bytes(&line[..equals]), Label::from_bytes(value))
        })
        .collect()
}

/// Words of a shard that are believed: a row may be as long as the board, and is held twice.
const MAX_SHARD_WORDS: u64 = 1 << 16;

/// Sums of each word over all shards, as many words as counters and hit counts use.
pub(super) fn shard_totals(
    board: &Board,
    contents: &Contents,
    metrics: &[MetricRead],
    sites: &[SiteCopy],
) -> Vec<u64> {
    let Some(sect) = contents.get(SectionKind::Shards) else { return Vec::new() };
    let counters =
        metrics.iter().filter_map(MetricRead::shard_word).map(|word| word.saturating_add(1));
    // Behind a status's count stands the time in it.
    let more = |site: &SiteCopy| u64::from(site.class_flags & SITE_STATUS != 0);
    let hits = sites.iter().map(|site| site.hits.saturating_add(more(site)));
    let words = counters.chain(hits).max().unwrap_or(0);
    let words = words.min(sect.stride / 8).min(MAX_SHARD_WORDS) as usize;
    let mut totals = vec![0u64; words];
    let mut row = vec![0u64; words];
    for index in 0..sect.capacity {
        board.record(sect, index, &mut row);
        for (total, word) in totals.iter_mut().zip(&row) {
            *total = total.wrapping_add(*word);
        }
    }
    totals
}

/// Reads the queue records.
pub(super) fn queues(board: &Board, contents: &Contents) -> Vec<QueueCopy> {
    let Some(sect) = contents.get(SectionKind::Queues) else { return Vec::new() };
    (0..sect.capacity)
        .filter_map(|index| {
            let mut words = [0; QueueCopy::BYTES / 8];
            // Items leave after they came: with the later numbers read first, no item is ever seen
            // leaving that was not seen coming.
            board.record(sect, index, &mut words);
            board.source.fence();
            let mut arrivals = [0; 2];
            board.record(sect, index, &mut arrivals);
            words[..2].copy_from_slice(&arrivals);
            QueueCopy::from_words(&words)
        })
        .collect()
}

/// Adds up the histogram blocks by metric index and role.
pub(super) fn histograms(
    board: &Board,
    contents: &Contents,
    room: &mut Room,
) -> BTreeMap<(u64, u64), HistogramRead> {
    let mut all: BTreeMap<(u64, u64), HistogramRead> = BTreeMap::new();
    let Some(sect) = contents.get(SectionKind::Histograms) else { return all };
    // Layouts before 1.2 have no buckets beyond the fine ones.
    let least = HistogramCopy::BYTES + FINE_BUCKETS * 8;
    if sect.stride < least as u64 {
        return all;
    }
    let whole = sect.stride >= HISTOGRAM_BYTES as u64;
    let limit = if whole { BUCKET_LIMIT } else { FINE_LIMIT };
    let mut windows = super::windows::windows(board, contents);
    let mut words = vec![0; if whole { HISTOGRAM_BYTES } else { least } / 8];
    for index in 0..sect.capacity {
        let mut head = [0; 1];
        board.record(sect, index, &mut head);
        let Some(metric) = head[0].checked_sub(1) else { continue };
        // Pairs with the release store of `metric`.
        board.source.fence();
        board.record(sect, index, &mut words);
        let Some(block) = HistogramCopy::from_words(&words) else { continue };
        let key = (metric, block.role);
        if !all.contains_key(&key) && !room.take("histograms", HISTOGRAM_BYTES + WINDOWED) {
            continue;
        }
        let merged = all.entry(key).or_insert_with(|| HistogramRead {
            limit,
            windows: windows.remove(&key).unwrap_or_default(),
            ..HistogramRead::empty()
        });
        merged.sum = merged.sum.wrapping_add(block.sum);
        merged.max = merged.max.max(block.max);
        for (total, count) in merged.buckets.iter_mut().zip(&words[HistogramCopy::BYTES / 8..]) {
            *total = total.saturating_add(*count);
        }
    }
    all
}

/// Bytes of a histogram's earlier copies.
const WINDOWED: usize = 2 * (size_of::<WindowRead>() + 4 * probe::layout::WINDOW_BUCKETS);

/// Words of all rings of a kind that are read at most.
const MAX_RING_WORDS: u64 = 1 << 20;

/// Reads the rings of a kind; of each entry the words of the first `columns` slots or metrics.
pub(super) fn rings(
    board: &Board,
    contents: &Contents,
    kind: SectionKind,
    columns: u64,
    room: &mut Room,
) -> Vec<Ring> {
    // What one ring takes of the words, the others do not have.
    let most = MAX_RING_WORDS.min(room.left() as u64 / 16);
    let mut left = most;
    let rings = contents.all(kind).filter_map(|sect| ring(board, sect, columns, &mut left));
    let rings = rings.collect();
    room.spend((most - left) as usize * size_of::<u64>());
    rings
}

fn ring(board: &Board, sect: &Sect, columns: u64, left: &mut u64) -> Option<Ring> {
    let mut words = [0; RingHeadCopy::BYTES / 8];
    board.record(sect, 0, &mut words);
    let head = RingHeadCopy::from_words(&words)?;
    let entry_bytes = head.entry_words.checked_mul(8).filter(|&bytes| bytes >= 8)?;
    let room = sect.stride.checked_sub(RingHeadCopy::BYTES as u64)?;
    let count = head.entries.min(room / entry_bytes).min(1024);
    let wanted = columns.min(head.entry_words - 1).min(*left / count.max(1));
    *left -= wanted * count;
    let mut entries: Vec<(u64, Vec<u64>)> = (0..count)
        .filter_map(|index| {
            let at = sect.offset + RingHeadCopy::BYTES as u64 + index * entry_bytes;
            let row = || {
                let mut row = vec![0; wanted as usize];
                board.source.words(at + 8, &mut row);
                row
            };
            ring_entry::read(|| board.source.word(at), row)
        })
        .collect();
    entries.sort_by_key(|(stamp, _)| *stamp);
    Some(Ring { period_ns: head.period_ns, entries })
}
