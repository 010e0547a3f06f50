//! Claims about boards in files that change while they are read, and about their writers' lives. The
//! writer is this very process: its pid and start time stand on the boards.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{Synth, sample};
use inspect::context::Look;
use inspect::liveness::Proof;
use inspect::locate::{self, Target};
use inspect::open_board::{Found, OpenBoard};
use inspect::{OpenError, State, proc};
use nix::fcntl::{FcntlArg, fcntl};
use probe::layout::{SLOT_CLAIMING, SLOT_LIVE, SectionKind, pack};

/// Boards live in memory, where truncating them takes their pages away at once.
fn dir() -> tempfile::TempDir {
    let shm = Path::new("/dev/shm");
    if shm.is_dir() { tempfile::tempdir_in(shm).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// The sample board as this process's own.
fn ours() -> Synth {
    let me = proc::process(std::process::id()).unwrap();
    let boot = proc::boot_id().unwrap();
    let mut board = sample();
    let half = |range: std::ops::Range<usize>| u64::from_be_bytes(boot[range].try_into().unwrap());
    board.put(0x38, &[u64::from(me.pid), me.start]);
    board.put(0x60, &[half(0..8), half(8..16), proc::namespace(None, "pid").unwrap(), 0]);
    board
}

/// Writes a board's file, and maps it for good as its writer does; the name is a board's.
fn write(dir: &Path, words: &[u64]) -> (PathBuf, File) {
    let (path, file) = write_alone(dir, words);
    std::mem::forget(map(&file));
    (path, file)
}

/// Only writes the file: this process is there then, and the board is not in it.
fn write_alone(dir: &Path, words: &[u64]) -> (PathBuf, File) {
    let path = dir.join(format!("recordd.{}.{}", words[0x38 / 8], words[0x40 / 8]));
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).mode(0o600).open(&path);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let file = file.unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    (path, file)
}

/// Maps the file as its writer does, for as long as the answer lives.
fn map(file: &File) -> memmap2::MmapRaw {
    memmap2::MmapOptions::new().map_raw(file).unwrap()
}

/// Takes the writer's lock.
fn lock(file: &File) {
    let lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&lock)).unwrap();
}

fn found(dir: &Path) -> Vec<locate::Candidate> {
    locate::scan(dir)
}

fn open(dir: &Path) -> OpenBoard {
    OpenBoard::open(found(dir).remove(0), Look::All).unwrap()
}

#[test]
fn lock_pid_and_start_time_decide_together() {
    let dir = dir();
    let (path, file) = write_alone(dir.path(), &ours().finish());
    // This process is there, and the board is not in it: as after an exec.
    let board = open(dir.path());
    assert_eq!(board.context.verdict, "dead: replaced by exec");
    assert_eq!(board.context.proof, Proof::Death);
    let mapped = map(&file);
    assert_eq!(open(dir.path()).context.verdict, "live, its lock is lost");
    lock(&file);
    let board = open(dir.path());
    assert_eq!((board.context.state, board.context.verdict.as_str()), (State::Live, "live"));
    assert!(board.context.vitals.is_some() && board.context.tasks.is_some());
    drop(mapped);
    let board = open(dir.path());
    assert_eq!(board.context.verdict, "dead: replaced by exec; a child still holds its lock");
    assert_eq!(board.context.proof, Proof::Nothing);
    // The same pid with another start time is another process.
    file.write_all_at(&1u64.to_ne_bytes(), 0x40).unwrap();
    assert_eq!(open(dir.path()).context.verdict, "dead; a child still holds its lock");
    drop(file);
    assert_eq!(open(dir.path()).context.state, State::Dead);
    // Of another boot, and of a pid that no process can have.
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&1u64.to_ne_bytes(), 0x60).unwrap();
    file.write_all_at(&u64::MAX.to_ne_bytes(), 0x38).unwrap();
    let verdict = open(dir.path()).context.verdict;
    assert!(verdict.starts_with("dead; written before the machine was last started"), "{verdict}");
    // A lock does not outlive a boot: somebody holds it now.
    lock(&file);
    assert_eq!(open(dir.path()).context.state, State::Unreachable);
}

/// Beats once: the other copy of the pulse, and its number.
fn beat(board: &Synth, file: &File, number: u64) {
    let at = board.at(SectionKind::Pulse, 0) as u64;
    file.write_all_at(&number.to_ne_bytes(), at).unwrap();
}

