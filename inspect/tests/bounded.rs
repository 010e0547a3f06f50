//! Boards of 64 MiB whose every record says that it is in use: what is kept of them, and said, is bounded
//! whatever their bytes. Counted in bytes that are held, and never timed.
#![allow(clippy::unwrap_used, reason = "a test")]
#![expect(unsafe_code, reason = "counts what is allocated")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use common::{Synth, context};
use inspect::board_file::{BoardFile, Trust};
use inspect::export::prom::{Dialect, prom};
use inspect::history::{Active, By, DEFAULT_BYTES, Recorder, Second, Span, past, read};
use inspect::model::BoardReport;
use inspect::render::{Look, json, text};
use inspect::snapshot::{Board, Depth, Snapshot};
use inspect::source::Source;
use inspect::why::{self, Seen};
use inspect::{State, derive};
use probe::layout::*;
use zerocopy::IntoBytes;

/// Counts bytes that are held, and the most of them at once.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator, and counts beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Large blocks are moved by their pages: they are never there twice.
        let held = HELD.fetch_add(size, Relaxed) + size - layout.size();
        MOST.fetch_max(held, Relaxed);
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// One at a time: they count in one place.
static ALONE: Mutex<()> = Mutex::new(());

const SIZE: u64 = MAX_BOARD_BYTES;
/// Of 64 MiB, what the program's own pages leave.
const BOUND: usize = 56 << 20;
/// Bytes of JSON of any board.
const WRITTEN: u64 = 64 << 20;

fn stride(kind: u64) -> u64 {
    match kind {
        1 => 1,
        3 | 5 | 17 | 21 => 128,
        2 | 4 | 8 => 64,
        6 => 2048,
        7 => 1024,
        11 => HISTOGRAM_BYTES as u64,
        16 => 512,
        20 => 1760,
        _ => 256,
    }
}

/// A board with these sections (kind and records; disjoint unless `over`), every word of them as `word` says.
fn hostile(file: &mut File, sections: &[(u64, u64)], over: bool, word: impl Fn(u64) -> u64) {
    made(file, sections, over, |at, _| word(at));
}

/// The same, each word as is said of its section's kind, its record and its place in that.
fn aimed(file: &mut File, sections: &[(u64, u64)], word: impl Fn(u64, u64, u64) -> u64) {
    made(file, sections, false, |at, entries| {
        let entry =
            entries.iter().find(|entry| (entry[2]..entry[2] + entry[3]).contains(&(8 * at)));
        entry.map_or(0, |&[kind, _, offset, _, stride, ..]| {
            let (inside, long) = (at - offset / 8, stride.div_ceil(8));
            word(kind, inside / long, inside % long)
        })
    });
}

fn made(
    file: &mut File,
    sections: &[(u64, u64)],
    over: bool,
    word: impl Fn(u64, &[[u64; 8]]) -> u64,
) {
    let mut at = 8192;
    let mut entries = Vec::new();
    for &(kind, records) in sections {
        let stride = stride(kind);
        let room = if over { SIZE / stride } else { (SIZE - at) / stride };
        let records = records.min(room);
        let (offset, length) =
            if over { (0, SIZE) } else { (at, (records * stride).next_multiple_of(8)) };
        entries.push([kind, 1, offset, length, stride, records, records, 0]);
        at += length;
    }
    let mut header = Synth::new(&Capacity::default()).words[..32].to_vec();
    header[0x20 / 8] = SIZE;
    header[0x28 / 8] = 512;
    header[0x30 / 8] = entries.len() as u64;
    let fixed = entries.iter().map(|entry: &[u64; 8]| *entry.first_chunk().unwrap());
    header[CHECK_WORD] = check_word(&header, fixed);
    file.set_len(0).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut words = vec![0; 1 << 17];
    for chunk in 0..SIZE / (8 << 17) {
        for (index, place) in words.iter_mut().enumerate() {
            *place = word((chunk << 17) + index as u64, &entries);
        }
        file.write_all(words.as_bytes()).unwrap();
    }
    file.write_all_at(header.as_bytes(), 0).unwrap();
    file.write_all_at(entries.as_bytes(), 512).unwrap();
}

