//! The time of waiters, charged to the lines of the holder, beside the program's own account.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::program::{self, Program};
use tests::wait;

const LINES: [&str; 3] = ["long", "middle", "short"];

fn account(path: &Path) -> [f64; 3] {
    wait::until("a whole account", Duration::from_secs(30), || {
        let text = std::fs::read_to_string(path).ok()?;
        let sums: Vec<f64> = text.lines().map(|line| line.parse().ok()).collect::<Option<_>>()?;
        sums.try_into().ok()
    })
}

/// Shares of the three lines, by their label.
fn shares(report: &Value) -> [f64; 3] {
    assert_eq!(report["blame"], true, "{report}");
    LINES.map(|label| {
        let lines = report["lines"].as_array().expect("lines").iter();
        let line = lines.clone().find(|line| line["label"] == label);
        line.and_then(|line| line["share"].as_f64()).unwrap_or(0.0)
    })
}

/// An answer that there is none says why; what has no answer is refused with a line.
#[test]
fn blame_of_nobody_says_so_and_blame_of_places_is_refused() {
    let name = program::name("blame");
    let (_program, _) = Program::behave(&name, &["one-job"]);
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("quiet.rec");
    let recording = recording.to_str().expect("text");
    let done = program::inspect(&["record", "-n", &name, "-d", "300ms", "-o", recording]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = |arguments: &[&str], code: i32| {
        let output = program::inspect(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    };
    for arguments in [
        &["report", recording, "--blame"][..],
        &["profile", "-n", &name, "-d", "300ms", "--blame"],
        &["export", "folded", recording, "--blame"],
        &["export", "svg", recording, "--blame"],
        &["report", recording, "--locks"],
    ] {
        let said = said(arguments, 1);
        assert!(said.contains("nobody waited at any of"), "{arguments:?}: {said}");
    }
    for (arguments, flag) in [
        (&["report", recording, "--blame", "--weight", "parallel"][..], "--weight parallel"),
        (&["profile", "-n", &name, "--blame", "--weight", "parallel"], "--weight parallel"),
        (&["report", recording, "--blame", "--whole"], "--whole"),
        (&["report", recording, "--blame", "--idle"], "--idle"),
        (&["report", recording, "--blame", "--timeline"], "--timeline"),
        (&["export", "folded", recording, "--blame", "--idle"], "--idle"),
        (&["export", "bottle", recording, "--blame"], "export bottle"),
        (&["export", "timeline", recording, "--blame"], "export timeline"),
        (&["export", "firefox", recording, "--blame"], "export firefox"),
    ] {
        let said = said(arguments, 2);
        assert!(said.contains(&format!("{flag} tells where threads are")), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn waiting_is_charged_to_the_holders_line_as_the_program_itself_has_it() {
    let name = program::name("blame");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("account");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([&name, "blame"]).env("ACCOUNT", &path), &name);
    program.until_ready();
    let (before, start) = (account(&path), Instant::now());
    let recording = folder.path().join("blame.rec");
    let recording = recording.to_str().expect("text");
    let done = program::inspect(&["record", "-n", &name, "-d", "4s", "-o", recording]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // The account goes on while the recorder starts and ends.
    let over = start.elapsed().as_nanos() as f64;
    let grown: Vec<f64> =
        account(&path).iter().zip(before).map(|(after, before)| after - before).collect();
    let all: f64 = grown.iter().sum();
    let report = program::document(&["report", recording, "--blame"]);
    let found = shares(&report);
    for ((label, share), truth) in LINES.iter().zip(found).zip(&grown) {
        let truth = truth / all;
        println!("{label}: {:.1} %, by its own account {:.1} %", share * 100.0, truth * 100.0);
        assert!((share - truth).abs() < 0.05, "{label}: {share}, not {truth}: {report:#}");
    }
    assert_eq!(report["lines"][0]["label"], "long");
    // By samples the lines of the holder are a fifth of what is shown, the rest is waiting.
    let plain = program::document(&["report", recording]);
    assert_eq!(plain["lines"][0]["class"], "wait", "{plain:#}");

    let live = program::document(&["profile", "-n", &name, "-d", "2s", "--blame"]);
    assert_eq!(live["lines"][0]["label"], "long", "{live:#}");
    let folded = program::inspect(&["export", "folded", recording, "--blame"]);
    let folded = String::from_utf8_lossy(&folded.stdout).into_owned();
    // A flame graph of it: all but what waiters hold for a moment themselves is the holder's.
    let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok());
    let of = |who: &str| -> u64 {
        folded.lines().filter(|line| line.starts_with(who)).filter_map(count).sum()
    };
    assert!(of("holder;") > 50 * of("waiter-"), "{folded}");
    assert!(folded.lines().any(|line| line.starts_with("holder;long")), "{folded}");

    // By lock: how long was waited for each, as the program has it, and who held it.
    let locks = program::document(&["report", recording, "--locks"]);
    let first = &locks["locks"][0];
    let waited = first["waited_ns"].as_f64().expect("a time") / 1e9;
    let own = all / 1e9 * locks["duration_ns"].as_f64().expect("a time") / over;
    println!("waited {waited:.2} s for {}, by its own account {own:.2}", first["name"]);
    let part = waited / own;
    assert!((0.8..1.25).contains(&part), "{part} of what it has: {locks:#}");
    assert_eq!(first["name"], "shared");
    assert_eq!(first["held_by"][0]["thread"], "holder", "{locks:#}");
    assert_eq!(first["held_by"][0]["label"], "long", "{locks:#}");
    assert!(first["threads"].as_u64() >= Some(4), "{locks:#}");
    assert!(first["waits_seen"].as_u64() > Some(4), "{locks:#}");
    let table = program::inspect(&["report", recording, "--locks"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(
        table.contains("MOST OFTEN HELD BY") && table.contains("holder at blame.rs:"),
        "{table}"
    );

    // A recording of before is read, and does not tell.
    let mut bytes = std::fs::read(recording).expect("a recording");
    bytes[8] = 3;
    let old = folder.path().join("old.rec");
    std::fs::write(&old, bytes).expect("written");
    let old = old.to_str().expect("text");
    assert!(program::inspect(&["report", old]).status.success());
    let refused = program::inspect(&["report", old, "--blame"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.contains("earlier inspect"), "{said}");
}