#[test]
fn a_heartbeat_that_moves_is_alive_though_its_pid_is_gone_and_its_lock_free() {
    let dir = dir();
    let board = ours();
    let (_, file) = write_alone(dir.path(), &ours().finish());
    // Of another boot, and another start time: dead by every other witness.
    file.write_all_at(&1u64.to_ne_bytes(), 0x40).unwrap();
    file.write_all_at(&1u64.to_ne_bytes(), 0x60).unwrap();
    assert_eq!(open(dir.path()).context.state, State::Dead);
    let mut attached = open(dir.path());
    beat(&board, &file, 9);
    attached.look(Look::Verdict);
    assert_eq!(attached.context.verdict, "live, its lock is lost");
    assert_eq!(attached.context.proof, Proof::Life);
    lock(&file);
    beat(&board, &file, 10);
    attached.look(Look::Verdict);
    let verdict = &attached.context.verdict;
    assert!(verdict.starts_with("live by its lock and its heartbeat"), "{verdict}");
}

#[test]
fn a_reader_takes_no_lock_and_changes_no_byte() {
    let dir = dir();
    let (path, file) = write(dir.path(), &ours().finish());
    let before = std::fs::read(&path).unwrap();
    let mut board = open(dir.path());
    board.report().unwrap();
    lock(&file);
    assert!(before == std::fs::read(&path).unwrap());
}