/// Reads that this thread has asked the kernel for.
fn reads() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/io").unwrap_or_default();
    let line = said.lines().find_map(|line| line.strip_prefix("syscr: "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Calls of the kernel for one look at 64 MiB: each stretch is copied three times, and some tables are looked at
/// more than once. A call for each word was 287,511 of them, and most of the time.
const READS: u64 = 12_000;

/// What is said of it, and the most bytes that were held while it was read, told as a table and as JSON.
fn told(path: &Path, saved: bool) -> (BoardReport, usize) {
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    let file = BoardFile::open(path, Trust::Named).unwrap();
    let source = match saved {
        true => Source::Saved { file, base: 0, bytes: SIZE, swapped: false },
        false => Source::Copy(file),
    };
    let board = Board::open(source, path).unwrap();
    let asked = reads();
    let snapshot = Snapshot::take(&board, Depth::Full).unwrap();
    assert!(reads() - asked <= READS, "{} reads", reads() - asked);
    let report = derive::report(&board, &snapshot, &context(State::Dead));
    // As every verb does.
    drop(snapshot);
    let mut look = Look::at(100);
    look.all = true;
    let mut lines = text::board(&report, &look).lines().count();
    let mut table = String::new();
    let ops: Vec<_> = report.ops.iter().chain(&report.ended_ops).collect();
    inspect::render::ops::rows(&mut table, &ops, &look);
    lines += table.lines().count();
    assert!(lines > 2);
    drop(table);
    let answer = why::answer(&report, &Seen::default(), &[], String::new());
    json::write(&mut std::io::sink(), &answer, false).unwrap();
    drop((answer, prom(std::slice::from_ref(&report), Dialect::Text)));
    let document = json::document(vec![report], &look);
    for pretty in [true, false] {
        let mut written = Written(0);
        json::write(&mut written, &document, pretty).unwrap();
        assert!(written.0 <= WRITTEN, "{} bytes of JSON", written.0);
    }
    let most = MOST.load(Relaxed) - before;
    (document.boards.into_iter().next().unwrap(), most)
}

/// How much was written.
struct Written(u64);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All of everything, then as much as fits of what costs most.
fn shapes() -> Vec<(&'static str, Vec<(u64, u64)>)> {
    let all: &[(u64, u64)] = &[
        (1, 16 << 20),
        (2, 65_536),
        (3, 16_383),
        (4, 16_383),
        (5, 8_192),
        (6, 8_192),
        (8, 8_192),
        (9, 8_192),
        (16, 8_192),
        (15, 16_464),
        (21, 16_384),
        (10, 1_024),
        (14, 4_096),
        (7, 1_000),
        (11, 1_000),
        (20, 500),
    ];
    let pick =
        |kinds: &'static [u64]| all.iter().copied().filter(move |(kind, _)| kinds.contains(kind));
    vec![
        ("all", all.to_vec()),
        ("operations", pick(&[1, 2, 15]).collect()),
        ("threads", pick(&[1, 2, 5, 6, 8, 9, 16]).collect()),
        ("numbers", pick(&[2, 3, 4, 7, 10, 14]).chain([(11, 4_096), (20, 2_048)]).collect()),
    ]
}

#[test]
fn whatever_its_bytes_a_board_takes_no_more_than_its_share() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    type Word = (&'static str, fn(u64) -> u64);
    let words: [Word; 3] = [
        ("live", |_| 0x202),
        // Every text as long as one can be, each another one.
        ("long", |index| (index % 4096) << 42 | 1024),
        ("noise", |index| {
            let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed ^ mixed >> 31) & 0x00ff_ffff_0000_07ff | 2
        }),
    ];
    for (shape, sections) in shapes() {
        for (number, (kind, word)) in words.into_iter().enumerate() {
            // What is said of the words is tried where there is all of everything.
            if number > 0 && shape != "all" {
                continue;
            }
            hostile(&mut file.reopen().unwrap(), &sections, false, word);
            let saved = number % 2 == 1;
            let (report, most) = told(file.path(), saved);
            assert!(most <= BOUND, "{shape} {kind} saved {saved}: {most} bytes");
            assert!(report.remarks.is_empty(), "{:?}", report.remarks);
        }
    }
}

/// A reference of 1,024 bytes of text, by a number.
fn long_text(number: u64) -> u64 {
    TextRef { offset: (number % 16_000 * 1_024) as u32, length: 1_024 }.to_word()
}

/// Boards each of which says much by little in a way of its own: texts that grow sixfold in JSON, said wherever they can
/// be; lists of names; threads that as many queues call theirs.
// long: a board is a case
#[test]
fn what_says_much_by_little_takes_no_more_than_its_share() {
    const TEXTS: (u64, u64) = (1, 16 << 20);
    /// Of a text that is no character, but an escape each.
    const CONTROLS: u64 = 0x0101_0101_0101_0101;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    let metric = |kind: MetricKind, record: u64, word: u64, place: u64, list: u64| match word {
        0 => 1 << 8 | METRIC_LIVE,
        1 => kind as u64,
        2 => TextRef { offset: record as u32, length: 8 }.to_word(),
        5 => place,
        6 | 7 => list,
        _ => 0,
    };
    let list = |record: u64| TextRef { offset: record as u32, length: 15 << 20 }.to_word();
    let site = |record: u64, word: u64, flags: u64| match word {
        0 => 0x5000 + 8 * record,
        2 => record << 32,
        1 | 3 | 4 => long_text(3 * record + word),
        5 => Class::Wait as u64 | SITE_ARG | flags,
        6 => 1 + 2 * record,
        _ => 0,
    };
    // A thread that holds a number by its scope, and waits for the next one's.
    let thread = |kind: u64, record: u64, word: u64| match (kind, word) {
        (5, 0) => 5 << 8 | SLOT_LIVE,
        (5, 1) => 100 + record,
        (5, 2 | 3) => CONTROLS,
        (6, 0 | 128) => 17,
        (6, word) => match word % 128 % 4 {
            0 if word % 128 >= 8 => 0x5000 + 8 * (record + word),
            1 => 0x5000 + 8 * record,
            2 => record + 1,
            3 => record,
            _ => 0,
        },
        (9, 0) => 3,
        (9, 1) => 1,
        (9, 2) => 5,
        _ => 0,
    };
    type Word<'a> = Box<dyn Fn(u64, u64, u64) -> u64 + 'a>;
    type Aimed<'a> = (&'static str, Vec<(u64, u64)>, Word<'a>);
    let boards: Vec<Aimed<'_>> = vec![
        (
            "ratios of the same lists",
            vec![TEXTS, (3, 16_383)],
            Box::new(|kind, record, word| match kind {
                1 if word % 8 == 0 => 0x0a61_6161_6161_6161,
                1 => 0x6161_6161_6161_6161,
                _ => metric(MetricKind::Ratio, record, word, 0, list(record)),
            }),
        ),
        (
            "ratios of empty lines",
            vec![TEXTS, (3, 16_383)],
            Box::new(|kind, record, word| match kind {
                1 => 0x0a0a_0a0a_0a0a_0a0a,
                _ => metric(MetricKind::Ratio, record, word, 0, list(record)),
            }),
        ),
        (
            "queues of the same threads",
            vec![TEXTS, (3, 16_383), (5, 8_192), (6, 8_192), (9, 8_192), (10, 1_024)],
            Box::new(|kind, record, word| match kind {
                1 => 0x6161_6161_6161_6161,
                3 => metric(MetricKind::Queue, record, word, 0, 0),
                10 => u64::from(word == 0) << 20,
                _ => thread(kind, record, word),
            }),
        ),
        (
            "controls in every scope",
            vec![TEXTS, (2, 65_536), (5, 8_192), (6, 8_192), (9, 8_192)],
            Box::new(|kind, record, word| match kind {
                1 => CONTROLS,
                2 => site(record, word, SITE_SCOPE),
                _ => thread(kind, record, word),
            }),
        ),
        (
            "controls in every status",
            vec![TEXTS, (2, 8_192), (7, 1), (15, 16_464)],
            Box::new(|kind, record, word| match (kind, word) {
                (1, _) => CONTROLS,
                (2, _) => site(record, word, SITE_STATUS),
                (7, _) => 5,
                (15, 0) => 1 << 8 | METRIC_LIVE,
                (15, 1) => 0x5000 + 8 * record,
                (15, 5) => 0x4020,
                (15, 8) => 10,
                (15, 11..16) => status_entry(record * 5 + word, word),
                (15, 16..22) => status_entry(record * 7 + word, 9),
                _ => CONTROLS,
            }),
        ),
        (
            "controls in the names of locks",
            vec![TEXTS, (2, 65_536), (5, 8_192), (6, 8_192), (21, 16_384)],
            Box::new(|kind, record, word| match (kind, word) {
                (1, _) => CONTROLS,
                (2, _) => site(record, word, 0),
                // Each wants the lock of the one after the next.
                (5, 7) => 5,
                (5, 8) => 1 << 16 | ((record + 2) % 8_192 + 1),
                (5, 9) => WaitHow::Exclusive as u64,
                (21, 0) => 1 << 8 | METRIC_LIVE,
                (21, 1) => LockKind::Mutex as u64 | LOCK_NAMED,
                (21, 2) => 0x5000 + 8 * record,
                (21, 4) => held(party((record % 8_192) as usize, 5), 1),
                (21, 7) => 3,
                (21, _) => 77,
                _ => thread(kind, record, word),
            }),
        ),
    ];
    for (what, sections, word) in boards {
        aimed(&mut file.reopen().unwrap(), &sections, word);
        let (report, most) = told(file.path(), true);
        assert!(most <= BOUND, "{what}: {most} bytes");
        let rows =
            report.threads.len() + report.ops.len() + report.ratios.len() + report.queues.len();
        assert!(rows > 100, "{what}: {rows} rows");
    }
}

