//! Forks in every form, and ends in every form: no child touches its parent's board, none is lost, and what is to be
//! known of an end is known.
#![expect(clippy::print_stdout, reason = "prints how many of how many")]

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tests::program::{self, Program, named};
use tests::{build, wait};

const SOON: Duration = Duration::from_secs(60);

fn hazards() -> PathBuf {
    program::debug("fixture-hazards")
}

/// A `fixture-hazards` that can be told to go on, and the first line that it says.
fn start(name: &str, what: &[&str]) -> (Program, String) {
    program::debug("inspect");
    let mut command = Command::new(hazards());
    let mut program = Program::talking(command.arg(name).args(what), name);
    let line = program.line();
    (program, line)
}

fn label(board: &Value) -> &str {
    board["threads"][0]["label"].as_str().unwrap_or_default()
}

/// A number that may be asked for by the environment.
fn asked(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// `FORKS=N` for more than two hundred.
#[test]
fn two_hundred_children_that_probe_leave_their_parent_alone() {
    let name = program::name("children");
    let count = asked("FORKS", 200);
    let (program, said) = start(&name, &["children", &count.to_string()]);
    assert!(said.starts_with("50 right Board("), "{said}");
    let board = program::board(program.pid());
    assert_eq!(board["state"], "live");
    assert_eq!(label(&board), "the parent's own line");
    assert_eq!(named(&board["counters"], "answered")["value"], 50);
    assert_eq!(board["reader"]["torn"], 0);
    // What children left was swept, but for a few.
    let output = program::inspect(&["list", "--json", "-n", &name]);
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(listed["boards"].as_array().is_some_and(|all| all.len() <= 13), "{listed:#}");
}

/// A parent and its child that waits, their boards, and what the child said of its operations' ids.
fn inherits() -> (Program, [Value; 2], String) {
    let (program, said) = start(&program::name("inherits"), &["inherits"]);
    let (child, ids) = said.split_once(' ').expect("the child's pid");
    let boards = [program.pid(), child.parse().expect("a pid")].map(program::board);
    (program, boards, ids.to_owned())
}

/// The child's board has its members where its parent's has its own, in the same generations.
#[test]
fn a_number_that_a_child_inherits_and_drops_takes_none_of_the_childs_away() {
    let (_program, [parent, child], _) = inherits();
    let rows = |board: &Value, table: &str| {
        let gauges = board["gauges"].as_array().expect("gauges").iter();
        let mut own = gauges.filter(|gauge| gauge["labels"]["table"] == table);
        own.next().map(|gauge| gauge["value"].clone())
    };
    assert_eq!((rows(&parent, "users"), rows(&parent, "orders")), (Some(12.into()), None));
    assert_eq!((rows(&child, "users"), rows(&child, "orders")), (None, Some(5.into())));
}

/// Nothing of what its parent has begun began on the child's board.
#[test]
fn a_guard_that_a_child_inherits_and_drops_ends_nothing_there() {
    let (_program, [parent, child], _) = inherits();
    let open = |board: &Value| named(&board["gauges"], "open")["value"].clone();
    let served = |board: &Value| {
        let items = named(&board["queues"], "items");
        [&items["starts"], &items["completions"]].map(Value::clone)
    };
    assert_eq!((open(&parent), served(&parent)), (3.into(), [1, 0].map(Value::from)));
    assert_eq!((open(&child), served(&child)), (0.into(), [0, 0].map(Value::from)));
    assert_eq!(child["lost"]["misuse"], 0);
}

/// Whoever keeps the id of an operation of the parent's, as a span does, finds none of the child's by it.
#[test]
fn ids_of_operations_go_on_in_a_child() {
    let (_program, _, ids) = inherits();
    assert_eq!(ids, "ids of its own");
}

#[test]
fn what_fails_in_a_child_is_counted_on_the_childs_board() {
    let (_program, [parent, child], _) = inherits();
    for (board, times) in [(parent, 2), (child, 3)] {
        let failed = named(&board["counters"], "op_ends");
        assert_eq!(
            (&failed["value"], &failed["labels"]["outcome"]),
            (&times.into(), &"error".into())
        );
    }
}

/// Seven before `init!`, and twenty on a thread without a slot: they go through the fork in memory.
#[test]
fn what_a_parent_counted_off_its_board_is_not_on_its_childs_as_well() {
    let (program, [_, child], _) = inherits();
    let seen = |board: &Value| named(&board["counters"], "seen")["value"].clone();
    // The keeper adds them up once a second, the child's as well as its parent's.
    wait::until("all of the parent's", SOON, || {
        (seen(&program::board(program.pid())) == 27).then_some(())
    });
    let pid = child["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a pid");
    assert_eq!(seen(&program::board(pid)), 1);
}

#[test]
fn a_child_that_is_forked_in_the_middle_of_init_has_nothing_of_the_board() {
    let (_program, said) = start(&program::name("beside"), &["forks-beside-init"]);
    assert!(said.starts_with("the child has its own memory: Board("), "{said}");
}

/// What the handler is for: a child that passes it by goes on in its parent's slot. The board stays one that is read, and
/// the parent's next probe puts it right.
#[test]
fn a_child_that_passes_the_handler_by_writes_its_parents_slot() {
    let name = program::name("bare");
    let (mut program, said) = start(&name, &["bare"]);
    assert_eq!(said, "50 right 0");
    let board = program::board(program.pid());
    assert_eq!((label(&board), board["state"].as_str()), ("the child's line", Some("live")));
    assert_eq!(named(&board["counters"], "answered")["value"], 50);
    let mut stdin = program.child.stdin.take().expect("piped");
    stdin.write_all(b"x").expect("a byte");
    assert_eq!(program.line(), "50 right 0");
    let board = program::board(program.pid());
    assert_eq!((label(&board), board["reader"]["torn"].as_u64()), ("all is answered", Some(0)));
    assert_eq!(named(&board["counters"], "answered")["value"], 100);
}

#[test]
fn vfork_and_exec_change_nothing() {
    let name = program::name("spawns");
    let (program, said) = start(&name, &["spawns", "100"]);
    assert_eq!(said, "50 right");
    let board = program::board(program.pid());
    assert_eq!((label(&board), board["state"].as_str()), ("all is answered", Some("live")));
    assert_eq!(named(&board["counters"], "answered")["value"], 50);
}

#[test]
fn a_daemon_that_daemonises_has_a_live_board_before_or_after() {
    program::debug("inspect");
    for when in ["before", "after"] {
        let name = program::name("daemonised");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("said");
        let mut command = Command::new(hazards());
        let path = file.to_str().expect("UTF-8");
        let status = command.args([&name, "daemonises", when, path]).status().expect("it runs");
        assert!(status.success(), "{when}: {status:?}");
        let said = wait::until("the daemon", SOON, || std::fs::read_to_string(&file).ok());
        let pid: u32 = said.split(' ').next().and_then(|pid| pid.parse().ok()).expect("a pid");
        assert!(said.ends_with(" 50 right"), "{when}: {said}");
        let board = program::board(pid);
        let answered = named(&board["counters"], "answered")["value"].clone();
        let state = board["state"].clone();
        // It is nobody's child here.
        let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        program::remove_boards(&name);
        assert_eq!(state, "live", "{when}: {}", board["verdict"]);
        assert!(answered == 50 || answered == 55, "{when}: {answered}");
    }
}

/// `PREFORK_ROUNDS=1000` for the figure.
#[test]
fn prefork_children_have_a_board_each_and_a_killed_one_is_told_apart() {
    let name = program::name("prefork");
    let (program, said) = start(&name, &["prefork", "4"]);
    assert_eq!(said, "4 children");
    let living = || -> Option<Vec<u32>> {
        let output = program::inspect(&["list", "--json", "-n", &name]);
        let listed: Value = serde_json::from_slice(&output.stdout).ok()?;
        let rows = listed["boards"].as_array()?.iter().filter(|row| row["state"] == "live");
        let pids: Vec<u32> =
            rows.filter_map(|row| row["pid"].as_u64()).map(|pid| pid as u32).collect();
        // The parent and its four.
        (pids.len() == 5 && pids.contains(&program.pid())).then_some(pids)
    };
    let mut victim = 0;
    for round in 0..asked("PREFORK_ROUNDS", 12) {
        let pids =
            wait::until("five boards", SOON, || living().filter(|pids| !pids.contains(&victim)));
        let children: Vec<u32> = pids.into_iter().filter(|pid| *pid != program.pid()).collect();
        victim = children[round as usize % children.len()];
        kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL).expect("it lives");
        wait::until("its verdict", SOON, || {
            let output = program::inspect(&["list", "--json", "-p", &victim.to_string()]);
            let listed: Value = serde_json::from_slice(&output.stdout).ok()?;
            // Swept by the next of its name, or dead: never anything else.
            let rows = listed["boards"].as_array().map_or(0, Vec::len);
            (rows == 0 || listed["boards"][0]["state"] == "dead").then_some(())
        });
    }
}

