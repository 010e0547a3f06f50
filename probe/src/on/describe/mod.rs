//! What a board says of itself: header, sites, named numbers and their texts, written before the magic
//! that makes a reader believe them; and sites that are made at run time, which are added one by one.
//!
//! ```text
//! texts    the strings section             sites    the site table, kinds, statuses
//! numbers  what is declared in source
//! ```

mod numbers;
mod sites;
mod texts;

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;

use numbers::Places;
use texts::Texts;

use crate::layout::*;
use crate::on::board::tables::Board;
use crate::on::ground::clock::{self, Calibration};
use crate::on::ground::say::say;
use crate::on::numbers::spread::Spread;
use crate::on::sites::filter::Filter;
use crate::on::sites::kind::Kind;
use crate::on::sites::late::{self, Link};
use crate::on::sites::site::SITES;
use crate::on::start::config::Config;

/// Writes all that is known at init: the header but for its magic, sites, declared numbers, texts. Puts
/// every declared number in its place on the board.
pub(crate) fn describe(board: &Board, config: &Config, pid_start: u64, clock: &Calibration) {
    // Nobody else knows the board yet.
    let Ok(mut scribe) = board.scribe.lock() else { return };
    let scribe = &mut *scribe;
    write_header(board, config, pid_start, clock, &mut scribe.texts);
    config.filter.clone_into(&mut scribe.filter);
    scribe.places = Places::new(config.keeper);
    let filter = Filter::parse(&config.filter, |rule| {
        say(&format!("ignored PROBE_FILTER rule {rule}: expected GROUP=on or GROUP=off"));
    });
    for site in SITES {
        scribe.site(board, &filter, site);
    }
    scribe.numbers(board);
    for (site, kind) in SITES.iter().filter_map(|site| Some((site, site.kind?))) {
        scribe.kind(board, kind, site.label);
    }
    scribe.catch_up(board);
    seal(board);
}

/// Writes the header's check word, last.
fn seal(board: &Board) {
    let words = board.segment.table::<AtomicU64>(0, WORD, HeaderCopy::BYTES / WORD);
    let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
    let header: Vec<u64> = words.iter().flat_map(|table| table.iter()).map(load).collect();
    let entries = board.toc.iter().map(|entry| {
        [&entry.kind, &entry.version, &entry.offset, &entry.length, &entry.stride, &entry.capacity]
            .map(load)
    });
    board.header.check.store(check_word(&header, entries), Ordering::Relaxed);
}

/// Whoever writes a board's description: how far it is written.
#[derive(Debug)]
pub(crate) struct Scribe {
    texts: Texts,
    places: Places,
    filter: String,
    /// Records in use in the site table.
    sites: usize,
    /// Kinds of operations by their label: the first of each, and its number.
    kinds: BTreeMap<&'static str, (&'static Kind, u32)>,
    /// Where the first site made at run time hangs that is not written yet.
    pub(crate) next: &'static Link,
}

impl Scribe {
    /// Nothing is written yet; there is room for so many bytes of text.
    pub(crate) fn new(text_bytes: usize) -> Self {
        Self {
            texts: Texts::new(text_bytes),
            places: Places::new(false),
            filter: String::new(),
            sites: 0,
            kinds: BTreeMap::new(),
            next: late::first(),
        }
    }

    /// Writes the sites that were made since the last time.
    pub(crate) fn catch_up(&mut self, board: &Board) {
        while let Some(node) = self.next.get() {
            let filter = std::mem::take(&mut self.filter);
            self.site(board, &Filter::parse(&filter, |_| ()), &node.site);
            self.filter = filter;
            if let Some(kind) = node.site.kind {
                self.kind(board, kind, node.site.label);
            }
            node.written();
            self.next = &node.next;
        }
    }
}

/// Bytes from the start of a shard to one of its words.
fn offset(word: u64) -> u32 {
    u32::try_from(word * WORD as u64).unwrap_or(0)
}

/// The block of a new histogram that threads share.
fn block(board: &Board, metric: usize, role: HistogramRole, spread: &Spread) {
    if !board.shared_block(metric, role, spread) {
        board.lost.metrics.fetch_add(1, Ordering::Relaxed);
    }
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
    set(&header.name, texts.add(board, &config.name));
    set(&header.build, texts.add(board, config.build));
    let program = std::env::current_exe().map(|path| path.display().to_string());
    set(&header.program, texts.add(board, &program.unwrap_or_default()));
    set(&header.keeper_period_ns, if config.keeper { KEEPER_PERIOD_NS } else { 0 });
}

fn namespace(kind: &str) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(format!("/proc/self/ns/{kind}")).map_or(0, |stat| stat.ino())
}