/// Every thread waits for a lock that the next one holds, and every lock is waited for and read by all.
#[test]
fn waits_of_everybody_for_everybody_take_no_more_than_their_share() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    for everybody in [false, true] {
        let word = move |index: u64| {
            let record = index / 16;
            match index % 16 {
                // In use, of generation 2.
                0 => 0x202,
                // A read-write lock, or a mutex.
                1 => 1 + u64::from(everybody),
                3 => 77,
                // The thread with the lock's number.
                4 if everybody => 0,
                4 => 2 << 48 | 2 << 16 | (record % 8192 + 1),
                7 => 5,
                8 => 2 << 16 | (record % 8192 + 2),
                9 => 1,
                12.. => 77,
                _ => 0,
            }
        };
        hostile(&mut file.reopen().unwrap(), &[(5, 8_192), (21, 16_384)], false, word);
        let start = std::time::Instant::now();
        let (report, most) = told(file.path(), true);
        assert!(most <= BOUND, "{most} bytes");
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        let edges: usize = report.waits.chains.iter().map(|chain| chain.edges.len()).sum();
        let members: usize = report.waits.cycles.iter().map(|cycle| cycle.members.len()).sum();
        assert!(edges + members > 8, "somebody waits: {edges} {members}");
    }
}

/// Sections that name the same bytes again would be read as often as they are named.
#[test]
fn sections_over_each_other_are_read_once() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    let sections: Vec<(u64, u64)> = (0..64).map(|index| (1 + index % 20, u64::MAX >> 16)).collect();
    hostile(&mut file.reopen().unwrap(), &sections, true, |_| 0x202);
    let (report, most) = told(file.path(), false);
    assert!(most <= BOUND, "{most} bytes");
    assert!(
        report.remarks.iter().all(|remark| remark.contains("lies over")),
        "{:?}",
        report.remarks
    );
    assert!(report.remarks.len() >= 20 && report.threads.is_empty(), "{:?}", report.remarks);
}

