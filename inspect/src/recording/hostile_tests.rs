//! Recordings that say much in few bytes, counted as a report counts them: steps and bytes held, not time.

use std::path::Path;

use super::wire::{crc32, put, put_text};
use super::*;
use crate::error::OpenError;
use crate::report::{By, Options, Tally};
use crate::words::label::Label;
use probe::layout::Class;

/// What a report may hold of a recording, and what reading it may take, by its size.
const HELD: u64 = 256 << 20;
fn steps(bytes: u64) -> u64 {
    (26 << 20) + 130 * bytes
}

fn numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    numbers.iter().for_each(|&number| put(out, number));
}

fn chunk(kind: u8, payload: &[u8]) -> Vec<u8> {
    let packed = miniz_oxide::deflate::compress_to_vec(payload, 3);
    let mut chunk = vec![kind, 0, 0, 0];
    for word in [packed.len() as u32, payload.len() as u32, crc32(&packed)] {
        chunk.extend_from_slice(&word.to_le_bytes());
    }
    [chunk, packed].concat()
}

fn head() -> Vec<u8> {
    [MAGIC, VERSION, 1_000_000, 0].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A board, counted sites of one label, a stack for each, and threads.
fn names(sites: u64, threads: u64, label: &str) -> Vec<u8> {
    let mut out = vec![1];
    numbers(&mut out, &[1, 1, 0]);
    ["b", "x 1", "/bin/x"].iter().for_each(|text| put_text(&mut out, text));
    for line in 0..sites {
        out.push(2);
        numbers(&mut out, &[0, line, 1, 8]);
        ["a.rs", "f", label].iter().for_each(|text| put_text(&mut out, text));
    }
    for site in 0..sites {
        out.push(3);
        numbers(&mut out, &[1, site]);
    }
    for tid in 0..threads {
        out.push(4);
        numbers(&mut out, &[0, tid]);
        put_text(&mut out, "t");
    }
    chunk(b'D', &out)
}

/// One chunk: hits, rows of ticks, and threads with runs (stack, ticks) that begin at its start.
fn samples(
    base_ns: u64,
    hits: &[(u64, u64)],
    rows: &[(u64, u64)],
    stacks: u64,
    threads: u64,
    runs: &[(u64, u64)],
) -> Vec<u8> {
    let mut out = Vec::new();
    numbers(&mut out, &[base_ns, hits.len() as u64]);
    hits.iter().for_each(|&(site, passes)| numbers(&mut out, &[site, passes]));
    put(&mut out, rows.len() as u64);
    rows.iter().for_each(|&(row, missed)| numbers(&mut out, &[row, missed]));
    put(&mut out, stacks);
    (0..stacks).for_each(|stack| put(&mut out, stack));
    put(&mut out, threads);
    let ticks: u64 = runs.iter().map(|run| run.1).sum();
    for thread in 0..threads {
        numbers(&mut out, &[u64::from(thread > 0), 0, ticks, 1]);
    }
    for &(symbol, ticks) in (0..threads).flat_map(|_| runs) {
        put(&mut out, symbol * 2 + u64::from(ticks > 1));
        if ticks > 1 {
            put(&mut out, ticks - 2);
        }
    }
    chunk(b'S', &out)
}

fn end() -> Vec<u8> {
    let mut out = Vec::new();
    numbers(&mut out, &[1_000_000_000, 0]);
    put_text(&mut out, "done");
    chunk(b'E', &out)
}

/// Reads a recording into a count: what it took, what is held, and how it ended.
fn count(bytes: Vec<u8>, by: By) -> (u64, u64, Result<Vec<String>, OpenError>) {
    let recording = Recording::from_bytes(bytes, Path::new("x.rec")).expect("a head");
    let mut tally = Tally::new(Options { by, ..Options::default() });
    let read = recording.read(&mut tally);
    tally.finish();
    (recording.steps().max(tally.work()), tally.held(), read)
}

fn bounded(kind: &str, bytes: Vec<u8>) -> Result<Vec<String>, OpenError> {
    let size = bytes.len() as u64;
    let (taken, held, read) = count(bytes, By::Line);
    assert!(taken <= steps(size), "{kind}: {taken} steps for {size} bytes");
    assert!(held <= HELD, "{kind}: {held} bytes held for {size} bytes");
    read
}

#[test]
fn a_clock_at_its_end_and_a_long_row_are_steps_not_ticks() {
    for at in [u64::MAX, 1 << 62, u64::MAX / 2] {
        let runs = [(1, 1 << 30)];
        let all = samples(at, &[], &[(1 << 30, 0)], 1, 1, &runs);
        let bytes = [head(), names(1, 1, "l"), all, end()].concat();
        assert!(bytes.len() < 200);
        let remarks = bounded("clock", bytes).expect("read");
        assert!(remarks[0].contains("1 damaged chunks"), "{remarks:?}");
    }
    // As long, at a time that can be: every tick counts, in a few hundred steps.
    let runs = [(1, 1 << 30)];
    let all = samples(0, &[], &[(1 << 30, 0)], 1, 1, &runs);
    let bytes = [head(), names(1, 1, "l"), all, end()].concat();
    let recording = Recording::from_bytes(bytes, Path::new("x")).expect("a head");
    let mut tally = Tally::new(Options::default());
    assert!(recording.read(&mut tally).expect("read").is_empty());
    tally.finish();
    assert_eq!(tally.cells.iter().map(|cell| cell.samples).sum::<u64>(), 1 << 30);
    assert!(recording.steps() < 20_000, "{} steps", recording.steps());
}

#[test]
fn threads_that_end_together_cost_one_step_each() {
    let all = 300_000;
    let bytes =
        [head(), names(1, all, "l"), samples(0, &[], &[(2, 0)], 1, all, &[(1, 1)]), end()].concat();
    // Going over all the living for each of them would be 45 × 10⁹ steps.
    let size = bytes.len() as u64;
    let (taken, held, read) = count(bytes, By::Line);
    assert!(taken < 20 * all && held <= HELD, "{taken} steps, {held} bytes, {size} bytes");
    assert!(read.expect("read").is_empty());
}

#[test]
fn what_unpacks_to_more_than_its_size_allows_is_given_up_and_the_limit_named() {
    let long = "l".repeat(1000);
    // Names, some thousand megabytes of them.
    let all = names(3_000, 0, &long).repeat(300);
    let error = bounded("names", [head(), all, end()].concat()).expect_err("too much");
    assert!(matches!(error, OpenError::TooMuch { .. }), "{error}");
    assert!(error.to_string().contains("limit"), "{error}");
    // Threads, with nothing in them, and 16 boards.
    let all = names(0, 100_000, "").repeat(16);
    let error = bounded("threads", [head(), all, end()].concat()).expect_err("too much");
    assert!(error.to_string().contains("MiB of memory"), "{error}");
    // Rows of ticks, each looked at by every thread, second after second.
    let one = samples(0, &[], &[(2, 0)], 1, 200_000, &[(1, 1), (1, 1)]);
    let all = one.repeat(400);
    let error =
        bounded("seconds", [head(), names(1, 200_000, "l"), all, end()].concat()).expect_err("");
    assert!(error.to_string().contains("steps for this file"), "{error}");
}

#[test]
fn every_way_to_make_one_entry_look_at_all_threads_is_counted() {
    let threads = 20_000;
    let still = |at: u64| samples(at, &[], &[(2, 0)], 1, threads, &[(1, 2)]);
    // Each reading of a counted site asks every thread.
    let hits: Vec<_> = (0..100_000).map(|passes| (0, passes + 1)).collect();
    let hits = samples(5_000_000_000, &hits, &[(2, 0)], 1, threads, &[(1, 2)]);
    let begin = [head(), names(1, threads, "l"), still(0)].concat();
    let read = bounded("hits", [begin.clone(), hits, end()].concat());
    assert!(read.is_err_and(|error| error.to_string().contains("steps")));
    // Each stretch of time counts every thread: time that goes on and on, twice as far at each second.
    let mut far = begin.clone();
    for doubled in 0..62 {
        far.extend(still((1 << doubled) - 1));
    }
    let _ = bounded("far", [far, end()].concat());
    // Each other name counts a thread's samples anew.
    let mut stacks = vec![head(), names(20_000, 1, "l")];
    let runs: Vec<_> = (1..=20_000).map(|symbol| (symbol, 1)).collect();
    stacks.push(samples(0, &[], &[(20_000, 0)], 20_000, 1, &runs));
    let mut renamed = Vec::new();
    for _ in 0..10_000 {
        renamed.push(6);
        put(&mut renamed, 0);
        put_text(&mut renamed, "other");
    }
    stacks.push(chunk(b'D', &renamed));
    let read = bounded("names", stacks.concat());
    assert!(read.is_err_and(|error| error.to_string().contains("steps")));
}

#[test]
fn an_honest_recording_takes_a_tenth_of_what_is_allowed() {
    // Sixteen threads that are at another of 40 lines at each tick, for a minute.
    let mut writer = Writer::new(Vec::new());
    let mut put = |entry: Entry| writer.put(&entry).expect("written");
    put(Entry::Start { rate_mhz: 1_000_000, wall_ns: 0 });
    let text = |text: &str| Label::from(text);
    let (name, build, program) = (text("b"), text("x 1"), text("/bin/x"));
    put(Entry::Board(BoardInfo { name, pid: 1, instance: 1, build, program, built_ns: 0 }));
    for line in 0..40 {
        put(Entry::Site(SiteInfo {
            board: 0,
            file: text("src/a.rs"),
            line,
            column: 1,
            function: text("a::b"),
            label: text(&format!("line {line}")),
            class: Class::Work,
            scope: false,
            counted: true,
        }));
        put(Entry::Stack(vec![line]));
    }
    for tid in 0..16 {
        put(Entry::Thread { board: 0, tid, name: text("worker") });
    }
    let mut random = 1u64;
    for tick in 0..60_000 {
        for thread in 0..16 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            put(Entry::At { thread, stack: (random % 40) as u32 });
        }
        put(Entry::Ticks { at_ns: tick * 1_000_000, count: 1 });
    }
    put(Entry::End { duration_ns: 60_000_000_000, why: text("done") });
    let bytes = writer.into_inner();
    let size = bytes.len() as u64;
    let (taken, held, read) = count(bytes, By::Stack);
    assert!(read.expect("read").is_empty());
    assert!(taken * 10 <= steps(size) && held < 4 << 20, "{taken} steps, {held}, {size} bytes");
}

#[test]
fn a_file_of_zeros_is_cut_where_they_begin_whatever_its_size() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hole.rec");
    std::fs::write(&path, [head(), names(1, 1, "l")].concat()).expect("written");
    let file = std::fs::File::options().write(true).open(&path).expect("opened");
    file.set_len(5 << 30).expect("a hole");
    let recording = Recording::open(&path).expect("a head");
    let mut entries = Vec::new();
    let remarks = recording.read(&mut entries).expect("read");
    assert!(remarks[0].starts_with("it is cut: 53"), "{remarks:?}");
    assert_eq!(entries.len(), 5);
    assert!(recording.steps() < 1_000);
}
