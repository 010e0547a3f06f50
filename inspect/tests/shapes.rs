//! What a full board costs to read, to judge and to show grows no faster than what is on it, whatever it is full of: by
//! counted instructions of the library alone. Each shape is one in which naive code looks at every one of something for
//! every one of something else.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

use common::{NOW, SECOND, Synth, context};
use inspect::derive::{self, compare};
use inspect::export::prom::{Dialect, prom};
use inspect::recording::Entry;
use inspect::render::{Look, json, ops, text, waits, why as told};
use inspect::sampler::{BoardSampler, Numbers};
use inspect::snapshot::{Board, Depth, Snapshot};
use inspect::source::Source;
use inspect::{State, why};
use probe::layout::*;

/// A board full of so many of something, and what is counted of it.
struct Shape {
    what: &'static str,
    capacity: Capacity,
    fill: fn(&mut Synth, usize),
    counted: fn(Vec<u64>) -> usize,
}

/// Room for the largest of [`SIZES`]: what is not used is looked at too.
const ROOM: usize = 320;

fn room() -> Capacity {
    Capacity { threads: ROOM, sites: ROOM, strings: 1 << 20, ..Capacity::default() }
}

/// A thread that stands at a line, and how long.
fn stands(board: &mut Synth, slot: usize, name: &str, frames: &[[u64; 4]]) {
    board.thread(slot, name, frames);
    board.watch(slot, frames, NOW - 20 * SECOND, NOW - 19 * SECOND);
}

/// A wait of a thread for a lock's record, which it wants alone.
fn wants(board: &mut Synth, slot: usize, lock: usize) {
    let at = board.at(SectionKind::Slots, slot) + offset_of!(SlotRecord, wait);
    board.put(at, &[7, 1 << 16 | (lock as u64 + 1), WaitHow::Exclusive as u64, NOW - 9 * SECOND]);
}

/// A mutex that a thread holds, and for which so many wait.
fn mutex(board: &mut Synth, lock: usize, holder: Option<usize>, waiting: u64) {
    let label = format!("lock {lock}");
    let site = board.site(lock, 10, &label, Class::Work, 0);
    let held = holder.map_or(0, |slot| held(party(slot, 5), 1));
    let at = board.at(SectionKind::Locks, lock);
    let kind = LockKind::Mutex as u64 | LOCK_NAMED;
    board.put(
        at,
        &[1 << 8 | METRIC_LIVE, kind, site, 77 + lock as u64, held, 0, 0, waiting, SECOND],
    );
}

/// An operation in flight, in the status of site number `status`.
fn op(board: &mut Synth, index: usize, site: u64, status: usize, parent: u64) {
    let at = board.at(SectionKind::Ops, index);
    let begun = NOW - 20 * SECOND - index as u64;
    board.put(at, &[1 << 8 | METRIC_LIVE, site, begun, 0, parent, 0, 0, begun, 2]);
    board.put(at + 0x58, &[status_entry(status as u64 + 1, 0)]);
}

/// Threads at full load, each of a name of its own, that wait for what the next one holds by its tags.
fn busy(board: &mut Synth, n: usize) {
    let holds = board.site(0, 10, "hold", Class::Work, SITE_ARG | SITE_SCOPE);
    let waits = board.site(1, 20, "hold", Class::Wait, SITE_ARG);
    for slot in 0..n {
        let of = (slot + 1) % n;
        let frames = [[0, 0, 0, 0], [holds, waits, of as u64, slot as u64]];
        stands(board, slot, &format!("w{slot:x}-{}", slot / 4), &frames);
        board.worker(slot, 2 * SECOND, NOW - 80 * SECOND, 1);
    }
}

/// Threads of which each fourth one holds what three others wait for, by their tags.
fn convoys(board: &mut Synth, n: usize) {
    let holds = board.site(0, 10, "hold", Class::Work, SITE_ARG | SITE_SCOPE);
    let waits = board.site(1, 20, "hold", Class::Wait, SITE_ARG);
    for slot in 0..n {
        let frames = match slot % 4 {
            0 => [[0, 0, 0, 0], [holds, 0, 0, slot as u64]],
            _ => [[0, waits, slot as u64 / 4 * 4, 0], [0, 0, 0, 0]],
        };
        let deep = if slot % 4 == 0 { 2 } else { 1 };
        stands(board, slot, "pool", &frames[..deep]);
    }
}

