//! `export prom` in the hands of those who read it: the official Python parsers, `promtool`, Prometheus.
//! About 5 s in all, once Python's packages are there.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::program::{self, Program, board, inspect, named};
use tests::{build, python};

/// Each sample as `[name, labels, value]`, as the official parser of a dialect reads it.
const PARSE: &str = r#"
import json, sys
text = open(sys.argv[2], newline="").read()
if sys.argv[1] == "openmetrics":
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
else:
    from prometheus_client.parser import text_string_to_metric_families as parse
rows = []
for family in parse(text):
    for sample in family.samples:
        rows.append([family.name, family.type, family.unit, sample.name, sample.labels, float(sample.value)])
json.dump(rows, sys.stdout)
"#;

/// A sample's value by name and labels beside those of the board.
type Samples = BTreeMap<(String, String), f64>;

fn samples(python: &std::path::PathBuf, dialect: &str, text: &str) -> (Samples, Vec<Value>) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let path = file.path().to_str().expect("a path");
    let rows: Vec<Value> =
        serde_json::from_str(&python::run(python, PARSE, &[dialect, path])).expect("JSON");
    let all = rows.iter().map(|row| {
        let labels = row[4].as_object().expect("labels").iter();
        let own = labels.filter(|(key, _)| *key != "board" && *key != "pid");
        let own: Vec<String> =
            own.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or(""))).collect();
        let name = row[3].as_str().expect("a name").to_owned();
        ((name, own.join(",")), row[5].as_f64().expect("a value"))
    });
    (all.collect(), rows)
}

