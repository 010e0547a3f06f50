//! More threads than slots: who rests, or leaves its last scope, makes room; who works is seen.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::wait;

fn look(name: &str) -> Value {
    program::boards(&["-n", name]).remove(0)
}

fn threads<'a>(board: &'a Value, prefix: &str) -> Vec<&'a Value> {
    let all = board["threads"].as_array().expect("threads").iter();
    all.filter(|thread| thread["name"].as_str().unwrap_or_default().starts_with(prefix)).collect()
}

fn total(board: &Value, counter: &str) -> u64 {
    let mut all = board["counters"].as_array().expect("counters").iter();
    let counter = all.find(|one| one["name"] == counter).expect("the counter");
    counter["value"].as_u64().expect("a number")
}

/// Of 3,000 threads that worked once and rest, and 16 slots left by them at the least, those that work are
/// seen; and nothing that anybody counted is missing.
#[test]
fn those_at_work_are_seen_among_thousands_that_rest() {
    let name = program::name("pool");
    let (_program, _) = Program::behave(&name, &["pool", "3000"]);
    let board =
        wait::until("a busy thread in each slot that was left", Duration::from_secs(30), || {
            let board = look(&name);
            (threads(&board, "busy-").len() >= 16).then_some(board)
        });
    for thread in threads(&board, "busy-") {
        assert_eq!(thread["label"], "hard at work");
    }
    // No more than three quarters of the table are held by those that rest.
    assert!(threads(&board, "pool-").len() <= 48, "{}", threads(&board, "pool-").len());
    // The keeper adds up once a second what was counted without a slot.
    wait::until("every turn", Duration::from_secs(10), || {
        (total(&look(&name), "turns") == 3000).then_some(())
    });
}

#[test]
fn a_thread_that_came_to_a_full_table_is_seen_when_there_is_room() {
    let name = program::name("late");
    let mut command = Command::new(program::debug("fixture-behave"));
    command.args([&name, "late"]);
    let mut program = Program::talking(&mut command, &name);
    program.until_ready();
    let full = look(&name);
    assert!(threads(&full, "committer").is_empty());
    assert_eq!(full["capacity"]["threads"]["used"], 64);
    let mut stdin = program.child.stdin.take().expect("piped");
    stdin.write_all(b"go on\n").expect("a line");
    let board = wait::until("the committer", Duration::from_secs(20), || {
        let board = look(&name);
        (!threads(&board, "committer").is_empty()).then_some(board)
    });
    assert_eq!(threads(&board, "committer")[0]["label"], "commit");
}

/// Threads that give back and take over slots all of the time: every count arrives, no scope is left open
/// or put right, no job or operation is ended twice.
#[test]
fn counts_scopes_jobs_and_operations_survive_the_change_of_slots() {
    let name = program::name("handover-churn");
    let (_program, _) = Program::behave(&name, &["handover-churn", "24", "4000"]);
    let board = wait::until("every turn", Duration::from_secs(20), || {
        let board = look(&name);
        let truth = board["gauges"].as_array()?.iter().find(|gauge| gauge["name"] == "truth")?;
        (Some(total(&board, "turns")) == truth["value"].as_u64()).then_some(board)
    });
    for (what, lost) in board["lost"].as_object().expect("lost") {
        // Threads and operations may have found no room; the fixture has more histograms than windows.
        if !["threads", "ops", "windows"].contains(&what.as_str()) {
            assert_eq!(lost, 0, "{what}");
        }
    }
    for thread in board["threads"].as_array().expect("threads") {
        assert_eq!(thread["label"], "all done", "{thread}");
        assert_eq!(thread["stack"].as_array().map(Vec::len), Some(1));
    }
    assert!(board["ops"].as_array().expect("operations").is_empty());
}