/// Threads each of which wants the lock of the next one: a chain, or a circle.
fn behind_each_other(board: &mut Synth, n: usize, circle: bool) {
    let work = board.site(n, 20, "at work", Class::Work, 0);
    for slot in 0..n {
        stands(board, slot, &format!("t{slot}"), &[[0, work, 0, 0]]);
        mutex(board, slot, Some(slot), 3);
        if slot + 1 < n || circle {
            wants(board, slot, (slot + 1) % n);
        }
    }
}

/// Threads that all want one lock, and others that each want one of their own.
fn for_locks(board: &mut Synth, n: usize) {
    let work = board.site(n, 20, "at work", Class::Work, 0);
    mutex(board, 0, None, n as u64);
    for slot in 0..n {
        stands(board, slot, &format!("t{slot}"), &[[0, work, 0, 0]]);
        if slot > 0 {
            mutex(board, slot, Some(0), 3);
        }
        wants(board, slot, if slot % 2 == 0 { 0 } else { slot });
    }
}

/// Threads each of which holds a read-write lock shared and wants that of the next one alone.
fn behind_readers(board: &mut Synth, n: usize) {
    let work = board.site(n, 20, "at work", Class::Work, 0);
    for slot in 0..n {
        stands(board, slot, &format!("t{slot}"), &[[0, work, 0, 0]]);
        mutex(board, slot, None, 1);
        let at = board.at(SectionKind::Locks, slot) + offset_of!(LockRecord, kind_flags);
        board.put(at, &[LockKind::RwLock as u64 | LOCK_NAMED]);
        let at = board.at(SectionKind::Slots, slot) + offset_of!(SlotRecord, shared);
        board.put(at, &[77 + slot as u64]);
        wants(board, slot, (slot + 1) % n);
    }
}

/// Operations of a kind each, in a status each, each a part of the one before; and futures of them that wait.
fn operations(board: &mut Synth, n: usize) {
    for index in 0..n {
        let kind = board.site(2 * index, 10, &format!("kind {index}"), Class::Work, SITE_OP);
        board.site(2 * index + 1, 20, &format!("status {index}"), Class::Work, SITE_STATUS);
        let parent = if index % 2 == 1 { op_id(index - 1, 1) } else { 0 };
        op(board, index, kind, 2 * index + 1, parent);
        let at = board.at(SectionKind::Locks, index);
        let waits = [
            1 << 8 | METRIC_LIVE,
            LockKind::Wait as u64,
            kind,
            1 << 16 | (index as u64 + 1),
            op_party(op_id(index, 1)),
            7,
            WaitHow::Exclusive as u64,
            NOW - 9 * SECOND,
        ];
        board.put(at, &waits);
    }
}

/// Histograms of operations of a kind each, with what failed of them.
fn kinds(board: &mut Synth, n: usize) {
    for index in 0..n {
        board.metric(2 * index, MetricKind::Histogram as u64 | METRIC_OP, "op_time", "ns", 0);
        board.labels(2 * index, &format!("kind=k{index}"));
        board.metric(2 * index + 1, MetricKind::Counter as u64 | METRIC_SHARED, "op_ends", "", 0);
        board.labels(2 * index + 1, &format!("kind=k{index}\noutcome=error"));
        board.cell(2 * index + 1, &[5]);
        board.histogram(index, 2 * index, HistogramRole::Values, &[1_000_000; 10]);
    }
}

/// Counters that count tries, and ratios of them.
fn tries(board: &mut Synth, n: usize) {
    let mut totals = Vec::new();
    for index in 0..n {
        let name = format!("retries of {index}");
        board.metric(2 * index, MetricKind::Counter as u64 | METRIC_SHARED, &name, "", 0);
        board.cell(2 * index, &[5_000 + index as u64]);
        totals.push((2 * index, 5));
        let at = board.metric(2 * index + 1, MetricKind::Ratio as u64, &format!("r{index}"), "", 0);
        let [over, under] = [board.text(&name), board.text("retries of 0")];
        board.put(at + 0x30, &[over, under]);
    }
    board.totals(&totals);
}

