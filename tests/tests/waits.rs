//! Who waits for whom, of programs whose waits are known.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::wait;

/// A `fixture-locks` that has said it is ready.
fn locks(name: &str, what: &[&str]) -> Program {
    let mut command = Command::new(program::debug("fixture-locks", "fixture-locks"));
    let mut program = Program::start(command.arg(name).args(what), name);
    program.until_ready();
    program
}

/// What `inspect waits --json` says.
fn waits(name: &str, more: &[&str]) -> Value {
    program::document(&[&["waits", "-n", name], more].concat())
}

fn until(name: &str, what: &str, found: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, Duration::from_secs(20), || Some(waits(name, &[])).filter(&found))
}

/// Thread, what it waits for, thread that holds it, of each wait.
fn edges(edges: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut all: Vec<_> = edges
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| {
            let name = text(&edge["for"]["name"]);
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            (text(&edge["waiter"]["thread"]), name, text(&edge["held_by"][0]["thread"]))
        })
        .collect();
    all.sort();
    all
}

fn triple(a: &str, b: &str, c: &str) -> (String, String, String) {
    (a.to_owned(), b.to_owned(), c.to_owned())
}

#[test]
fn two_who_wait_for_each_other_are_a_deadlock_also_of_the_dead() {
    let name = program::name("abba");
    let mut program = locks(&name, &["abba"]);
    let found = until(&name, "a deadlock", |waits| waits["cycles"][0].is_object());
    let members = &found["cycles"][0]["members"];
    let said = edges(members);
    assert_eq!(said[1], triple("second", "index", "first"));
    assert_eq!((said[0].0.as_str(), said[0].2.as_str()), ("first", "second"));
    assert!(said[0].1.starts_with("mutexes.rs:"), "by the place of its construction: {said:?}");
    for member in members.as_array().expect("members") {
        assert_eq!(member["confirmed"], true);
        assert!(member["waiter"]["line"].as_u64() > Some(10), "{member}");
        assert_eq!(member["for"]["mode"], "exclusive");
    }
    assert_eq!(found["looks"], 2);

    let check = program::inspect(&["check", "-n", &name, "--deadlock"]);
    let line = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(2), "{line}");
    assert!(line.contains("deadlock for "), "{line}");
    assert!(line.contains("first, second") || line.contains("second, first"), "{line}");
    let table = program::inspect(&["-n", &name]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.lines().nth(1).is_some_and(|line| line.starts_with("deadlock for")), "{table}");
    assert!(table.contains("held by second"), "{table}");

    program.kill();
    let dead = wait::until("its end", Duration::from_secs(10), || {
        Some(waits(&name, &[])).filter(|waits| waits["looks"] == 1)
    });
    assert_eq!(edges(&dead["cycles"][0]["members"]), said, "the dead wait as they did");
}

#[test]
fn a_chain_goes_from_the_victim_to_the_last_one_who_could_act() {
    let name = program::name("chain");
    let _program = locks(&name, &["chain"]);
    let found = until(&name, "the chain", |waits| {
        waits["chains"][0]["edges"].as_array().is_some_and(|edges| edges.len() == 3)
    });
    assert_eq!(found["cycles"].as_array().map(Vec::len), Some(0));
    let chain = &found["chains"][0];
    let names: Vec<_> = (0..3).map(|at| chain["edges"][at]["waiter"]["thread"].clone()).collect();
    assert_eq!(names, ["client", "indexer", "disk-io"], "{chain:#}");
    assert_eq!(chain["end"], "outside");
    assert_eq!(chain["edges"][2]["for"]["name"], "disk");
    assert!(chain["behind_ns"].as_u64() > chain["age_ns"].as_u64(), "{chain:#}");
    let long = waits(&name, &["--over", "1h"]);
    assert_eq!(long["chains"].as_array().map(Vec::len), Some(0), "--over");
    let index = program::named(&found["locks"], "index");
    assert_eq!(index["holder"]["thread"], "indexer");
    assert_eq!(index["kind"], "mutex");
    assert_eq!(index["waiters"], 1);

    let by_lock = program::inspect(&["waits", "-n", &name, "--by", "lock"]);
    let by_lock = String::from_utf8_lossy(&by_lock.stdout).into_owned();
    assert!(by_lock.contains("indexer") && by_lock.contains(" index "), "{by_lock}");
    let check = program::inspect(&["check", "-n", &name, "--deadlock"]);
    assert_eq!(check.status.code(), Some(0), "a chain is no deadlock");
}
