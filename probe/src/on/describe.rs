//! What a board says of itself: header, sites, named numbers and their texts, written once, before the
//! magic that makes a reader believe them.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;

use super::board::Board;
use super::clock::{self, Calibration};
use super::config::Config;
use super::filter::Filter;
use super::init::say;
use super::local;
use super::metric::{About, Declared, METRICS};
use super::ops::Kind;
use super::site::SITES;
use super::spread::Spread;
use crate::layout::*;
use crate::protocol::{claims, published, tenancy};

/// Writes all that is known at init: the header but for its magic, sites, declared numbers, texts. Puts
/// every declared number in its place on the board.
pub(super) fn describe(
    board: &Board,
    config: &Config,
    text_bytes: usize,
    pid_start: u64,
    clock: &Calibration,
) {
    let mut texts = Texts::new(text_bytes);
    write_header(board, config, pid_start, clock, &mut texts);
    write_sites(board, config, &mut texts);
    write_metrics(board, config, &mut texts);
    texts.write(board);
}

/// Fills the header, but for the magic.
fn write_header(
    board: &Board,
    config: &Config,
    pid_start: u64,
    clock: &Calibration,
    texts: &mut Texts,
) {
    let header = board.header;
    let set = |word: &AtomicU64, value: u64| word.store(value, Ordering::Relaxed);
    set(&header.layout_version, u64::from(MAJOR) << 32 | u64::from(MINOR));
    set(&header.byte_order, 0x0102_0304_0506_0708);
    set(&header.pointer_bytes, size_of::<usize>() as u64);
    set(&header.total_bytes, board.segment.length() as u64);
    set(&header.toc_offset, TOC_OFFSET as u64);
    set(&header.toc_count, board.toc.count() as u64);
    set(&header.pid, u64::from(board.pid));
    set(&header.pid_start, pid_start);
    set(&header.uid, u64::from(nix::unistd::geteuid().as_raw()));
    let wall = clock::wall_ns();
    set(&header.instance, wall.rotate_left(17) ^ u64::from(board.pid) << 40 ^ clock.start);
    set(&header.started_wall_ns, wall);
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let boot_id = u128::from_str_radix(&boot_id.trim().replace('-', ""), 16).unwrap_or(0);
    set(&header.boot_id[0], (boot_id >> 64) as u64);
    set(&header.boot_id[1], boot_id as u64);
    set(&header.pid_namespace, namespace("pid"));
    set(&header.time_namespace, namespace("time"));
    set(&header.clock_kind, clock.kind as u64);
    set(&header.clock_start, clock.start);
    set(&header.clock_start_ns, clock.start_ns);
    set(&header.clock_ns_per_unit, clock.ns_per_unit);
    set(&header.name, texts.add(&config.name));
    set(&header.build, texts.add(config.build));
    let program = std::env::current_exe().map(|path| path.display().to_string());
    set(&header.program, texts.add(&program.unwrap_or_default()));
    set(&header.keeper_period_ns, if config.keeper { KEEPER_PERIOD_NS } else { 0 });
}

fn namespace(kind: &str) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(format!("/proc/self/ns/{kind}")).map_or(0, |stat| stat.ino())
}

fn write_sites(board: &Board, config: &Config, texts: &mut Texts) {
    let filter = Filter::parse(&config.filter, |rule| {
        say(&format!("ignored PROBE_FILTER rule {rule}: expected GROUP=on or GROUP=off"));
    });
    let mut used = 0;
    for site in SITES {
        let off = filter.apply(site);
        let Some(record) = board.sites.get(used) else {
            board.lost.sites.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        used += 1;
        let flags = site.flags | if off { SITE_OFF } else { 0 };
        let words = [
            (&record.address, site.tag()),
            (&record.file, texts.add(site.file)),
            (&record.line_column, u64::from(site.line) << 32 | u64::from(site.column)),
            (&record.function, texts.add(site.function_path())),
            (&record.label, texts.add(site.label)),
            (&record.class_flags, site.class as u64 | flags),
            (&record.group, texts.add(site.group)),
        ];
        for (word, value) in words {
            word.store(value, Ordering::Relaxed);
        }
    }
    board.raise_used(SectionKind::Sites, used);
}

/// Hands out metric records and shard words.
struct Places<'a> {
    board: &'a Board,
    /// Words of a page, in lines of eight, that a shard's words keep clear of.
    avoid: Vec<usize>,
    /// Next word of a shard to hand out. The first two are nobody's.
    next_word: usize,
    queues: usize,
    facts: usize,
}