/// Queues with items that nobody takes, each with a thread that should.
fn queues(board: &mut Synth, n: usize) {
    let idle = board.site(0, 10, "rest", Class::Idle, 0);
    for index in 0..n {
        board.metric(index, MetricKind::Queue as u64, &format!("q{index}"), "items", index as u64);
        let at = board.at(SectionKind::Queues, index);
        board.put(at, &[1000, 33]);
        board.put(at + 0x40, &[900, 10]);
        board.put(at + 0xc0, &[NOW - 9 * SECOND, 1]);
        stands(board, index, &format!("t{index}"), &[[0, idle, 0, 0]]);
        let at = board.at(SectionKind::Workers, index);
        board.put(at, &[3, index as u64 + 1, 5]);
        board.put(at + 0x80, &[SECOND, NOW - 9 * SECOND, 0, 12]);
    }
}

/// Threads that all serve one queue, with a job in hand each, and all wait in it.
fn one_queue(board: &mut Synth, n: usize) {
    let waits = board.site(0, 10, "parts", Class::Wait, 0);
    board.metric(0, MetricKind::Queue as u64, "parts", "items", 0);
    let at = board.at(SectionKind::Queues, 0);
    board.put(at, &[1000 + n as u64, 33]);
    board.put(at + 0x40, &[900, 10]);
    board.put(at + 0xc0, &[NOW - 9 * SECOND, 1]);
    for slot in 0..n {
        stands(board, slot, &format!("t{slot}"), &[[0, waits, 0, 0]]);
        board.worker(slot, SECOND, NOW - 9 * SECOND, 1);
    }
}

/// Jobs that are late, tasks that go on, and threads that stand at a place each.
fn jobs(board: &mut Synth, n: usize) {
    for index in 0..n {
        let at = board.metric(2 * index, MetricKind::Heartbeat as u64, &format!("b{index}"), "", 0);
        board.put(at + 0x30, &[SECOND]);
        board.cell(2 * index, &[12, 0, NOW - 500 * SECOND]);
        board.metric(2 * index + 1, MetricKind::Progress as u64, &format!("kind {index}"), "", 0);
        board.cell(2 * index + 1, &[10, 100]);
        let site = board.site(index, 10, &format!("place {index}"), Class::Work, 0);
        stands(board, index, &format!("t{index}"), &[[0, site, 0, 0]]);
    }
}

/// Lines that are counted, and statuses.
fn sites(board: &mut Synth, n: usize) {
    for index in 0..n {
        let flags = if index % 2 == 0 { 0 } else { SITE_STATUS };
        board.site(index, index as u32, &format!("label {index}"), Class::Work, flags);
        let at = board.at(SectionKind::Sites, index);
        let hits = 1 + 2 * index as u64;
        let place = offset_of!(SiteCopy, hits);
        board.put(at + place, &[hits]);
        board.shard(0, hits as usize - 1, 5);
    }
}

fn shapes() -> Vec<Shape> {
    let of = |what, capacity, fill| Shape { what, capacity, fill, counted: counted_look };
    let locks = Capacity { locks: ROOM, ..room() };
    let metrics = Capacity { metrics: 2 * ROOM + 100, ..room() };
    vec![
        of("busy threads", room(), busy),
        of("convoys", room(), convoys),
        of("a chain", locks, |board, n| behind_each_other(board, n, false)),
        of("a circle", locks, |board, n| behind_each_other(board, n, true)),
        of("locks", locks, for_locks),
        of("operations", Capacity { ops: ROOM, sites: 2 * ROOM + 2, ..locks }, operations),
        of("kinds", Capacity { histograms: ROOM, ..metrics }, kinds),
        of("tries", metrics, tries),
        of("queues", Capacity { queues: ROOM, ..metrics }, queues),
        of("one queue", Capacity { queues: 1, ..metrics }, one_queue),
        of("jobs", metrics, jobs),
        of("sites", metrics, sites),
        Shape { counted: counted_ticks, ..of("readers, sampled", locks, behind_readers) },
        Shape { counted: counted_ticks, ..of("locks, sampled", locks, for_locks) },
    ]
}

