//! What is known of an end.

use std::process::Command;
use std::time::Duration;

use tests::program::{self, Program};
use tests::wait;

/// A program of that name ran to its end; its board afterwards.
fn ended(what: &[&str], environment: &[(&str, &str)]) -> (String, Option<serde_json::Value>) {
    let name = program::name("end");
    let mut command = Command::new(program::debug("fixture-behave"));
    let output = command.arg(&name).args(what).envs(environment.iter().copied()).output();
    drop(output.expect("fixture-behave"));
    let output = program::inspect(&["--json", "-n", &name]);
    let board = match output.status.code() {
        Some(0) => {
            let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            Some(document["boards"][0].clone())
        }
        Some(3) => None,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
    };
    (name, board)
}

#[test]
fn a_clean_exit_leaves_nothing_unless_asked_to() {
    let (_, board) = ended(&["exit", "0"], &[]);
    assert!(board.is_none(), "{board:?}");

    let (name, board) = ended(&["exit", "0"], &[("PROBE_KEEP", "1")]);
    let board = board.expect("a kept board");
    assert_eq!((&board["end"]["clean"], &board["end"]["exit_code"]), (&true.into(), &0.into()));
    assert_eq!(board["threads"][0]["label"], "about to exit");
    program::remove_boards(&name);
}

#[test]
fn a_failed_exit_leaves_its_code() {
    let (name, board) = ended(&["exit", "7"], &[]);
    let board = board.expect("a board");
    assert_eq!(board["state"], "dead");
    assert_eq!((&board["end"]["clean"], &board["end"]["exit_code"]), (&false.into(), &7.into()));
    program::remove_boards(&name);
}

#[test]
fn a_panic_leaves_its_words_and_place() {
    let (name, board) = ended(&["panic"], &[]);
    let board = board.expect("a board");
    let panic = board["end"]["panic"].as_str().expect("a panic's words");
    assert!(panic.contains("the well is dry") && panic.contains("ends.rs:"), "{panic}");
    assert_eq!(board["end"]["exit_code"], 101);
    assert!(board["last_panic"]["age_ns"].as_u64() < Some(5_000_000_000), "{board}");
    assert_eq!(board["threads"][0]["label"], "about to panic");
    program::remove_boards(&name);
}

#[test]
fn who_is_killed_or_aborts_leaves_the_last_line_and_no_end() {
    let (name, board) = ended(&["abort"], &[]);
    let board = board.expect("a board");
    assert!(board["end"].is_null() || board["end"]["exit_code"].is_null(), "{:#}", board["end"]);
    assert_eq!(board["threads"][0]["label"], "about to abort");
    program::remove_boards(&name);

    let name = program::name("killed");
    let (mut program, _) = Program::behave(&name, &["one-job"]);
    program.kill();
    let board = &program::boards(&["-n", &name])[0];
    assert_eq!(board["state"], "dead");
    assert!(board["verdict"].as_str().is_some_and(|verdict| verdict.contains("killed")));
    assert_eq!(board["threads"][0]["label"], "in one job");
}

/// A panic that was caught is shown while the process lives, with its age; who is killed long after it did not end of it.
#[test]
fn a_panic_that_was_caught_is_not_what_a_process_ends_of() {
    let name = program::name("caught");
    let (mut program, _) = Program::behave(&name, &["ails", "panics"]);
    let last = wait::until("ten seconds after it", Duration::from_secs(60), || {
        let board = program::board(program.pid());
        assert_eq!((&board["panics"], &board["end"]), (&1.into(), &serde_json::Value::Null));
        let last = board["last_panic"].clone();
        (last["age_ns"].as_u64() > Some(10_100_000_000)).then_some(last)
    });
    assert!(last["text"].as_str().is_some_and(|text| text.contains("of the fixture")), "{last}");
    assert_eq!(
        &last["tid"],
        &program::named(&program::board(program.pid())["threads"], "worker")["tid"]
    );
    program.kill();
    let board = &program::boards(&["-n", &name])[0];
    let verdict = board["verdict"].as_str().expect("words");
    assert!(verdict.contains("killed (no end recorded"), "{verdict}");
    assert!(verdict.contains("its last panic was 10."), "{verdict}");
    assert_eq!(board["end"]["at"], board["ended_at"], "{board}");
    assert_eq!(board["last_panic"]["text"], last["text"]);
}

#[test]
fn of_a_series_of_short_lives_the_first_and_the_newest_stay() {
    let name = program::name("crash-loop");
    let mut first = None;
    for round in 0..30 {
        let mut command = Command::new(program::debug("fixture-behave"));
        let status = command.args([&name, "exit", "9"]).status().expect("fixture-behave");
        assert_eq!(status.code(), Some(9));
        let boards = std::fs::read_dir("/dev/shm").expect("shared memory").flatten();
        let prefix = format!("{name}.");
        let left = boards.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        // The first, the newest before it, and the one that has just died.
        assert_eq!(left.len(), (round + 1).min(3), "after {} runs", round + 1);
        first = first.or_else(|| left.first().cloned());
        assert!(first.as_ref().is_some_and(|first| left.contains(first)), "{first:?} {left:?}");
    }
    program::remove_boards(&name);
}
