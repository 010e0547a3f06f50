//! Boards made by hand: the layout's own plan, filled with plain words.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(unreachable_pub, reason = "shared by test files, each a crate of its own")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use inspect::clock::Moment;
use inspect::context::Context;
use inspect::model::BoardReport;
use inspect::snapshot::{BYTE_ORDER, Board, Depth, Snapshot};
use inspect::source::Source;
use inspect::{OpenError, State, derive};
use probe::layout::*;

pub const SECOND: u64 = 1_000_000_000;
/// The stamp of "now" on every board made here, in a clock of nanoseconds.
pub const NOW: u64 = 1_000 * SECOND;

/// A board under construction.
pub struct Synth {
    pub words: Vec<u64>,
    sections: Vec<Planned>,
    strings: Vec<u8>,
}

impl Synth {
    pub fn new(capacity: &Capacity) -> Self {
        let (sections, bytes) = plan(capacity);
        let mut board = Self { words: vec![0; bytes / 8], sections, strings: vec![0; 8] };
        let header = [
            (0x00, MAGIC),
            (0x08, u64::from(MAJOR) << 32 | u64::from(MINOR)),
            (0x10, BYTE_ORDER),
            (0x18, 8),
            (0x20, bytes as u64),
            (0x28, TOC_OFFSET as u64),
            (0x30, board.sections.len() as u64),
            (0x38, 4711),
            (0x40, 99),
            (0x48, 1000),
            (0x50, 7),
            (0x58, 1_700_000_000 * SECOND),
            (0x80, ClockKind::Monotonic as u64),
            (0x88, NOW - 100 * SECOND),
            (0x90, NOW - 100 * SECOND),
            (0x98, 1 << 32),
            (0xb8, KEEPER_PERIOD_NS),
        ];
        for (at, word) in header {
            board.words[at / 8] = word;
        }
        for (index, section) in board.sections.clone().iter().enumerate() {
            let at = (TOC_OFFSET + index * SectionCopy::BYTES) / 8;
            let entry = [
                section.kind as u64,
                1,
                section.offset as u64,
                section.length as u64,
                section.stride as u64,
                section.capacity as u64,
                0,
                0,
            ];
            board.words[at..at + 8].copy_from_slice(&entry);
        }
        board.words[0xa0 / 8] = board.text("recordd");
        board.words[0xa8 / 8] = board.text("daemon-demo 0.1.0");
        board
    }

    fn section(&self, kind: SectionKind, nth: usize) -> (usize, Planned) {
        let mut all = self.sections.iter().enumerate().filter(|(_, s)| s.kind == kind);
        let (index, section) = all.nth(nth).unwrap();
        (index, *section)
    }

    /// Byte offset of a record.
    pub fn at(&self, kind: SectionKind, index: usize) -> usize {
        let (_, section) = self.section(kind, 0);
        assert!(index < section.capacity);
        section.offset + index * section.stride
    }

    /// Writes words from a byte offset on.
    pub fn put(&mut self, at: usize, words: &[u64]) {
        self.words[at / 8..at / 8 + words.len()].copy_from_slice(words);
    }

    /// Says that at least `used` records are in use.
    fn used(&mut self, kind: SectionKind, used: usize) {
        let (index, _) = self.section(kind, 0);
        let at = (TOC_OFFSET + index * SectionCopy::BYTES + 0x30) / 8;
        self.words[at] = self.words[at].max(used as u64);
    }

    pub fn text(&mut self, text: &str) -> u64 {
        let offset = self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        TextRef { offset, length: text.len() as u32 }.to_word()
    }

    /// A site at `address`, in `src/store.rs`.
    pub fn site(&mut self, index: usize, line: u32, label: &str, class: Class, flags: u64) -> u64 {
        let address = 0x5000 + 8 * index as u64;
        let file = self.text("src/store.rs");
        let function = self.text("demo::store::commit");
        let label = if label.is_empty() { 0 } else { self.text(label) };
        let at = self.at(SectionKind::Sites, index);
        let words =
            [address, file, u64::from(line) << 32 | 5, function, label, class as u64 | flags, 0, 0];
        self.put(at, &words);
        self.used(SectionKind::Sites, index + 1);
        address
    }

