//! What `inspect why` says of programs with one known fault each.

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::demo::Demo;
use tests::program::{self, Program};
use tests::wait;

const DEADLINE: Duration = Duration::from_secs(60);

/// The answer as a program reads it, and its bytes.
fn why(arguments: &[&str]) -> (Value, usize) {
    let output = program::inspect(&[&["why", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (serde_json::from_slice(&output.stdout).expect("JSON"), output.stdout.len())
}

fn ids(answer: &Value) -> Vec<&str> {
    let findings = answer["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["id"].as_str().expect("an id")).collect()
}

/// Asks until the first finding is this one, and checks the form of every answer on the way.
fn first_is(name: &str, id: &str) -> Value {
    wait::until(id, DEADLINE, || {
        let (answer, bytes) = why(&["-n", name]);
        is_sound(&answer, bytes);
        (ids(&answer).first() == Some(&id)).then_some(answer)
    })
}

/// What every answer has, whatever it says.
fn is_sound(answer: &Value, bytes: usize) {
    assert!(bytes <= 6_001, "{bytes} bytes: {answer}");
    assert_eq!(answer["schema"], 1);
    let looked_at: Vec<&str> =
        answer["looked_at"].as_array().expect("rules").iter().filter_map(Value::as_str).collect();
    for finding in answer["findings"].as_array().expect("findings") {
        let id = finding["id"].as_str().expect("an id");
        assert!(looked_at.contains(&id), "{id} was not looked at: {looked_at:?}");
        let sure = finding["confidence"].as_f64().expect("a confidence");
        assert!((0.0..=1.0).contains(&sure), "{finding}");
        assert!(
            ["critical", "warning", "notice"].contains(&finding["severity"].as_str().unwrap_or(""))
        );
        for evidence in finding["evidence"].as_array().expect("evidence") {
            assert!(!evidence["what"].is_null() && !evidence["value"].is_null(), "{finding}");
        }
        for command in finding["next"].as_array().expect("commands") {
            assert!(command.as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        }
    }
}

/// Each fault is the first finding, with the place; nothing else is more severe.
#[test]
fn each_fault_is_found_first() {
    let faults = [
        ("hot", "thread-hot", "looks for what is not there"),
        ("outside", "slow-wait", "answer of the other side"),
        ("blocked", "thread-blocked", "computes"),
        ("queue", "standing-queue", ""),
        ("executor", "blocked-executor", ""),
        ("overdue", "overdue-heartbeat", ""),
        ("leaked", "leaked-operations", ""),
        ("errors", "error-burst", ""),
        ("panics", "panics", ""),
    ];
    let programs = faults.map(|fault| {
        let name = program::name(fault.0);
        (Program::behave(&name, &["ails", fault.0]), name)
    });
    for ((_, id, label), (_program, name)) in faults.into_iter().zip(programs) {
        let answer = first_is(&name, id);
        let first = &answer["findings"][0];
        assert_eq!(answer["verdict"], first["title"], "{answer}");
        // That a thread computes and does not wait takes two looks at the kernel's account of it.
        if id != "thread-hot" {
            nobody_says_all_is_well(&name);
        }
        if !label.is_empty() {
            assert_eq!(first["where"][0]["label"], label, "{answer}");
        }
    }
}

/// What has one look may know less than `why`, and does not contradict it.
fn nobody_says_all_is_well(name: &str) {
    for arguments in [&["list", "--json", "-n", name][..], &["--json", "-n", name]] {
        let output = program::inspect(arguments);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let headline = &answer["boards"][0]["headline"];
        assert_ne!(headline["severity"], "ok", "{arguments:?}: {headline}");
    }
}

#[test]
fn saturation_of_one_worker_is_not_that_of_all() {
    for (fault, id) in [("one-saturated", "one-saturated"), ("all-saturated", "all-saturated")] {
        let name = program::name(fault);
        let (_program, _) = Program::behave(&name, &["ails", fault]);
        let answer = first_is(&name, id);
        let title = answer["findings"][0]["title"].as_str().expect("a title");
        assert!(title.contains("pool"), "{title}");
    }
}

/// A convoy's cause is the holder's own wait; both are said, with the lock and its holder.
#[test]
fn a_convoy_names_its_lock_and_what_the_holder_waits_for() {
    let name = program::name("convoy");
    let (_program, _) = Program::behave(&name, &["ails", "convoy"]);
    let answer = wait::until("a convoy", DEADLINE, || {
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let found =
            ids(&answer).starts_with(&["slow-wait"]) && ids(&answer).contains(&"lock-convoy");
        found.then_some(answer)
    });
    assert_eq!(answer["findings"][0]["where"][0]["thread"], "holder", "{answer}");
    let convoy = answer["findings"].as_array().expect("findings").iter();
    let convoy = convoy.clone().find(|finding| finding["id"] == "lock-convoy").expect("a convoy");
    assert!(convoy["title"].as_str().expect("a title").contains("the index"), "{convoy}");
}

#[test]
fn a_deadlock_comes_before_everything_that_waits_for_it() {
    let name = program::name("why-abba");
    let mut command = Command::new(program::debug("fixture-locks", "fixture-locks"));
    let mut program = Program::start(command.args([&name, "abba"]), &name);
    program.until_ready();
    first_is(&name, "deadlock");
    program.kill();
    // Of the dead: how it ended, and what it was in.
    let (dead, _) = why(&["-n", &name]);
    assert_eq!(ids(&dead)[..2], ["dead", "deadlock"], "{dead}");
}

#[test]
fn of_a_healthy_program_nothing_is_said() {
    let name = program::name("well");
    let (program, _) = Program::behave(&name, &["ails", "well"]);
    for _ in 0..3 {
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let bad = answer["findings"].as_array().expect("findings").iter();
        let bad: Vec<_> = bad.filter(|finding| finding["severity"] != "notice").collect();
        assert!(bad.is_empty(), "{answer}");
    }
    program.signal(Signal::SIGSTOP);
    first_is(&name, "process-stopped");
}

/// The demo hangs as asked: one thread holds the index lock and never gives it back.
#[test]
fn a_lock_that_is_never_given_back_is_found_in_the_demo() {
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("why-hang"), data.path(), &["--allow-debug"]);
    let mut hangs = demo.connect();
    hangs.send(&["DEBUG", "HANG"]).expect("the daemon reads");
    let pid = demo.child.id().to_string();
    let answer = wait::until("the hang", DEADLINE, || {
        let (answer, bytes) = why(&["-p", &pid]);
        is_sound(&answer, bytes);
        (ids(&answer).first() == Some(&"slow-wait")).then_some(answer)
    });
    assert_eq!(answer["findings"][0]["where"][0]["label"], "hangs, as asked for", "{answer}");
}