/// Some ticks of the sampler, the first of which finds everybody.
#[inline(never)]
fn counted_ticks(words: Vec<u64>) -> usize {
    let board = Board::open(Source::Memory(words), Path::new("board")).unwrap();
    let (mut numbers, mut said) = (Numbers::default(), Vec::<Entry>::new());
    let mut sampler = BoardSampler::open(&board, &mut numbers, &mut said).unwrap().unwrap();
    for _ in 0..20 {
        sampler.look(&board, &mut numbers, &mut said).unwrap();
    }
    sampler.blame(&mut said).unwrap();
    let blamed = said.iter().filter(|entry| matches!(entry, Entry::Blamed { .. })).count();
    assert!(blamed > 0, "nobody waits for anybody");
    said.len()
}

/// All that is counted: one look at a board, and everything that is said of it.
#[inline(never)]
fn counted_look(words: Vec<u64>) -> usize {
    let board = Board::open(Source::Memory(words), Path::new("board")).unwrap();
    let snapshot = Snapshot::take(&board, Depth::Full).unwrap();
    let report = derive::report(&board, &snapshot, &context(State::Live));
    assert!(report.left_out.is_empty(), "{:?}", report.left_out);
    let mut look = Look::at(100);
    look.all = true;
    let mut said = text::board(&report, &look);
    let all: Vec<_> = report.ops.iter().collect();
    ops::rows(&mut said, &all, &look);
    ops::by_kind(&mut said, &report, &look);
    ops::by_status(&mut said, &report, &look);
    said += &waits::chains(&report.waits, &look);
    said += &waits::locks(&report.waits, &look);
    let answer = why::answer(&report, &why::Seen::default(), &[], String::new());
    said += &told::findings(&answer, &look);
    said += &prom(std::slice::from_ref(&report), Dialect::Text);
    let compared = compare::compare(&report, &report);
    let document = json::document(vec![report], &look);
    json::write(&mut std::io::sink(), &document, true).unwrap();
    said.len() + compared.lines.len()
}

const ASKED: &str = "SHAPE_AND_SIZE";

/// What is counted; without having been asked, nothing.
#[test]
fn one() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let (number, size) = asked.split_once(' ').unwrap();
    let shape = &shapes()[number.parse::<usize>().unwrap()];
    let mut board = Synth::new(&shape.capacity);
    (shape.fill)(&mut board, size.parse().unwrap());
    board.pulse(KEEPER_PERIOD_NS);
    assert!((shape.counted)(board.finish()) > 0);
}

fn instructions(number: usize, size: usize) -> u64 {
    let out = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--toggle-collect=*counted*"])
        .arg(format!("--callgrind-out-file={}", out.path().display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "one", "--test-threads=1"])
        .env(ASKED, format!("{number} {size}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = std::fs::read_to_string(out.path()).unwrap();
    let sum = text.lines().find_map(|line| line.strip_prefix("totals: ")?.parse().ok());
    sum.filter(|&sum: &u64| sum > 0).unwrap()
}

/// Growth with the logarithm is within it, with the square it would be 2.
const MOST: f64 = 1.15;
const SIZES: [usize; 3] = [4, 100, 300];

#[test]
fn whatever_a_board_is_full_of_a_look_grows_no_faster() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        // In the gate it is there.
        assert!(std::env::var_os("CI").is_none(), "valgrind is missing");
        return;
    }
    let shapes = shapes();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let grown: Vec<(usize, [u64; 3])> = std::thread::scope(|scope| {
        let one = || {
            let mut done = Vec::new();
            while let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                && number < shapes.len()
            {
                done.push((number, SIZES.map(|size| instructions(number, size))));
            }
            done
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(one)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    for (number, [least, less, more]) in grown {
        let exponent = ((more - least) as f64 / (less - least) as f64).ln()
            / (SIZES[2] as f64 / SIZES[1] as f64).ln();
        let what = shapes[number].what;
        assert!(exponent <= MOST, "{what}: {exponent:.3}, {least} {less} {more}");
        // Or nothing of it was there.
        assert!(exponent > 0.3, "{what}: {exponent:.3}, {least} {less} {more}");
    }
}