    /// A thread with its frames: scope, line, argument, scope's argument; the base first.
    pub fn thread(&mut self, slot: usize, name: &str, frames: &[[u64; 4]]) {
        let mut packed = [0; 2];
        pack(name, &mut packed);
        let at = self.at(SectionKind::Slots, slot);
        let words =
            [5 << 8 | SLOT_LIVE, 100 + slot as u64, packed[0], packed[1], NOW - 90 * SECOND, 1, 0];
        self.put(at, &words);
        self.used(SectionKind::Slots, slot + 1);
        let block = self.at(SectionKind::Frames, slot) + BLOCK_BYTES;
        self.put(block, &[17]);
        for (index, frame) in frames.iter().enumerate() {
            self.put(block + (index + 1) * 32, frame);
        }
    }

    /// What the keeper noticed: in place since, and unmoved since.
    pub fn watch(&mut self, slot: usize, frames: &[[u64; 4]], since: u64, still_since: u64) {
        let words = frames.iter().flat_map(|frame| [frame[0], frame[1] & !1]);
        let digest = position_digest(5, words);
        let at = self.at(SectionKind::Watches, slot);
        self.put(at, &[digest, since, still_since]);
    }

    /// A worker of the first queue: busy time, last change, jobs in hand.
    pub fn worker(&mut self, slot: usize, busy: u64, changed: u64, in_hand: u64) {
        let at = self.at(SectionKind::Workers, slot);
        self.put(at, &[3, 1, 5]);
        self.put(at + 0x80, &[busy, changed, in_hand, 12]);
    }

    /// Fills all busy rings for a slot with what `busy` says at a stamp.
    pub fn looks(&mut self, slot: usize, busy: impl Fn(u64) -> u64) {
        for (nth, shape) in BUSY_RINGS.iter().enumerate() {
            let (_, section) = self.section(SectionKind::BusyRing, nth);
            let slots = self.section(SectionKind::Slots, 0).1.capacity;
            let entry_words = 1 + slots;
            let head = [shape.period_ns, shape.entries as u64, entry_words as u64, 40];
            self.put(section.offset, &head);
            for entry in 0..shape.entries {
                let stamp = NOW - KEEPER_PERIOD_NS - entry as u64 * shape.period_ns;
                let at = section.offset + RingHeadCopy::BYTES + entry * entry_words * 8;
                self.put(at, &[stamp]);
                self.put(at + 8 * (1 + slot), &[busy(stamp)]);
            }
        }
    }

    /// One look at totals, ten seconds ago.
    pub fn totals(&mut self, metrics: &[(usize, u64)]) {
        let (_, section) = self.section(SectionKind::CountRing, 0);
        let room = self.section(SectionKind::Metrics, 0).1.capacity;
        self.put(section.offset, &[SECOND, 12, 1 + room as u64, 1]);
        self.put(section.offset + RingHeadCopy::BYTES, &[NOW - 10 * SECOND]);
        for (metric, total) in metrics {
            self.put(section.offset + RingHeadCopy::BYTES + 8 * (1 + metric), &[*total]);
        }
    }

    /// A metric; returns the offset of its record.
    pub fn metric(&mut self, index: usize, kind: u64, name: &str, unit: &str, place: u64) -> usize {
        let name = self.text(name);
        let unit = if unit.is_empty() { 0 } else { self.text(unit) };
        let at = self.at(SectionKind::Metrics, index);
        self.put(at, &[1 << 8 | METRIC_LIVE, kind, name, unit, 0, place]);
        self.used(SectionKind::Metrics, index + 1);
        at
    }

    pub fn cell(&mut self, index: usize, words: &[u64]) {
        let at = self.at(SectionKind::Cells, index);
        self.put(at, words);
    }

    pub fn labels(&mut self, index: usize, text: &str) {
        let mut packed = [0; 8];
        pack(text, &mut packed);
        let at = self.at(SectionKind::Metrics, index) + 0x40;
        self.put(at, &packed);
    }

    pub fn shard(&mut self, slot: usize, place: usize, value: u64) {
        let at = self.at(SectionKind::Shards, slot) + 8 * place;
        self.put(at, &[value]);
    }