fn exported(arguments: &[&str]) -> String {
    let output = inspect(&[&["export", "prom"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn both_dialects_say_what_inspect_says() {
    let Some(python) = python::python() else { return };
    let name = program::name("prom");
    let (program, _) = Program::behave(&name, &["numbers"]);
    let pid = program.pid().to_string();
    let prefix = name.replace('-', "_");
    let report = board(program.pid());
    for (dialect, options) in
        [("text", &["-p", &pid][..]), ("openmetrics", &["-p", &pid, "--openmetrics"])]
    {
        let text = exported(options);
        assert_eq!(text.ends_with("# EOF\n"), dialect == "openmetrics");
        let (samples, rows) = samples(&python, dialect, &text);
        let value = |name: &str, labels: &str| {
            let key = (name.replace("PREFIX", &prefix), labels.to_owned());
            *samples.get(&key).unwrap_or_else(|| panic!("{dialect}: no {key:?} in {samples:#?}"))
        };
        assert_eq!(value("scoreboard_up", ""), 1.0);
        assert_eq!(value("scoreboard_state", "state=live"), 1.0);
        let counted = named(&report["counters"], "counted")["value"].as_f64().expect("a value");
        assert_eq!(value("PREFIX_counted_total", ""), counted);
        assert_eq!(value("PREFIX_half_ratio", ""), 0.5);
        let level = named(&report["gauges"], "level");
        assert_eq!(value("PREFIX_level", ""), level["value"].as_f64().expect("a value"));
        assert_eq!(value("PREFIX_level_max", ""), 9.0);
        // The spread is of nanoseconds, 1 to 1000 once each: so many are in each bucket.
        let spread = named(&report["histograms"], "spread");
        assert_eq!(
            value("PREFIX_spread_seconds_count", ""),
            spread["count"].as_f64().expect("a count")
        );
        let sum = spread["sum"].as_f64().expect("a sum") / 1e9;
        assert!((value("PREFIX_spread_seconds_sum", "") - sum).abs() < 1e-15);
        assert_eq!(
            value("PREFIX_spread_seconds_bucket", "le=+Inf"),
            value("PREFIX_spread_seconds_count", "")
        );
        assert_eq!(value("PREFIX_spread_seconds_bucket", "le=0.000001023"), 1000.0);
        let row =
            &report["gauges"].as_array().expect("gauges").iter().find(|row| row["name"] == "rows");
        let (key, label) = row.expect("a member")["labels"]
            .as_object()
            .expect("labels")
            .iter()
            .next()
            .expect("one");
        value("PREFIX_rows", &format!("{key}={}", label.as_str().expect("a text")));
        assert_eq!(value("scoreboard_heartbeat_period_seconds", "task=seldom"), 3600.0);
        assert_eq!(value("scoreboard_progress_done", "task=loaded"), 30.0);
        assert_eq!(value("scoreboard_lost_records_total", "of=ops"), 0.0);
        assert!(value("scoreboard_process_open_fds", "") > 2.0);
        // It says itself how many series there are.
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(value("scoreboard_series", ""), lines as f64);
        assert_eq!(rows.len(), lines);
        assert_eq!(value("scoreboard_series_left_out", ""), 0.0);
        if dialect == "openmetrics" {
            let spread =
                rows.iter().find(|row| row[0] == format!("{prefix}_spread_seconds").as_str());
            assert_eq!(spread.expect("it")[2], "seconds");
        }
    }
}

#[test]
fn promtool_finds_nothing_to_say() {
    if !build::needs("promtool", "prometheus") {
        return;
    }
    let name = program::name("promtool");
    let (program, _) = Program::behave(&name, &["numbers"]);
    let text = exported(&["-p", &program.pid().to_string()]);
    let check = |text: &str| {
        let mut tool = Command::new("promtool");
        let tool = tool
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = tool.spawn().expect("promtool");
        std::io::Write::write_all(&mut child.stdin.take().expect("piped"), text.as_bytes())
            .expect("written");
        child.wait_with_output().expect("promtool ends")
    };
    let output = check(&text);
    // The program calls one of its numbers `hours`.
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.lines().all(|line| line.contains("_hours_seconds use base unit")), "{said}");
    // It is one that can say no.
    assert!(
        !check(&text.replace("scoreboard_uptime_seconds", "scoreboard_uptime_ms"))
            .stderr
            .is_empty()
    );
}

#[test]
fn a_collectors_file_is_replaced_whole_and_tells_of_an_end() {
    let name = program::name("prom-file");
    let (mut program, _) = Program::behave(&name, &["numbers"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.prom");
    let file = path.to_str().expect("a path");
    let mut command = Command::new(program::debug("inspect"));
    command.args(["export", "prom", &name, "-o", file, "--every", "20ms"]).stderr(Stdio::null());
    let mut exporter = command.spawn().expect("inspect");
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    let mut seen = 0;
    tests::wait::until("100 readings", std::time::Duration::from_secs(20), || {
        let text = read();
        assert!(
            text.is_empty()
                || text
                    .lines()
                    .last()
                    .is_some_and(|line| line.starts_with("scoreboard_series_left_out ")),
            "half of it: {text}"
        );
        seen += usize::from(!text.is_empty());
        (seen >= 100).then_some(())
    });
    program.kill();
    let text = tests::wait::until("its end", std::time::Duration::from_secs(20), || {
        Some(read()).filter(|text| {
            text.contains("scoreboard_up{")
                && text.contains("} 0\n")
                && text.contains("state=\"dead\"")
        })
    });
    assert!(text.contains("scoreboard_end_clean{"), "{text}");
    assert!(!text.contains("_counted_total"), "what ended counts nothing any more: {text}");
    let _ = exporter.kill();
    let _ = exporter.wait();
    let names: Vec<_> = std::fs::read_dir(&directory)
        .expect("it")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        names.iter().filter(|name| !name.to_string_lossy().starts_with('.')).count() == 1,
        "{names:?}"
    );
}

#[test]
fn nothing_is_an_answer_in_a_file_and_an_error_beside_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.prom");
    let output =
        inspect(&["export", "prom", "no-such-board", "-o", path.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(3));
    let text = std::fs::read_to_string(&path).expect("it");
    assert!(text.contains("scoreboard_boards 0\n"), "{text}");
    let output = inspect(&["export", "prom", "no-such-board"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    assert_eq!(inspect(&["export", "svg", "x", "--every", "1s"]).status.code(), Some(2));
}

#[test]
fn a_deadlock_is_a_number_that_an_alert_can_ask_for() {
    let name = program::name("prom-deadlock");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([&name, "abba"]), &name);
    program.until_ready();
    let pid = program.pid().to_string();
    let line = format!("scoreboard_deadlocks{{board=\"{name}\",pid=\"{pid}\"}} 1\n");
    tests::wait::until("the deadlock", std::time::Duration::from_secs(10), || {
        exported(&["-p", &pid]).contains(&line).then_some(())
    });
}
