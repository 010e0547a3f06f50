//! `diff` of two boards and of two recordings of real processes.

use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program, board, inspect, named};
use tests::wait;

fn json(arguments: &[&str]) -> Value {
    let output = inspect(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn rounds(pid: u32) -> u64 {
    named(&board(pid)["counters"], "rounds")["value"].as_u64().unwrap_or(0)
}

#[test]
fn two_looks_at_a_board_tell_what_grew_between_them() {
    let name = program::name("twice");
    let (program, _) = Program::behave(&name, &["stalls", "1000", "1"]);
    let directory = tempfile::tempdir().expect("a directory");
    let [a, b] =
        ["a.board", "b.board"].map(|name| directory.path().join(name).display().to_string());
    let pid = program.pid().to_string();
    assert!(inspect(&["dump", "-p", &pid, "-o", &a]).status.success());
    let first = rounds(program.pid());
    wait::until("more rounds", Duration::from_secs(60), || {
        (rounds(program.pid()) > first + 10).then_some(())
    });
    assert!(inspect(&["dump", "-p", &pid, "-o", &b]).status.success());
    let found = json(&["diff", &a, &b, "--json"]);
    assert_eq!((&found["schema"], &found["same_run"]), (&1.into(), &true.into()));
    let grown = named(&found["numbers"], "rounds");
    let [before, after] = ["before", "after"].map(|side| grown[side].as_f64().expect("a number"));
    assert!(before <= first as f64 && after > first as f64 + 10.0, "{grown}");
    assert_eq!(grown["difference"], after - before);
    let seconds = found["between_ns"].as_f64().expect("a time") / 1e9;
    let rate = grown["per_s"].as_f64().expect("a rate");
    assert!((rate - (after - before) / seconds).abs() < 0.01 * rate + 0.01, "{grown}");
    // The same as a table, and nothing when nothing changed.
    let text = inspect(&["diff", &a, &b]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.lines().any(|line| line.starts_with(" counter   rounds ")), "{text}");
    let text = inspect(&["diff", &a, &a]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.ends_with("nothing changed\n"), "{text}");
    // A living one is looked at twice.
    let live = json(&["diff", &pid, &pid, "--interval", "300ms", "--json"]);
    assert!(live["between_ns"].as_u64().is_some_and(|ns| ns >= 300_000_000), "{live:#}");
    assert!(named(&live["numbers"], "rounds")["difference"].as_f64() > Some(0.0), "{live:#}");
}

#[test]
fn lines_are_told_by_their_passes_and_kinds_are_not_mixed() {
    let name = program::name("lines");
    let (program, _) = Program::behave(&name, &["shares", "1000"]);
    let pid = program.pid().to_string();
    let live = json(&["diff", &pid, &name, "--interval", "500ms", "--json"]);
    let lines = live["lines"].as_array().cloned().unwrap_or_default();
    let sixty =
        lines.iter().find(|line| line["label"] == "sixty" && line["hits_difference"].is_i64());
    assert!(sixty.is_some_and(|line| line["hits_difference"].as_i64() > Some(10)), "{live:#}");

    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let [recording, svg] = [path("a.rec"), path("d.svg")];
    assert!(inspect(&["record", &name, "-d", "500ms", "-o", &recording]).status.success());
    let mixed = inspect(&["diff", &recording, &pid]);
    let said = String::from_utf8_lossy(&mixed.stderr).into_owned();
    assert_eq!(mixed.status.code(), Some(2), "{said}");
    assert!(said.contains("is a recording and") && said.lines().count() == 1, "{said}");
    // What is neither is told to be neither, and not to be a board.
    let notes = path("notes");
    std::fs::write(&notes, "no board and no recording\n").expect("written");
    for sides in [[&recording, &notes], [&notes, &recording]] {
        let neither = inspect(&["diff", sides[0], sides[1]]);
        let said = String::from_utf8_lossy(&neither.stderr).into_owned();
        assert_eq!(neither.status.code(), Some(5), "{said}");
        assert!(said.contains("notes: not a board") && said.lines().count() == 1, "{said}");
    }

    assert!(inspect(&["diff", &recording, &recording, "--svg", &svg]).status.success());
    let graph = std::fs::read_to_string(&svg).expect("a graph");
    assert!(
        graph.contains("+0.0 percentage points, ") && graph.contains("sixty (shares.rs:"),
        "{graph}"
    );
    // Never over something that exists.
    assert_eq!(inspect(&["diff", &recording, &recording, "--svg", &svg]).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&svg).expect("a graph"), graph);
}

#[test]
fn a_time_line_shows_rows_load_and_stalls() {
    let name = program::name("times");
    let (_program, _) = Program::behave(&name, &["stalls", "700", "1500"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.rec").display().to_string();
    let _ = inspect(&[
        "record",
        &name,
        "--when",
        "stalled>1200ms",
        "--keep",
        "5s",
        "-o",
        &path,
        "-d",
        "2m",
    ]);
    let output = inspect(&["export", "timeline", &path]);
    let svg = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"), "{svg}");
    // Nothing from the network: no address but the name of the format itself.
    assert_eq!(svg.matches("http").count(), 1);
    assert!(!svg.contains("<script"));
    for part in
        ["not idle", "fixture-behave<title>", "stuck: ", "class=\"s\"", "Stalls: start, length"]
    {
        assert!(svg.contains(part), "no {part} in {svg}");
    }
}