impl Places<'_> {
    /// A word of every shard. The lines that share their low 12 address bits with this thread's or a
    /// spawned thread's cursor are left out: each count on them would make the next probe wait.
    fn word(&mut self) -> Option<u64> {
        while self.avoid.contains(&(self.next_word % (4096 / WORD) / 8)) {
            self.next_word += 1;
        }
        let word = self.next_word;
        self.next_word += 1;
        (word < self.board.shard_words).then_some(word as u64)
    }

    fn metric(
        &mut self,
        about: &About,
        kind: MetricKind,
        texts: &mut Texts,
    ) -> Option<(usize, &'static MetricRecord)> {
        let index = claims::claim(&self.board.metric_claims, self.board.metrics.count());
        let Some(index) = index else {
            self.board.lost.metrics.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let record = self.board.metrics.get(index)?;
        record.kind_flags.store(kind as u64, Ordering::Relaxed);
        record.name.store(texts.add(about.name), Ordering::Relaxed);
        record.unit.store(texts.add(about.unit), Ordering::Relaxed);
        let help: Vec<&str> = about.help.lines().map(str::trim).collect();
        record.help.store(texts.add(help.join(" ").trim()), Ordering::Relaxed);
        Some((index, record))
    }

    fn block(&mut self, metric: usize, role: HistogramRole, spread: &Spread) {
        if !self.board.shared_block(metric, role, spread) {
            self.board.lost.metrics.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Two words of every shard, one behind the other.
    fn two_words(&mut self) -> Option<u64> {
        let mut first = self.word()?;
        loop {
            let second = self.word()?;
            if second == first + 1 {
                return Some(first);
            }
            first = second;
        }
    }
}

fn write_metrics(board: &Board, config: &Config, texts: &mut Texts) {
    let mut cursors = vec![local::address()];
    if config.keeper
        && let Ok(thread) = std::thread::Builder::new().spawn(local::address)
    {
        cursors.extend(thread.join());
    }
    let avoid = cursors.into_iter().map(|address| (address & 4095) / WORD / 8).collect();
    let mut places = Places { board, avoid, next_word: 2, queues: 0, facts: 0 };
    let offset = |word: u64| u32::try_from(word * WORD as u64).unwrap_or(0);
    for (number, (site, record)) in (1..).zip(SITES.iter().zip(board.sites.iter())) {
        if let Some(spent) = site.spent {
            spent.number.store(number, Ordering::Relaxed);
            match places.two_words() {
                Some(word) => {
                    record.hits.store(word + 1, Ordering::Relaxed);
                    spent.offset.store(offset(word), Ordering::Relaxed);
                }
                None => _ = board.lost.metrics.fetch_add(1, Ordering::Relaxed),
            }
        }
        if let Some(hits) = site.hits {
            match places.word() {
                Some(word) => {
                    record.hits.store(word + 1, Ordering::Relaxed);
                    hits.0.store(offset(word), Ordering::Relaxed);
                }
                None => _ = board.lost.metrics.fetch_add(1, Ordering::Relaxed),
            }
        }
    }
    let mut used = 0;
    for declared in METRICS {
        if let Some(index) = write_metric(&mut places, declared, texts, &offset) {
            used = used.max(index + 1);
            if let Some(record) = board.metrics.get(index) {
                tenancy::settle(&record.state, 0);
            }
        }
    }
    write_kinds(&mut places, texts, &mut used);
    board.raise_used(SectionKind::Metrics, used);
    board.raise_used(SectionKind::Queues, places.queues);
    board.raise_used(SectionKind::Facts, places.facts);
}

/// One histogram for each kind of operation: sites with one label are of one kind.
fn write_kinds(places: &mut Places<'_>, texts: &mut Texts, used: &mut usize) {
    const ABOUT: About =
        About { name: "op_time", unit: "ns", help: "Time from beginning to end of operations." };
    let mut known: HashMap<&str, (&Kind, u32)> = HashMap::new();
    for (site, kind) in SITES.iter().filter_map(|site| Some((site, site.kind?))) {
        if let Some((first, number)) = known.get(site.label) {
            kind.times.join(&first.times);
            kind.number.store(*number, Ordering::Relaxed);
            continue;
        }
        let number = u32::try_from(known.len()).unwrap_or(u32::MAX);
        kind.number.store(number, Ordering::Relaxed);
        known.insert(site.label, (kind, number));
        let Some((index, record)) = places.metric(&ABOUT, MetricKind::Histogram, texts) else {
            continue;
        };
        record.kind_flags.store(MetricKind::Histogram as u64 | METRIC_OP, Ordering::Relaxed);
        let mut labels = [0; LABEL_BYTES / WORD];
        pack(&format!("kind={}", site.label), &mut labels);
        for (word, value) in record.labels.iter().zip(labels) {
            word.store(value, Ordering::Relaxed);
        }
        places.block(index, HistogramRole::Values, &kind.times);
        tenancy::settle(&record.state, 0);
        *used = (*used).max(index + 1);
    }
}

/// Writes one declaration; its number among the metrics, if it is one that is shown by itself.
fn write_metric(
    places: &mut Places<'_>,
    declared: &Declared,
    texts: &mut Texts,
    offset: &impl Fn(u64) -> u32,
) -> Option<usize> {
    let board = places.board;
    let relaxed = Ordering::Relaxed;
    let celled = |places: &mut Places<'_>, about, kind, texts: &mut Texts| {
        let (index, record) = places.metric(about, kind, texts)?;
        Some((index, record, board.cells.get(index)?))
    };
    match declared {
        Declared::Counter(counter) => {
            let (index, record) = places.metric(&counter.about, MetricKind::Counter, texts)?;
            match places.word() {
                Some(word) => {
                    record.place.store(word, relaxed);
                    counter.offset.store(offset(word), relaxed);
                }
                None => _ = board.lost.metrics.fetch_add(1, relaxed),
            }
            Some(index)
        }
        Declared::Gauge(gauge) => {
            let (index, _, cell) = celled(places, &gauge.about, MetricKind::Gauge, texts)?;
            gauge.cell.place(cell);
            Some(index)
        }
        Declared::Progress(progress) => {
            let (index, _, cell) = celled(places, &progress.about, MetricKind::Progress, texts)?;
            progress.cell.place(cell);
            Some(index)
        }
        Declared::Heartbeat(heartbeat) => {
            let (index, record, cell) =
                celled(places, &heartbeat.about, MetricKind::Heartbeat, texts)?;
            record.extra.store(heartbeat.every_ms * 1_000_000, relaxed);
            heartbeat.cell.place(cell);
            Some(index)
        }
        Declared::Histogram(histogram) => {
            let (index, _) = places.metric(&histogram.about, MetricKind::Histogram, texts)?;
            places.block(index, HistogramRole::Values, &histogram.values);
            Some(index)
        }
        Declared::Ratio(ratio) => {
            let (index, record) = places.metric(&ratio.about, MetricKind::Ratio, texts)?;
            let names = |counters: &[&super::Counter]| {
                counters.iter().map(|counter| counter.about.name).collect::<Vec<_>>().join("\n")
            };
            record.extra.store(texts.add(&names(ratio.over)), relaxed);
            record.extra2.store(texts.add(&names(ratio.under)), relaxed);
            Some(index)
        }
        Declared::Queue(queue) => {
            let Some(record) = board.queues.get(places.queues) else {
                board.lost.queues.fetch_add(1, relaxed);
                return None;
            };
            let (index, metric) = places.metric(&queue.about, MetricKind::Queue, texts)?;
            metric.place.store(places.queues as u64, relaxed);
            places.queues += 1;
            places.block(index, HistogramRole::Wait, &queue.wait);
            places.block(index, HistogramRole::Service, &queue.service);
            queue.number.store(places.queues as u64, relaxed);
            queue.record.place(record);
            Some(index)
        }
        Declared::GaugeFamily(family) => {
            let (_, record) = places.metric(&family.about, MetricKind::Gauge, texts)?;
            family.pattern.place(record);
            None
        }
        Declared::CounterFamily(family) => {
            let (_, record) = places.metric(&family.about, MetricKind::Counter, texts)?;
            family.pattern.place(record);
            None
        }
        Declared::Fact(fact) => {
            let Some(record) = board.facts.get(places.facts) else {
                board.lost.facts.fetch_add(1, relaxed);
                return None;
            };
            places.facts += 1;
            published::publish(&record.key, texts.add(fact.key));
            fact.record.place(record);
            None
        }
    }
}

/// The strings section in the making: each text once.
struct Texts {
    bytes: Vec<u8>,
    known: HashMap<String, u64>,
    room: usize,
    lost: u64,
}

impl Texts {
    fn new(room: usize) -> Self {
        // Offset 0 with length 0 means "no text".
        Self { bytes: vec![0], known: HashMap::new(), room, lost: 0 }
    }

    /// The reference of a text; 0 when it is empty or finds no room.
    fn add(&mut self, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        if let Some(&word) = self.known.get(text) {
            return word;
        }
        if self.bytes.len() + text.len() > self.room {
            self.lost += 1;
            return 0;
        }
        let place = u32::try_from(self.bytes.len()).ok().zip(u32::try_from(text.len()).ok());
        let Some((offset, length)) = place else {
            return 0;
        };
        let word = TextRef { offset, length }.to_word();
        self.bytes.extend_from_slice(text.as_bytes());
        self.known.insert(text.to_owned(), word);
        word
    }

    fn write(&self, board: &Board) {
        for (word, bytes) in board.strings.iter().zip(self.bytes.chunks(WORD)) {
            let mut packed = [0; WORD];
            for (to, from) in packed.iter_mut().zip(bytes) {
                *to = *from;
            }
            word.store(u64::from_le_bytes(packed), Ordering::Relaxed);
        }
        board.lost.strings.fetch_add(self.lost, Ordering::Relaxed);
        board.raise_used(SectionKind::Strings, self.bytes.len());
    }
}
