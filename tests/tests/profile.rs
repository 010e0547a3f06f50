//! The profiler against programs whose shares of time are known, through real processes.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tests::program::{self, Program, inspect};

/// What a command printed as JSON.
#[track_caller]
fn json(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{said}"))
}

/// The row of a label.
#[track_caller]
fn line<'a>(report: &'a Value, label: &str) -> &'a Value {
    let found = report["lines"].as_array().and_then(|lines| {
        lines
            .iter()
            .filter(|line| line["label"] == label)
            .max_by_key(|line| line["samples"].as_u64())
    });
    found.unwrap_or_else(|| panic!("no {label} in {report:#}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A recording of a program, in a directory that goes away.
fn recording(name: &str, duration: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.rec");
    let file = path.to_str().expect("a path");
    let output = inspect(&["record", name, "-d", duration, "-o", file]);
    assert!(output.status.success(), "{output:?}");
    (directory, path)
}

#[test]
fn known_shares_are_told_with_exact_hits() {
    let name = program::name("shares");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    // The program's own account of the same two seconds, whatever else the machine had to do in them.
    let account = || {
        let board = program::boards(&["-n", &name]).remove(0);
        ["time_at_sixty", "time_at_thirty", "time_at_ten"].map(|counter| {
            program::named(&board["counters"], counter)["value"].as_f64().expect("a time")
        })
    };
    let before = account();
    let output = inspect(&["profile", &name, "-d", "2s", "--json"]);
    let after = account();
    assert!(output.status.success(), "{output:?}");
    let report = json(&output);
    assert_eq!(report["schema"], 1);
    assert_eq!(number(&report["rate_hz"]), 1000.0);
    let spent: f64 = before.iter().zip(after).map(|(before, after)| after - before).sum();
    for (index, label) in ["sixty", "thirty", "ten"].into_iter().enumerate() {
        let truth = (after[index] - before[index]) / spent;
        let row = line(&report, label);
        let share = number(&row["share"]);
        assert!((share - truth).abs() < 0.05, "{label}: {share}, in truth {truth}");
        assert!(number(&row["share_low"]) <= share && share <= number(&row["share_high"]));
        assert!(row["hits"].as_u64().is_some_and(|hits| hits > 0), "{row}");
    }
    assert_eq!(line(&report, "thirty")["class"], "wait");
    let frames = &report["stacks"][0]["frames"];
    assert_eq!(frames[0]["label"], "round", "{frames}");
}

#[test]
fn a_recording_is_read_without_the_program() {
    let name = program::name("recorded");
    let (program, _) = Program::behave(&name, &["shares", "700"]);
    let (_directory, path) = recording(&name, "1s");
    drop(program);
    let file = path.to_str().expect("a path");
    let report = json(&inspect(&["report", file, "--json"]));
    assert_eq!(report, json(&inspect(&["report", "-f", file, "--json"])));
    assert!(number(&report["ticks"]) > 0.0 && report["boards"][0]["name"] == name.as_str());
    for by in ["line", "function", "thread", "label", "stack"] {
        let report = json(&inspect(&["report", file, "--json", "--by", by]));
        let shares: f64 =
            report["lines"].as_array().into_iter().flatten().map(|l| number(&l["share"])).sum();
        assert!((shares - 1.0).abs() < 1e-3, "{by}: {shares}");
    }
    let text = inspect(&["report", file, "--timeline"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("not idle"), "{text:?}");
}

/// A recorder that is at work: it has written its first second of samples.
fn recorder(name: &str, path: &std::path::Path) -> std::process::Child {
    use std::process::{Command, Stdio};
    let child = Command::new(program::debug("inspect"))
        .args(["record", name, "-o"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    let bytes = || std::fs::metadata(path).map_or(0, |facts| facts.len());
    let minute = std::time::Duration::from_secs(60);
    // The head and the names come first; a whole second of samples makes it grow again.
    let first = tests::wait::until("names", minute, || Some(bytes()).filter(|&bytes| bytes > 32));
    tests::wait::until("samples", minute, || (bytes() > first).then_some(()));
    child
}

#[test]
fn the_end_of_the_process_ends_the_recording_and_is_said() {
    let name = program::name("ends");
    let (mut program, _) = Program::behave(&name, &["shares", "1000"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.rec");
    let mut recorder = recorder(&name, &path);
    program.kill();
    assert!(recorder.wait().expect("it ends by itself").success());
    let file = path.to_str().expect("a path");
    let report = json(&inspect(&["report", file, "--json"]));
    assert_eq!(report["ended"], "every process ended");
    assert!(report["boards"][0]["ended"].as_str().is_some_and(|how| how.starts_with("dead")));
}

#[test]
fn no_samples_is_a_failure_with_its_reason() {
    let name = program::name("all-idle");
    let (_program, _) = Program::behave(&name, &["idle"]);
    let output = inspect(&["profile", &name, "-d", "300ms"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("idle; --idle counts them"), "{said}");
    assert!(inspect(&["profile", &name, "-d", "300ms", "--idle"]).status.success());
    assert_eq!(inspect(&["report", "/nowhere/at.rec"]).status.code(), Some(3));
    assert_eq!(inspect(&["report"]).status.code(), Some(2));
    assert_eq!(inspect(&["report", "/proc/self/exe"]).status.code(), Some(5));
    assert_eq!(inspect(&["profile", "-r", "200000", &name]).status.code(), Some(2));
}

#[test]
fn a_recorder_that_is_killed_leaves_what_it_had() {
    let name = program::name("killed-recorder");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.rec");
    let mut recorder = recorder(&name, &path);
    let _ = recorder.kill();
    let _ = recorder.wait();
    let output = inspect(&["report", path.to_str().expect("a path"), "--json"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("its recorder was killed"), "{said}");
    assert!(number(&json(&output)["ticks"]) > 100.0);
}

#[test]
fn a_hundred_thousand_times_a_second_it_spins_and_says_so() {
    let name = program::name("often");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("often.rec");
    let file = path.to_str().expect("a path");
    let recorded = inspect(&["record", &name, "-r", "100k", "-d", "1s", "-o", file, "--json"]);
    assert!(recorded.status.success(), "{recorded:?}");
    let said = String::from_utf8_lossy(&recorded.stderr);
    assert!(said.contains("100,000 samples a second it spins on a processor of its own"), "{said}");
    let recorded = json(&recorded);
    // Every period has a tick, or is counted as missed: how many had one depends on who else is at work.
    let due = number(&recorded["ticks"]) + number(&recorded["missed_ticks"]);
    assert_eq!(due, 100_000.0, "{recorded}");
    let report = json(&inspect(&["report", file, "--json"]));
    assert_eq!(number(&report["rate_hz"]), 100_000.0);
    assert_eq!(report["ticks"], recorded["ticks"]);
    assert!(number(&line(&report, "sixty")["samples"]) > 0.0, "{report:#}");
}

#[test]
fn with_one_processor_nobody_spins() {
    if !tests::build::needs("taskset", "util-linux") {
        return;
    }
    let name = program::name("alone");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let program = program::debug("inspect");
    let output = std::process::Command::new("taskset")
        .args(["--cpu-list", "0"])
        .arg(program)
        .args(["profile", &name, "-r", "100k", "-d", "1s"])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("this process may use one only; -r 10k is the most"), "{said}");
}

#[test]
fn a_recording_goes_into_every_form_beside_its_source_and_beside_another() {
    let name = program::name("forms");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let (_directory, path) = recording(&name, "1s");
    let file = path.to_str().expect("a path");
    for (format, start) in [
        ("folded", &b"fixture-behave;round"[..]),
        ("svg", b"<?xml"),
        ("speedscope", b"{"),
        ("pprof", &[0x1f, 0x8b]),
        ("csv", b"process,pid,"),
    ] {
        let output = inspect(&["export", format, file]);
        assert!(
            output.status.success() && output.stdout.starts_with(start),
            "{format}: {output:?}"
        );
    }
    let root = tests::build::root();
    let root = root.to_str().expect("a path");
    let output = inspect(&["annotate", file, "--source", root, "--color", "never"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("probe::tag!(wait, hits, \"thirty\");"), "{text}");
    assert!(text.contains("       never seen         - work  |"), "{text}");
    // A sample may fall between a scope's line and the first in it, a rare one: then it has a share of its own.
    let scope = text.lines().find(|line| line.contains("probe::scope!(\"round\")"));
    let scope = scope.expect("the scope's line");
    assert!(scope.contains(" inside ") || scope.contains("%  "), "{text}");
    // Elsewhere: one line that says what to do.
    let elsewhere = path.parent().expect("a directory").to_str().expect("a path");
    let output = inspect(&["annotate", file, "--source", elsewhere]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().count() == 2 && said.contains("say --source DIR"), "{said}");
    let diff = json(&inspect(&["diff", file, file, "--json"]));
    let lines = diff["lines"].as_array().expect("lines");
    assert!(lines.iter().all(|line| line["difference"] == 0.0 && line["significant"] == false));
}