/// What there is no room for is counted: nothing vanishes.
#[test]
fn rows_that_are_left_out_are_counted_and_said() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    let (_, sections) = shapes().swap_remove(2);
    hostile(&mut file.reopen().unwrap(), &sections, false, |_| 0x202);
    let (report, _) = told(file.path(), true);
    let out = report.left_out.get("threads").copied().unwrap_or(0);
    assert!(out > 0 && report.threads.len() > 50, "{out} left out");
    assert_eq!(report.threads.len() as u64 + out, 8_192);
    let table = text::board(&report, &Look::at(100));
    let said = table.lines().find(|line| line.ends_with("that this view leaves out")).unwrap();
    assert!(said.contains(&format!("{out} more threads")), "{said}");
}

/// A copy of a board is made a piece at a time.
#[test]
fn a_board_is_saved_without_being_held() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    let (_, sections) = shapes().swap_remove(2);
    hostile(&mut file.reopen().unwrap(), &sections, false, |_| 0x202);
    let source = Source::Copy(BoardFile::open(file.path(), Trust::Named).unwrap());
    let board = Board::open(source, file.path()).unwrap();
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    let bytes = inspect::saved::write(&mut std::io::sink(), &board, &context(State::Dead)).unwrap();
    let most = MOST.load(Relaxed) - before;
    assert!(bytes == SIZE && most < 1 << 20, "{bytes}, {most} held");
}

