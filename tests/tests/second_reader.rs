//! The format's description proves itself: a reader written from it, in another language, says what the
//! inspector says.

use std::process::Command;

use serde_json::Value;
use tests::program::{self, Program, named};
use tests::{build, wait};

/// What the reader in Python says of a board.
fn second(path: &str) -> Value {
    let script = build::root().join("tests/second_reader.py");
    let text = build::run(Command::new("python3").arg(script).arg(path));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_reader_written_from_the_description_says_the_same() {
    if !build::needs("python3", "python3") {
        return;
    }
    let (program, _) = Program::behave(&program::name("second"), &["numbers"]);
    let first = program::board(program.pid());
    let second = second(first["path"].as_str().expect("a path"));
    for key in ["name", "pid", "build", "facts"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    for thread in second["threads"].as_array().expect("threads") {
        let same = named(&first["threads"], thread["name"].as_str().expect("a name"));
        for key in ["tid", "file", "line", "function", "label", "class"] {
            assert_eq!(same[key], thread[key], "{key}");
        }
    }
    for counter in ["counted", "halved"] {
        assert_eq!(named(&first["counters"], counter)["value"], second["counters"][counter]);
    }
    assert_eq!(named(&first["ratios"], "half")["since_start"]["value"], second["ratios"]["half"]);
    let level = named(&first["gauges"], "level");
    assert_eq!((&level["value"], &level["max"]), {
        let level = &second["gauges"]["level"];
        (&level["value"], &level["max"])
    });
    assert_eq!(second["gauges"]["rows{table=users}"]["value"], 12);
    assert!(second["gauges"]["rows{table=gone}"].is_null());
    let spread = named(&first["histograms"], "spread");
    assert_eq!(spread["count"], second["histograms"]["spread"]["count"]);
    assert_eq!(spread["sum"], second["histograms"]["spread"]["sum"]);
    let spread = &spread["since_start"];
    for key in ["max", "p50", "p90", "p99"] {
        assert_eq!(spread[key].as_f64(), second["histograms"]["spread"][key].as_f64(), "{key}");
    }
}

#[test]
fn it_follows_a_stack_an_argument_and_an_end() {
    if !build::needs("python3", "python3") {
        return;
    }
    let name = program::name("second-end");
    let (mut program, _) = Program::behave(&name, &["nested"]);
    program.kill();
    let first = &program::boards(&["-n", &name])[0];
    let path = first["path"].as_str().expect("a path");
    let said = second(path);
    assert_eq!(said["threads"][0]["label"], "innermost");
    assert_eq!(said["threads"][0]["argument"], 33);
    assert!(said["panic"].is_null() && said["exit_code"].is_null());

    let name = program::name("second-panic");
    let mut command = Command::new(program::debug("fixture-behave"));
    drop(command.args([&name, "panic"]).output().expect("fixture-behave"));
    let path = wait::until("its board", std::time::Duration::from_secs(10), || {
        program::boards(&["-n", &name]).first()?["path"].as_str().map(str::to_owned)
    });
    let said = second(&path);
    assert_eq!(said["exit_code"], 101);
    assert!(said["panic"].as_str().expect("words").contains("the well is dry"));
    program::remove_boards(&name);
}

#[test]
fn it_finds_who_waits_for_whom() {
    if !build::needs("python3", "python3") {
        return;
    }
    let name = program::name("second-waits");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([&name, "abba"]), &name);
    program.until_ready();
    let path = wait::until("the deadlock", std::time::Duration::from_secs(10), || {
        let waits = program::document(&["waits", "-n", &name]);
        waits["cycles"][0].is_object().then_some(())?;
        program::boards(&["-n", &name]).first()?["path"].as_str().map(str::to_owned)
    });
    let said = second(&path);
    let waits = said["waits"].as_array().expect("waits");
    assert_eq!(waits.len(), 2, "{said:#}");
    let index = waits.iter().find(|wait| wait["name"] == "index").expect("the lock with a name");
    let other = waits.iter().find(|wait| wait["name"] != "index").expect("the other");
    assert_eq!(index["how"], 1, "to hold it alone");
    assert_eq!(index["held_by"][0], other["slot"]);
    assert_eq!(other["held_by"][0], index["slot"]);
}