#[test]
fn a_board_that_shrinks_while_it_is_read_is_named_and_kills_nobody() {
    let dir = dir();
    let words = ours().finish();
    let (_, file) = write(dir.path(), &words);
    lock(&file);
    let whole = words.len() as u64 * 8;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let done = AtomicBool::new(false);
    let readings = AtomicU64::new(0);
    let (mut good, mut cut) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut size = 0;
            while !done.load(Ordering::Relaxed) {
                // Of four readings two find the board cut again and again, and whole in between; the last finds it whole.
                if readings.load(Ordering::Relaxed) % 4 >= 2 {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                size = (size * 31 + 40_961) % whole;
                file.set_len(size).unwrap();
                std::thread::yield_now();
                file.write_all_at(&bytes, 0).unwrap();
            }
        });
        for _ in 0..1_000_000 {
            let candidate = found(dir.path()).remove(0);
            match OpenBoard::open(candidate, Look::Verdict).and_then(|mut board| board.report()) {
                Ok(_) => good += 1,
                Err(OpenError::Truncated { .. }) => cut += 1,
                Err(OpenError::NotABoard { .. }) => {}
                Err(other) => panic!("{other}"),
            }
            readings.fetch_add(1, Ordering::Relaxed);
            if good > 20 && cut > 60 {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(good > 20 && cut > 60, "{good} good, {cut} cut");
}

#[test]
fn no_name_is_ever_paired_with_another_threads_line() {
    let dir = dir();
    let mut board = ours();
    let slot = board.at(SectionKind::Slots, 4);
    let block = board.at(SectionKind::Frames, 4) + probe::layout::BLOCK_BYTES;
    board.thread(4, "thread-0", &[[0, 0x5000, 0, 0]]);
    let (_, file) = write(dir.path(), &board.finish());
    lock(&file);
    let done = AtomicBool::new(false);
    let mut seen = [0u64; 2];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let put = |at: usize, word: u64| {
                file.write_all_at(&word.to_ne_bytes(), at as u64).unwrap();
            };
            let mut generation = 6u64;
            while !done.load(Ordering::Relaxed) {
                generation += 1;
                let who = generation % 2;
                put(slot, generation << 8 | SLOT_CLAIMING);
                let mut name = [0; 2];
                pack(&format!("thread-{who}"), &mut name);
                put(slot + 0x10, name[0]);
                put(slot + 0x18, name[1]);
                // Thread 0 is at the site of line 10, thread 1 at that of line 12.
                put(block + 32 + 8, 0x5000 + 8 * who);
                put(slot, generation << 8 | SLOT_LIVE);
                if generation.is_multiple_of(65) {
                    // Who never rests is seen by chance alone, and by less of it the more is at work beside. Each of
                    // the two in turn.
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        for turn in 0..1_000_000 {
            let mut board = open(dir.path());
            for _ in 0..20 {
                let report = board.report().unwrap();
                for thread in report.threads.iter().filter(|one| one.tid == 104) {
                    let who = usize::from(thread.name.raw() == "thread-1");
                    assert_eq!(thread.line, Some([10, 12][who]), "{:?}", thread.name);
                    seen[who] += 1;
                }
            }
            if turn >= 20 && seen.iter().all(|&count| count > 20) {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_saved_board_reads_as_it_was_seen() {
    let dir = dir();
    let (_, file) = write(dir.path(), &ours().finish());
    lock(&file);
    let board = open(dir.path());
    let mut context = board.context.clone();
    context.saved_wall_ns = Some(context.moment.wall_ns);
    let path = dir.path().join("saved");
    let mut out = File::create(&path).unwrap();
    let bytes = inspect::saved::write(&mut out, &board.board, &context).unwrap();
    // Byte for byte.
    let whole = std::fs::read(&board.candidate.path).unwrap();
    let kept = std::fs::read(&path).unwrap();
    assert_eq!((bytes, &kept[kept.len() - whole.len()..]), (whole.len() as u64, &whole[..]));
    drop(file);
    std::fs::remove_file(&board.candidate.path).unwrap();
    let mut saved = inspect::open(&Target::File(path.clone())).unwrap().remove(0);
    assert_eq!(saved.context, context);
    let report = saved.report().unwrap();
    assert_eq!(report.state, State::Live);
    assert!(report.saved_at.is_some());
    // Cut anywhere, it is refused with a reason, not shown in part.
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 8, 31, 32, 100, 2000, bytes.len() / 2, bytes.len() - 8] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = inspect::open(&Target::File(path.clone())).unwrap_err();
        assert_eq!(error.exit_code(), 5, "{length}: {error}");
    }
}

#[test]
fn one_bad_file_never_hides_the_good_ones() {
    let dir = dir();
    let (_, file) = write(dir.path(), &ours().finish());
    lock(&file);
    let bad = |name: &str| dir.path().join(name);
    std::fs::write(bad("empty.1.1"), b"").unwrap();
    nix::unistd::mkfifo(&bad("pipe.2.2"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", bad("link.3.3")).unwrap();
    std::fs::write(bad("once.4.4"), b"x").unwrap();
    std::fs::hard_link(bad("once.4.4"), bad("twice.4.4")).unwrap();
    std::fs::create_dir(bad("folder.5.5")).unwrap();
    let huge = File::create(bad("huge.6.6")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let found = Found::open(found(dir.path()), Look::Verdict);
    assert_eq!(found.boards.len(), 1);
    assert_eq!(found.failed.len(), 7);
    for (candidate, error) in &found.failed {
        assert_eq!(error.exit_code(), 5, "{candidate:?}: {error}");
    }
    // Looking at a sparse file takes no memory.
    assert_eq!(std::os::unix::fs::MetadataExt::blocks(&huge.metadata().unwrap()), 0);
}

#[test]
fn files_that_others_may_have_written_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = dir();
    let (path, _file) = write(dir.path(), &ours().finish());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let found = Found::open(found(dir.path()), Look::Verdict);
    assert!(matches!(found.failed[0].1, OpenError::Refused { .. }));
}

/// Runs a command line; the exit code, and what went to stdout and stderr.
fn run(words: &[&str]) -> (u8, String, String) {
    use clap::Parser;
    let cli = inspect::cli::args::Cli::try_parse_from(["inspect"].iter().chain(words)).unwrap();
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    let result = inspect::cli::run(&cli, &mut out, &mut remarks);
    let (code, text) =
        result.map_or_else(|failure| (failure.code, failure.text), |()| (0, "".into()));
    (code, String::from_utf8(out).unwrap(), String::from_utf8(remarks).unwrap() + &text)
}

#[test]
fn the_command_line_reads_files_and_says_by_its_code_what_was_wrong() {
    let dir = dir();
    let (path, file) = write(dir.path(), &ours().finish());
    lock(&file);
    let path = path.to_str().unwrap();
    let (code, table, _) = run(&["-f", path]);
    assert_eq!(code, 0);
    assert!(table.starts_with("recordd  pid ") && table.contains("held by holder"), "{table}");
    let saved = dir.path().join("saved");
    let saved = saved.to_str().unwrap();
    assert_eq!(run(&["dump", path, "-o", saved]).0, 0);
    let (code, _, text) = run(&["dump", path, "-o", saved]);
    assert!(code == 1 && text.contains("name a new file"), "{text}");
    let (code, json, _) = run(&[saved, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &document["boards"][0]["state"]), (0, &"live".into()));
    let (code, _, text) = run(&["-f", "/dev/null"]);
    assert!(code == 5 && text.contains("regular file"), "{text}");
    assert_eq!(run(&["-f", "/no/such/file"]).0, 3);
    assert_eq!(run(&["-n", "no-such-board-anywhere"]).0, 3);
    assert_eq!(run(&["a", "-p", "1"]).0, 2);
    assert!(run(&["completions", "bash"]).1.contains("_inspect"));
    assert!(run(&["man"]).1.contains(".TH inspect 1"));
}