/// An honest board of the largest tables is whole.
#[test]
fn an_honest_board_is_told_whole() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let capacity = Capacity { threads: 5_000, ops: 1_000, ..Capacity::default() };
    let mut board = Synth::new(&capacity);
    let serve = board.site(0, 10, "serve", Class::Work, SITE_SCOPE);
    let read = board.site(1, 12, "read", Class::Work, 0);
    for slot in 0..5_000 {
        board.thread(slot, &format!("worker-{slot}"), &[[0, read, 0, 0], [serve, read, 0, 7]]);
    }
    let report = common::report(board.finish(), State::Live).unwrap();
    assert_eq!((report.threads.len(), report.left_out.len()), (5_000, 0));
    // As many operations as can be in flight.
    let capacity = Capacity { ops: Capacity::MOST.ops, ..Capacity::default() };
    let mut board = Synth::new(&capacity);
    for index in 0..3 {
        board.site(index, 10, "status", Class::Work, SITE_STATUS);
    }
    for index in 0..Capacity::MOST.ops {
        board.unpolled(index, 0, index % 3 + 1, 0, 9);
    }
    let report = common::report(board.finish(), State::Live).unwrap();
    assert_eq!((report.ops.len(), &report.left_out), (Capacity::MOST.ops, &BTreeMap::new()));
}

/// A second of a daemon under load, of a kind with many texts.
fn second(n: u64) -> Second {
    let mut second = Second::default();
    (second.name, second.instance, second.cores) = ("store".to_owned(), 1, 2);
    for of in 0..20 {
        second.counters.insert(format!("counter_{of}"), n * (of + 1));
        second.loads.insert(format!("worker-{of}"), (n + of) % 1000);
        let mut active = Active::default();
        active.kind = "command".to_owned();
        active.status = format!("status {}", (n + of) % 40);
        active.line = format!("file.rs:{}", (n * of) % 300);
        second.active.insert(active, 1 + n % 3);
    }
    second
}

/// Naively every second of a segment was in hand at once, and each second's active ones until the answer was made: the
/// memory of a server with the page open grew with the time that it was asked for.
#[test]
fn hours_of_the_past_take_no_more_than_their_points() {
    const START: u64 = 1_767_225_600_000_000_000;
    const SECOND: u64 = 1_000_000_000;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).unwrap();
    let seconds = 2 * 3600;
    for n in 0..seconds {
        recorder.put(START + n * SECOND, &[second(n)]).unwrap();
    }
    drop(recorder);
    let asked = |naive: bool, from: u64| {
        let before = HELD.load(Relaxed);
        MOST.store(before, Relaxed);
        let mut span = Span::default();
        (span.from_ns, span.to_ns) = (START + from * SECOND, START + seconds * SECOND);
        let mut all = past(span, By::Status, 10);
        let mut hand = Vec::new();
        if naive {
            all = all.to_compare();
        }
        read(directory.path(), span, &mut |at_ns, second| {
            if naive {
                hand.push(second.clone());
            }
            all.take(at_ns, second, &|_| true);
        })
        .unwrap();
        let points: u64 = all.finish().boards[0].points.iter().map(|point| point.seconds).sum();
        assert_eq!(points, seconds - from);
        MOST.load(Relaxed) - before
    };
    let (minutes, hours) = (asked(false, seconds - 600), asked(false, 0));
    assert!(hours < minutes + (1 << 20) && hours < 8 << 20, "{minutes} and {hours} bytes");
    let naive = asked(true, 0);
    assert!(naive > 4 * hours, "{naive} and {hours} bytes");
}
