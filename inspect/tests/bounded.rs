//! Boards of 64 MiB whose every record says that it is in use: what is kept of them, and said, is bounded
//! whatever their bytes. Counted in bytes that are held, and never timed.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "bounded/aimed.rs"]
mod aimed;
mod common;
#[path = "bounded/counting.rs"]
#[expect(unsafe_code, reason = "counts what is allocated")]
mod counting;
#[path = "bounded/hostile.rs"]
mod hostile;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use common::{Synth, context};
use counting::most_held;
use hostile::{BOUND, SIZE, filled, told};
use inspect::State;
use inspect::board_file::{BoardFile, Trust};
use inspect::history::{Active, By, DEFAULT_BYTES, Recorder, Second, Span, past, read};
use inspect::render::{Look, text};
use inspect::snapshot::Board;
use inspect::source::Source;
use probe::layout::*;

/// One at a time: they count in one place.
static ALONE: Mutex<()> = Mutex::new(());

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
            filled(&mut file.reopen().unwrap(), &sections, false, word);
            let saved = number % 2 == 1;
            let (report, most) = told(file.path(), saved);
            assert!(most <= BOUND, "{shape} {kind} saved {saved}: {most} bytes");
            assert!(report.remarks.is_empty(), "{:?}", report.remarks);
        }
    }
}

/// Boards each of which says much by little in a way of its own: texts that grow sixfold in JSON, said wherever they can
/// be; lists of names; threads that as many queues call theirs.
#[test]
fn what_says_much_by_little_takes_no_more_than_its_share() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
    for (what, sections, word) in aimed::boards() {
        hostile::aimed(&mut file.reopen().unwrap(), &sections, word);
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
        filled(&mut file.reopen().unwrap(), &[(5, 8_192), (21, 16_384)], false, word);
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
    filled(&mut file.reopen().unwrap(), &sections, true, |_| 0x202);
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
    filled(&mut file.reopen().unwrap(), &sections, false, |_| 0x202);
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
    filled(&mut file.reopen().unwrap(), &sections, false, |_| 0x202);
    let source = Source::Copy(BoardFile::open(file.path(), Trust::Named).unwrap());
    let board = Board::open(source, file.path()).unwrap();
    let save = || inspect::saved::write(&mut std::io::sink(), &board, &context(State::Dead));
    let (bytes, most) = most_held(|| save().unwrap());
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
    let ask = |naive: bool, from: u64| {
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
    };
    let asked = |naive, from| most_held(|| ask(naive, from)).1;
    let (minutes, hours) = (asked(false, seconds - 600), asked(false, 0));
    assert!(hours < minutes + (1 << 20) && hours < 8 << 20, "{minutes} and {hours} bytes");
    let naive = asked(true, 0);
    assert!(naive > 4 * hours, "{naive} and {hours} bytes");
}