/// A program that becomes itself by exec keeps pid and start time: each image has its own board, of the same process, and
/// the last one's is the one that lives. `EXECS=1000` for the figure.
#[test]
fn who_becomes_itself_again_and_again_has_one_board_that_lives() {
    let name = program::name("execs");
    let count = asked("EXECS", 30);
    let (program, said) = start(&name, &["execs", &count.to_string(), "0"]);
    let (right, rest) = said.split_once(" right ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(right.parse(), Ok((count + 1) * 10), "{said}");
    let held: u64 = rest.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    assert!(held < 16, "an image leaves descriptors to the next: {said}");
    let output = program::inspect(&["list", "--json", "-n", &name]);
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = listed["boards"].as_array().expect("boards");
    let (live, dead): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row["state"] == "live");
    assert!(dead.iter().all(|row| row["verdict"] == "dead: replaced by exec"), "{listed:#}");
    // The few dead ones of a name that stay.
    assert!(live.len() == 1 && dead.len() <= 3, "{listed:#}");
    let board = program::board(program.pid());
    assert_eq!(named(&board["counters"], "answered")["value"], 10, "of the last image alone");
    println!("{count} execs: {right} right");
}

/// `STORM=1000000` for the figure.
#[test]
fn children_that_end_at_once_leave_their_parent_alone() {
    let name = program::name("storm");
    let count = asked("STORM", 1500);
    let (program, said) = start(&name, &["storm", &count.to_string()]);
    assert!(said.starts_with(&format!("50 right {count} children ")), "{said}");
    let board = program::board(program.pid());
    assert_eq!((label(&board), board["state"].as_str()), ("the parent's own line", Some("live")));
    assert_eq!(named(&board["counters"], "answered")["value"], 50);
    assert_eq!(board["reader"]["torn"], 0);
    println!("{count} forks: {said}");
}

