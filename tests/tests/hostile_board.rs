//! Somebody who may overwrites the board, flips its texts, or locks its file: neither the daemon nor a reader minds.
#![expect(unsafe_code, reason = "the naive reader maps a file that changes")]
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use inspect::context::Look;
use inspect::open_board::OpenBoard;
use inspect::{State, Target};
use nix::fcntl::{FcntlArg, fcntl};
use tests::demo::Demo;
use tests::program::{self, Program};

/// Whether this user may write what nobody may.
fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        tests::build::skip("needs root to write to a board");
    }
    root
}

fn path(pid: u32) -> PathBuf {
    program::board(pid)["path"].as_str().expect("a path").into()
}

fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

fn seconds(otherwise: u64) -> Duration {
    let asked = std::env::var("SCRIBBLE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(otherwise))
}

/// Words everywhere, header and table of contents included, and now and then all of it; `SCRIBBLE_SECONDS=600` for
/// the figure. Three clients know what they must be told.
#[test]
fn a_board_that_is_overwritten_all_the_time_changes_no_answer() {
    if !is_root() {
        return;
    }
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("scribbled"), data.path(), &[]);
    let board = File::options().write(true).open(path(demo.child.id())).expect("root may");
    let bytes = board.metadata().expect("its size").len();
    let (over, answers, words) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let lasts = seconds(3);
    std::thread::scope(|scope| {
        for client in 0..3u64 {
            let (demo, over, answers) = (&demo, &over, &answers);
            scope.spawn(move || {
                let mut connection = demo.connect();
                let mut number = 0u64;
                while !over.load(Relaxed) {
                    number += 1;
                    let (key, value) = (format!("k{client}-{}", number % 50), format!("v{number}"));
                    assert_eq!(connection.ask(&["SET", &key, &value]), "+OK");
                    assert_eq!(connection.ask(&["GET", &key]), value);
                    let counter = format!("c{client}");
                    assert_eq!(connection.ask(&["INCR", &counter]), format!(":{number}"));
                    answers.fetch_add(3, Relaxed);
                }
            });
        }
        let start = Instant::now();
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        let mut all = vec![0u8; bytes as usize];
        while start.elapsed() < lasts {
            for _ in 0..2000 {
                let at = next(&mut seed) % (bytes / 8) * 8;
                // Half of them numbers that could be an index, a length, a state.
                let word = match next(&mut seed) % 4 {
                    0 => next(&mut seed) % 70_000,
                    1 => u64::MAX,
                    _ => next(&mut seed),
                };
                board.write_all_at(&word.to_ne_bytes(), at).expect("written");
            }
            words.fetch_add(2000, Relaxed);
            all.chunks_mut(8).for_each(|word| word.copy_from_slice(&next(&mut seed).to_ne_bytes()));
            board.write_all_at(&all, 0).expect("written");
        }
        over.store(true, Relaxed);
    });
    let (answers, words) = (answers.load(Relaxed), words.load(Relaxed));
    println!(
        "{answers} answers right, {words} words and the whole board {} times, {lasts:?}",
        words / 2000
    );
    assert!(answers > 100 && words > 2000);
    assert_eq!(demo.stop().0, Some(0));
}

/// A label that is text when it is checked and something else when it is used: a copy is checked, and used.
#[test]
fn labels_that_change_while_they_are_read_are_text_all_the_same() {
    const GOOD: &[u8] = b"in one job";
    const BAD: &[u8] = b"\xff\x1b]0;x\x07\xc3\x28";
    if !is_root() {
        return;
    }
    let name = program::name("flips");
    let (program, _) = Program::behave(&name, &["one-job"]);
    let path = path(program.pid());
    let bytes = std::fs::read(&path).expect("readable");
    let at = bytes.windows(GOOD.len()).position(|some| some == GOOD).expect("the label");
    let board = File::options().read(true).write(true).open(&path).expect("root may");
    let over = AtomicBool::new(false);
    let (mut good, mut other, mut naive, mut reads) = (0u64, 0u64, 0u64, 0u64);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                board.write_all_at(BAD, at as u64).expect("written");
                board.write_all_at(GOOD, at as u64).expect("written");
            }
        });
        // SAFETY: the naive reader's: memory that somebody else changes. Read by volatile loads alone.
        let map = unsafe { memmap2::Mmap::map(&board) }.expect("a map");
        let look = || -> Vec<u8> {
            let bytes = at..at + GOOD.len();
            // SAFETY: inside the map.
            bytes.map(|at| unsafe { std::ptr::read_volatile(&raw const map[at]) }).collect()
        };
        let start = Instant::now();
        let lasts = seconds(2);
        while start.elapsed() < lasts || naive == 0 && start.elapsed() < Duration::from_secs(60) {
            reads += 1;
            let is_text = std::str::from_utf8(&look()).is_ok();
            naive += u64::from(is_text && std::str::from_utf8(&look()).is_err());
            if reads % 500 != 0 {
                continue;
            }
            let mut open = inspect::open(&Target::Name(name.clone())).expect("a board").remove(0);
            let report = open.report().expect("a report");
            let label = report.threads.iter().find_map(|thread| thread.label.as_ref());
            let raw = label.map(|label| label.raw().to_owned()).unwrap_or_default();
            *(if raw.as_bytes() == GOOD { &mut good } else { &mut other }) += 1;
            let look = inspect::render::Look::at(100);
            let table = inspect::render::text::board(&report, &look);
            assert!(table.chars().all(|char| char == '\n' || !char.is_control()), "{table:?}");
        }
        over.store(true, Relaxed);
    });
    println!(
        "{} reports, {other} of them with the other text; the naive reader was wrong {naive} times of {reads}",
        good + other
    );
    assert!(good > 0 && other > 0 && naive > 0, "{good} {other} {naive}");
}

/// What a reader can lock it locks; the next daemon starts all the same, and this one is not alive by it.
#[test]
fn locks_of_others_neither_stop_a_daemon_nor_make_it_live() {
    let name = program::name("locked");
    let (mut program, _) = Program::behave(&name, &["one-job"]);
    let path = path(program.pid());
    let held = File::open(&path).expect("readable");
    // SAFETY: a descriptor of ours.
    let all = unsafe { libc::flock(held.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    assert_eq!(all, 0, "a reader can take this one, so it proves nothing");
    let mut lock = libc::flock {
        l_type: libc::F_RDLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    assert!(fcntl(&held, FcntlArg::F_OFD_SETLK(&lock)).is_err(), "the daemon holds it");
    let open = |path: &PathBuf| {
        let all = inspect::locate::scan(path.parent().expect("a folder"));
        let candidate = all.into_iter().find(|one| one.path == *path).expect("it is there");
        OpenBoard::open(candidate, Look::Verdict).expect("a board").context.state
    };
    assert_eq!(open(&path), State::Live);
    program.child.kill().expect("it lives");
    program.child.wait().expect("its end");
    lock.l_type = libc::F_RDLCK as libc::c_short;
    fcntl(&held, FcntlArg::F_OFD_SETLK(&lock)).expect("free now");
    assert_eq!(open(&path), State::Dead);
    let mut command = Command::new(program::debug("fixture-behave"));
    let mut second = Program::start(command.args([&name, "status"]), &name);
    assert!(second.until_ready()[0].starts_with("Board("));
}