    pub fn histogram(&mut self, block: usize, metric: usize, role: HistogramRole, values: &[u64]) {
        let at = self.at(SectionKind::Histograms, block);
        let sum: u64 = values.iter().sum();
        let max = values.iter().copied().max().unwrap_or(0);
        self.put(at, &[1 + metric as u64, role as u64, sum, max]);
        for &value in values {
            self.words[(at + HistogramCopy::BYTES) / 8 + bucket_of(value)] += 1;
        }
    }

    /// What the histogram had counted by `age` ago: a coarse copy of these values, as the keeper takes it.
    pub fn window(
        &mut self,
        record: usize,
        (metric, role): (usize, HistogramRole),
        age: u64,
        values: &[u64],
    ) {
        let at = self.at(SectionKind::Windows, record);
        self.put(at, &[1 + metric as u64, role as u64]);
        for (copy, age) in [(0x10, age), (0x378, age - 10 * SECOND)] {
            self.put(at + copy, &[NOW - age]);
            for &value in values {
                let bucket = window_bucket_of(bucket_of(value));
                self.words[(at + copy) / 8 + 1 + bucket / 2] += 1 << (bucket % 2 * 32);
            }
        }
    }

    /// A future's operation in flight that nobody has polled for `unpolled`, whose last status is site number
    /// `status` and whose peer has so many bytes.
    pub fn unpolled(&mut self, index: usize, unpolled: u64, status: usize, parent: u64, peer: u64) {
        let at = self.at(SectionKind::Ops, index);
        let turned = NOW - unpolled;
        let flags = OP_FUTURE | peer << 8;
        self.put(
            at,
            &[1 << 8 | METRIC_LIVE, 0x5000, turned - SECOND, 0, parent, flags, 0, turned, 2],
        );
        self.put(at + 0x58, &[status_entry(status as u64 + 1, 0)]);
        self.put(at + 0xb0, &[0x2e30_2e37_3231]);
    }

    pub fn fact(&mut self, index: usize, key: &str, text: &str) {
        let key = self.text(key);
        let at = self.at(SectionKind::Facts, index);
        self.put(at, &[2, key]);
        let mut packed = [0; 14];
        let length = pack(text, &mut packed);
        self.put(at + 0x10, &[length as u64]);
        self.put(at + 0x18, &packed);
    }

    pub fn pulse(&mut self, age: u64) {
        let at = self.at(SectionKind::Pulse, 0);
        self.put(at, &[8]);
        // 2.5 s of processor time in the last ten.
        let ran = [40 * SECOND, NOW - 10 * SECOND, 37_500_000_000, NOW];
        self.put(at + 0x40, &[NOW - age, NOW - age, 0]);
        self.put(at + 0x58, &ran);
    }

    /// The board's words, strings included.
    pub fn finish(mut self) -> Vec<u64> {
        let at = self.section(SectionKind::Strings, 0).1.offset / 8;
        let bytes = std::mem::take(&mut self.strings);
        for (index, &byte) in bytes.iter().enumerate() {
            pack_byte(&mut self.words[at..], index, byte);
        }
        self.used(SectionKind::Strings, bytes.len());
        self.words
    }
}

/// A context in which now is [`NOW`].
pub fn context(state: State) -> Context {
    let moment = Moment::at(0, NOW, 1_700_000_100 * SECOND);
    let mut context = Context::told(state, moment, "/dev/shm/recordd.4711.99");
    context.owner = 1000;
    context
}

/// What is said of a board.
pub fn report(words: Vec<u64>, state: State) -> Result<BoardReport, OpenError> {
    let board = Board::open(Source::Memory(words), Path::new("board"))?;
    let snapshot = Snapshot::take(&board, Depth::Full)?;
    Ok(derive::report(&board, &snapshot, &context(state)))
}

/// A board with one of everything.
pub fn sample() -> Synth {
    sample_of(&Capacity { threads: 8, sites: 32, metrics: 32, ..Capacity::default() })
}