/// How a panic ended, and what its board says.
fn panicked(program: &Path, how: &str) -> (std::process::ExitStatus, Option<Value>) {
    let name = program::name("panics");
    let mut command = Command::new(program);
    let command = command.args([&name, "panics", how]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut said = String::new();
    let _ = child.stderr.take().expect("piped").read_to_string(&mut said);
    let status = child.wait().expect("its end");
    let output = program::inspect(&["--json", "-n", &name]);
    let document: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    program::remove_boards(&name);
    (status, document.map(|document| document["boards"][0].clone()))
}

#[test]
fn every_form_of_a_panic_leaves_what_is_to_be_known() {
    const ABORT: i32 = libc::SIGABRT;
    // Exit code or signal, words of the panic, label of the main thread's last line.
    for (how, code, signal, words, last) in [
        ("main", Some(101), None, "in main at", "about to panic"),
        ("thread", Some(7), None, "'fatal' panicked", "about to panic"),
        ("caught", Some(8), None, "and caught", "after it was caught"),
        ("drop", Some(101), None, "in a drop: on its own", "about to panic"),
        ("double", None, Some(ABORT), "in a drop: the second", "about to panic"),
        ("cannot-unwind", None, Some(ABORT), "where nothing unwinds", "about to panic"),
        ("not-text", Some(101), None, "(not text)", "about to panic"),
        ("exit", Some(9), None, "", "about to panic"),
        ("abort", None, Some(ABORT), "", "about to panic"),
        ("forget", Some(10), None, "", "that is forgotten"),
    ] {
        let (status, board) = panicked(&hazards(), how);
        assert_eq!((status.code(), status.signal()), (code, signal), "{how}");
        let board = board.unwrap_or_else(|| panic!("{how}: no board"));
        assert_eq!(board["state"], "dead", "{how}");
        let end = &board["end"];
        assert_eq!(end["exit_code"].as_i64(), code.map(i64::from), "{how}: {end}");
        let panic = end["panic"].as_str().unwrap_or_default();
        let told = words.split(" at").next().unwrap_or_default();
        assert!(panic.contains(told) && panic.is_empty() == words.is_empty(), "{how}: {panic:?}");
        let main = board["threads"].as_array().expect("threads").iter();
        let main = main.clone().find(|thread| thread["tid"] == board["pid"]).expect("main");
        let ran = matches!(how, "main" | "thread" | "caught" | "drop" | "not-text");
        // Who unwinds leaves its scopes, and its line with them.
        assert!(main["label"] == last || ran, "{how}: {}", main["label"]);
        // What ran no destructor is in flight for ever; what was unwound is not.
        let kinds: Vec<&str> = board["ops"]
            .as_array()
            .expect("ops")
            .iter()
            .filter_map(|op| op["kind"].as_str())
            .collect();
        let jobs = kinds.iter().filter(|kind| **kind == "job").count();
        assert_eq!(jobs, usize::from(how == "forget"), "{how}: {kinds:?}");
        assert_eq!(kinds.contains(&"request"), !ran, "{how}: {kinds:?}");
    }
}

/// A program that is built with `panic = "abort"` unwinds nothing: whatever the panic, its words are on the board, and the
/// last line and the operation stand there as they were.
#[test]
fn a_program_that_aborts_at_a_panic_leaves_its_words_and_its_last_line() {
    let aborting = build::aborting("fixture-hazards", "fixture-hazards");
    for (how, words) in [
        ("main", "in main"),
        ("thread", "'fatal' panicked"),
        ("caught", "and caught"),
        ("drop", "in a drop: on its own"),
        // The first one is the last: nothing is dropped any more.
        ("double", "the first"),
        ("cannot-unwind", "where nothing unwinds"),
        ("not-text", "(not text)"),
    ] {
        let (status, board) = panicked(&aborting, how);
        assert_eq!((status.code(), status.signal()), (None, Some(libc::SIGABRT)), "{how}");
        let board = board.unwrap_or_else(|| panic!("{how}: no board"));
        assert_eq!((&board["state"], board["reader"]["torn"].as_u64()), (&"dead".into(), Some(0)));
        let said = board["end"]["panic"].as_str().unwrap_or_default();
        assert!(said.contains(words) && !said.contains("second"), "{how}: {said}");
        assert!(board["end"]["exit_code"].is_null(), "{how}: {}", board["end"]);
        let threads = board["threads"].as_array().expect("threads");
        let main = threads.iter().find(|thread| thread["tid"] == board["pid"]).expect("main");
        let last = if how == "caught" { "inside" } else { "about to panic" };
        assert_eq!(main["label"], last, "{how}");
        let ops = board["ops"].as_array().expect("ops");
        let in_flight = |kind: &str| ops.iter().any(|op| op["kind"] == kind);
        assert!(in_flight("request"), "{how}: {ops:?}");
        assert_eq!(in_flight("job"), matches!(how, "thread" | "caught"), "{how}: {ops:?}");
    }
}
