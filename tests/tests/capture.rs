//! `record --when` against processes that do what it waits for.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::asked::DEADLINE;
use tests::program::{self, Program, inspect};

fn json(arguments: &[&str]) -> Value {
    let output = inspect(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn samples(report: &Value, label: &str) -> u64 {
    let lines = report["lines"].as_array().into_iter().flatten();
    lines.filter(|line| line["label"] == label).filter_map(|line| line["samples"].as_u64()).sum()
}

fn path(directory: &tempfile::TempDir, name: &str) -> String {
    directory.path().join(name).to_str().expect("a path").to_owned()
}

#[test]
fn a_stall_writes_what_happened_before_it_as_often_as_asked() {
    let name = program::name("stall");
    let (program, _) = Program::behave(&name, &["stalls", "700", "1500"]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(&directory, "s.rec");
    let output = inspect(&[
        "record",
        &name,
        "--when",
        "stalled>800ms",
        "--keep",
        "1500ms",
        "--after",
        "200ms",
        "--count",
        "2",
        "-d",
        "2m",
        "-o",
        &file,
        "--json",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let thread = format!("of {name} (pid {}) has been at shares.rs:", program.pid());
    assert_eq!(said.matches("stalled>800ms came true after ").count(), 2, "{said}");
    assert_eq!(said.matches(&thread).count(), 2, "{said}");
    let captures: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let captures = captures["captures"].as_array().cloned().unwrap_or_default();
    let files: Vec<&str> = captures.iter().filter_map(|one| one["file"].as_str()).collect();
    assert_eq!(files, [path(&directory, "s-1.rec"), path(&directory, "s-2.rec")]);
    // Nothing else was left there.
    assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 2);
    // The first may have begun in the middle of a stall; before the second there was work.
    let report = json(&["report", files[1], "--json", "--stall", "500ms"]);
    assert!(samples(&report, "first") > 0 && samples(&report, "second") > 0, "{report:#}");
    let stalls = report["stalls"].as_array().cloned().unwrap_or_default();
    let open =
        stalls.iter().find(|stall| stall["open"] == true).expect("the one it was written for");
    assert_eq!(open["label"], "stuck", "{open}");
    assert!(open["length_ns"].as_u64().is_some_and(|ns| ns >= 900_000_000), "{open}");
    assert!(
        report["ended"].as_str().is_some_and(|why| why.contains("stalled>800ms: ")),
        "{report:#}"
    );
}

/// By its samples alone each of these stands; by all that is known of it, it comes on.
#[test]
fn who_comes_on_is_no_stall_whatever_each_sample_sees() {
    let directory = tempfile::tempdir().expect("a directory");
    let record = |name: &str, lasts: &str| {
        let file = path(&directory, &format!("{name}.rec"));
        let options = ["--when", "stalled>1500ms", "-d", lasts, "--after", "0", "-o", &file];
        inspect(&[&["record", name][..], &options].concat())
    };
    let (batch, turn) = (program::name("batch"), program::name("turn"));
    let (progresses, _) = Program::behave(&batch, &["ails", "batch-in-one-line"]);
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut waits = Program::start(command.args([&turn, "turns"]), &turn);
    waits.until_ready();
    for (name, program) in [(&batch, &progresses), (&turn, &waits)] {
        tests::wait::until("it has gone on for a while", DEADLINE, || {
            let board = program::board(program.pid());
            (board["uptime_ns"].as_u64() > Some(4_000_000_000)).then_some(())
        });
        let output = record(name, "4s");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(" did not come true in"), "{name}: {said}");
    }
    let name = program::name("outside");
    let (_program, _) = Program::behave(&name, &["ails", "outside"]);
    let output = record(&name, "2m");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("answer of the other side"), "{said}");
}

#[test]
fn numbers_and_the_end_of_the_process_are_conditions_too() {
    let name = program::name("counts");
    let (mut program, _) = Program::behave(&name, &["stalls", "2000", "1"]);
    let directory = tempfile::tempdir().expect("a directory");
    for (number, condition) in
        ["rate(rounds)>10", "rounds>20", "rate(rounds)<1e9"].iter().enumerate()
    {
        let file = path(&directory, &format!("{number}.rec"));
        let captures = json(&[
            "record", &name, "--when", condition, "-d", "2m", "--after", "0", "-o", &file, "--json",
        ]);
        let why = captures["captures"][0]["why"].as_str().unwrap_or_default();
        assert!(why.starts_with(&format!("rounds of {name} (pid {})", program.pid())), "{why}");
    }
    let file = path(&directory, "end.rec");
    let mut recorder = std::process::Command::new(program::debug("inspect"))
        .args(["record", &name, "--when", "ended", "-o", &file, "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("started");
    let minute = std::time::Duration::from_secs(60);
    // It sleeps once a tick: it has looked some hundred times.
    let switches = || -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", recorder.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse().ok()
    };
    tests::wait::until("the recorder at work", minute, || switches().filter(|&count| count > 300));
    program.kill();
    assert!(recorder.wait().expect("it ends by itself").success());
    let report = json(&["report", &file, "--json"]);
    assert!(samples(&report, "first") > 0, "{report:#}");
    assert!(
        report["boards"][0]["ended"].as_str().is_some_and(|how| how.starts_with("dead")),
        "{report:#}"
    );
}

#[test]
fn an_operation_that_is_active_for_long_is_a_condition() {
    let name = program::name("long");
    let (program, _) = Program::behave(&name, &["operations"]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(&directory, "o.rec");
    let record = |condition: &str, lasts: &str| {
        let options = ["--when", condition, "-d", lasts, "--after", "0", "-o", &file, "--json"];
        inspect(&[&["record", &name][..], &options].concat())
    };
    // One that rests is not active, however old it is.
    assert_eq!(record("over(connection)>1ms", "1s").status.code(), Some(1));
    let output = record("over(req*)>300ms", "2m");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let captures: Value = serde_json::from_slice(&output.stdout).expect(&said);
    let why = captures["captures"][0]["why"].as_str().unwrap_or_default();
    let of = format!(" request of {name} (pid {}) has been active for ", program.pid());
    assert!(why.starts_with("operation ") && why.contains(&of), "{why}");
}

#[test]
fn what_never_comes_true_writes_nothing_and_what_is_wrong_says_so() {
    let name = program::name("never");
    let (_program, _) = Program::behave(&name, &["stalls", "1000", "1"]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(&directory, "n.rec");
    let run = |condition: &str| {
        let output = inspect(&["record", &name, "--when", condition, "-d", "1s", "-o", &file]);
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        assert!(!Path::new(&file).exists() && !said.contains('\n'), "{said}");
        (output.status.code(), said)
    };
    let (code, said) = run("stalled>1h");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("stalled>1h did not come true in") && said.ends_with("nothing was written"),
        "{said}"
    );
    let (code, said) = run("stalled>2parsecs");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("unknown unit `parsecs`"), "{said}");
    let (code, said) = run("rate(nonsense)>2");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("no counter `nonsense` on the board"), "{said}");
}

#[test]
fn whoever_is_told_to_end_while_waiting_leaves_no_file() {
    let name = program::name("told");
    let (_program, _) = Program::behave(&name, &["stalls", "2000", "1"]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(&directory, "t.rec");
    let mut recorder = std::process::Command::new(program::debug("inspect"))
        .args(["record", &name, "--when", "rounds>1e15", "-o", &file])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("started");
    let pid = recorder.id().to_string();
    let minute = std::time::Duration::from_secs(60);
    let threads = || std::fs::read_dir(format!("/proc/{pid}/task")).ok().map(Iterator::count);
    tests::wait::until("both its threads", minute, || threads().filter(|&count| count == 2));
    let told = std::process::Command::new("kill").args(["-TERM", &pid]).status();
    assert!(told.expect("kill runs").success());
    assert_eq!(recorder.wait().expect("it ends").code(), Some(1));
    assert!(!Path::new(&file).exists());
}