/// The same with room for so much.
pub fn sample_of(capacity: &Capacity) -> Synth {
    let mut board = Synth::new(capacity);
    let commit = board.site(0, 10, "commit", Class::Work, SITE_ARG | SITE_SCOPE);
    let write = board.site(1, 12, "write", Class::Work, 0);
    let idle = board.site(2, 30, "no job", Class::Idle, 0);
    let lock = board.site(3, 40, "lock", Class::Wait, SITE_ARG);
    let holds = board.site(4, 50, "lock", Class::Work, SITE_ARG | SITE_SCOPE);
    let frames = [[0, idle, 0, 0], [commit, write, 0, 17]];
    board.thread(0, "core", &frames);
    board.watch(0, &frames, NOW - 3 * SECOND, u64::MAX);
    // At work for the last 30 seconds, idle before.
    board.worker(0, 2 * SECOND, NOW - 30 * SECOND, 1);
    board.looks(0, |stamp| 2 * SECOND + stamp.saturating_sub(NOW - 30 * SECOND));
    let frames = [[0, lock, 77, 0]];
    board.thread(1, "waiter", &frames);
    board.watch(1, &frames, NOW - 20 * SECOND, NOW - 19 * SECOND);
    let frames = [[0, 0, 0, 0], [holds, 0, 0, 77]];
    board.thread(2, "holder", &frames);
    board.watch(2, &frames, NOW - 21 * SECOND, NOW - 20 * SECOND);
    board.thread(3, "new", &[[0, 0, 0, 0]]);
    board.thread(4, "lost", &[[0, 0xdead0, 0, 0]]);
    board.metric(0, 1, "jobs_submitted", "jobs", 0);
    board.metric(1, 1, "jobs_superseded", "jobs", 1);
    board.metric(2, 1, "jobs_submitted", "jobs", 2);
    board.shard(0, 0, 900);
    board.shard(7, 0, 50);
    board.shard(0, 2, 50);
    board.shard(3, 1, 250);
    board.metric(3, 2, "backlog", "jobs", 0);
    board.cell(3, &[-4i64 as u64, 9]);
    let at = board.metric(4, 4, "writes_avoided", "", 0);
    let [over, under] = [board.text("jobs_superseded"), board.text("jobs_submitted")];
    board.put(at + 0x30, &[over, under]);
    let at = board.metric(5, 5, "expiry", "beats", 0);
    board.put(at + 0x30, &[SECOND]);
    board.cell(5, &[12, 0, NOW - 5 * SECOND]);
    board.metric(6, 6, "loaded", "rows", 0);
    board.cell(6, &[10, 100]);
    board.metric(7, 7, "jobs", "items", 0);
    let at = board.at(SectionKind::Queues, 0);
    board.put(at, &[1000, 33]);
    board.put(at + 0x40, &[960, 10]);
    board.put(at + 0x80, &[955]);
    board.put(at + 0xc0, &[NOW - 2 * SECOND, 1]);
    board.histogram(0, 7, HistogramRole::Wait, &[1_000_000; 10]);
    board.histogram(1, 7, HistogramRole::Service, &[2_000_000, 8_000_000]);
    board.metric(8, 3, "commit_time", "ns", 0);
    board.histogram(2, 8, HistogramRole::Values, &(1..1000).collect::<Vec<_>>());
    board.histogram(3, 8, HistogramRole::Values, &[5_000_000]);
    // Of the queue's waits three are of the last seconds, of the commits the slow one.
    board.window(0, (7, HistogramRole::Wait), 14 * SECOND, &[1_000_000; 7]);
    board.window(1, (8, HistogramRole::Values), 14 * SECOND, &(1..1000).collect::<Vec<_>>());
    for (index, (table, rows)) in [("users", 12), ("orders", 3)].into_iter().enumerate() {
        board.metric(9 + index, 2 | METRIC_SHARED, "rows", "rows", 0);
        board.labels(9 + index, &format!("table={table}"));
        board.cell(9 + index, &[rows, rows]);
    }
    board.totals(&[(0, 450), (2, 50), (1, 250), (7, 355)]);
    board.fact(0, "config", "ack=queued \x1b[31mred");
    board.pulse(KEEPER_PERIOD_NS);
    let at = board.at(SectionKind::Lost, 0);
    board.put(at, &[2, 0, 0, 0, 1]);
    board
}
