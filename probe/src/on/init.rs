//! From a name to a board: once, in the daemon's own thread, and never at the daemon's expense.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::board::{Board, Buckets, install};
use super::config::Config;
use super::filter::Filter;
use super::metric::{About, Declared, METRICS};
use super::placed::Placed;
use super::site::SITES;
use super::store::Store;
use super::thread::{Mode, mode, prepare_exit_key, set_mode};
use super::{clock, end, fork, keeper, local, sweep};
use crate::layout::*;
use crate::protocol::{claims, published, tenancy};

/// What became of [`init!`](crate::init).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Not called yet.
    Before,
    /// There is a board, here.
    Board(PathBuf),
    /// Switched off by `PROBE=off`.
    Off,
    /// There is no board, for this reason; the daemon runs on, its probes write to private memory.
    Failed(String),
}

/// What this process was asked for and what became of it.
static STATE: Mutex<Option<(Config, Status)>> = Mutex::new(None);

/// What became of [`init!`](crate::init).
pub fn status() -> Status {
    match STATE.try_lock() {
        Ok(state) => state.as_ref().map_or(Status::Before, |(_, status)| status.clone()),
        Err(_) => Status::Before,
    }
}

#[doc(hidden)]
pub fn init(config: Config) -> Status {
    let Ok(mut state) = STATE.lock() else {
        return Status::Before;
    };
    if let (Mode::Board | Mode::Private, Some((_, status))) = (mode(), state.as_ref()) {
        return status.clone();
    }
    let config = config.with_environment();
    let status = start(&config);
    *state = Some((config, status.clone()));
    status
}

/// Makes a forked child's board, like the parent's. Whoever comes while another thread does, or from a
/// signal handler inside it, stays unregistered for the moment.
pub(super) fn again() {
    let Ok(mut state) = STATE.try_lock() else {
        return;
    };
    if mode() != Mode::Forked {
        return;
    }
    let Some((config, _)) = state.clone() else {
        return;
    };
    let status = start(&config);
    *state = Some((config, status));
}

fn start(config: &Config) -> Status {
    prepare_exit_key();
    for complaint in &config.complaints {
        say(&format!("ignored {complaint}"));
    }
    let status = if config.off {
        Status::Off
    } else {
        match make(config) {
            Ok(path) => Status::Board(path),
            Err(why) => {
                say(&format!("no board for {}: {why}", config.name));
                Status::Failed(why)
            }
        }
    };
    set_mode(if matches!(status, Status::Board(_)) { Mode::Board } else { Mode::Private });
    if matches!(status, Status::Board(_)) && config.keeper && !keeper::start() {
        say(&format!("no keeper for {}: no thread could be started", config.name));
    }
    status
}

/// One line on stderr, in one write; never on stdout, and no matter if nobody reads it. What it quotes
/// of the environment stays in that line.
fn say(text: &str) {
    use std::io::Write;
    let mut line = "probe: ".to_owned();
    for char in text.chars() {
        if char.is_control() {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
    }
    line.push('\n');
    if super::limits::stderr_has_room(line.len()) {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn make(config: &Config) -> Result<PathBuf, String> {
    let pid = std::process::id();
    let pid_start = sweep::process_start(pid).unwrap_or(0);
    let directory = config.directory.as_deref().unwrap_or(Path::new("/dev/shm"));
    sweep::sweep(directory, &config.name, config.keep_dead);

    let capacity = config.fitted_capacity();
    let (sections, bytes) = plan(&capacity);
    if bytes as u64 > MAX_BOARD_BYTES {
        return Err(format!("it would take {bytes} bytes, {MAX_BOARD_BYTES} are the most"));
    }
    let name = format!("{}.{pid}.{pid_start}", config.name);
    let store = Store::create(config, &name, bytes)?;
    let Some(board) = Board::lay_out(store.segment, &sections, &capacity) else {
        store.remove();
        return Err("the layout does not fit its own plan".to_owned());
    };
    let mut texts = Texts::new(capacity.strings);
    let calibration = clock::start();
    describe(&board, config, pid_start, &calibration, &mut texts);
    write_sites(&board, config, &mut texts);
    write_metrics(&board, config, &mut texts);
    texts.write(&board);
    // Readers believe nothing before this.
    published::publish(&board.header.magic, MAGIC);
    if let Err(why) = store.show() {
        store.remove();
        return Err(why);
    }
    let path = store.path.clone();
    fork::watch(&board.segment, store.lock.as_raw_fd());
    keeper::calibrate(calibration);
    end::watch(store, config.keep);
    install(board);
    Ok(path)
}

/// Fills the header, but for the magic.
fn describe(
    board: &Board,
    config: &Config,
    pid_start: u64,
    clock: &clock::Calibration,
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
    /// Next word of a shard to hand out. The first is nobody's.
    next_word: usize,
    queues: usize,
    blocks: usize,
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

    fn block(&mut self, metric: usize, role: HistogramRole, placed: &Placed<Buckets>) {
        let Some(block) = self.board.histograms.get(self.blocks) else {
            self.board.lost.metrics.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.blocks += 1;
        block.head.role.store(role as u64, Ordering::Relaxed);
        published::publish(&block.head.metric, metric as u64 + 1);
        placed.place(block);
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
    let mut places = Places { board, avoid, next_word: 1, queues: 0, blocks: 0, facts: 0 };
    let offset = |word: u64| u32::try_from(word * WORD as u64).unwrap_or(0);
    for (site, record) in SITES.iter().zip(board.sites.iter()) {
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
    board.raise_used(SectionKind::Metrics, used);
    board.raise_used(SectionKind::Queues, places.queues);
    board.raise_used(SectionKind::Histograms, places.blocks);
    board.raise_used(SectionKind::Facts, places.facts);
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
            places.block(index, HistogramRole::Values, &histogram.block);
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
