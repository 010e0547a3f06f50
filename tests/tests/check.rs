//! `inspect check`: what a monitor reads, of real processes in every state.

use std::process::{Command, Output};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::program::{self, Program, inspect};
use tests::{served, wait};

/// Waits for something to become so.
#[track_caller]
fn until(what: &str, mut so: impl FnMut() -> bool) {
    wait::until(what, Duration::from_secs(20), || so().then_some(()));
}

/// The exit code and the one line on stdout; stderr is silent.
#[track_caller]
fn answer(arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = inspect(&[&["check"], arguments].concat());
    assert_eq!(String::from_utf8_lossy(&stderr), "", "{arguments:?}");
    let line = String::from_utf8(stdout).expect("text");
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    let code = status.code().expect("an exit code");
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(code).expect("a code")];
    assert!(line.starts_with(&format!("{word} - ")), "{code}: {line}");
    (code, line.trim_end().to_owned())
}

/// A value of the performance data, taken apart by the rules of the convention:
/// `'label'=value[unit];[warn];[crit];[min];[max]`, apart by spaces.
#[track_caller]
fn data(line: &str, label: &str) -> (f64, String, Vec<String>) {
    let (_, data) = line.split_once(" | ").expect("performance data");
    let mut rest = data;
    while let Some(quoted) = rest.strip_prefix('\'') {
        let (name, after) = quoted.split_once("'=").expect("a label");
        let (value, next) = after.split_once(' ').unwrap_or((after, ""));
        let mut parts = value.split(';').map(str::to_owned);
        let number = parts.next().expect("a value");
        let unit = number.trim_start_matches(|c: char| c.is_ascii_digit() || "-.e".contains(c));
        let value: f64 = number[..number.len() - unit.len()].parse().expect("a number");
        let limits: Vec<String> = parts.collect();
        assert_eq!(limits.len(), 4, "{line}");
        if name == label {
            return (value, unit.to_owned(), limits);
        }
        rest = next;
    }
    panic!("no value {label}: {line}");
}

/// A monitor reads one line and a code whatever is wrong with what it was told to ask: 2 would be an alarm.
#[test]
fn what_cannot_be_asked_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = folder.path().join("none");
    let (none, list) = (none.display().to_string(), format!("@{}", none.display()));
    let cases: &[(&[&str], &str)] = &[
        (&["-n", "a", "-p", "1"], "two targets"),
        (&["a", "-p", "1", "--lost"], "two targets"),
        (&["--nosuch"], "--nosuch"),
        (&["a", "--load", "-1"], "-1"),
        (&["a", "--count", "3"], "--count does nothing"),
        (&["a", "--endpoints", "ftp://x"], "ftp://x"),
        (&["a", "--endpoints", &list], "No such file"),
        (&["a", "--endpoints-token", &none], "without --endpoints"),
        (&["a", "--endpoints", "http://127.0.0.1:9", "--endpoints-token", &none], "No such file"),
        (&["-f", &none, "--endpoints", "http://127.0.0.1:9"], "a file is on this host"),
        (&["a", "--endpoints", "http://127.0.0.1:9"], "connection refused"),
    ];
    for (arguments, word) in cases {
        let (code, line) = answer(arguments);
        assert!(code == 3 && line.contains(word), "{arguments:?}: {code}: {line}");
    }
}

#[test]
fn a_stalled_thread_passes_the_limit_that_it_stood_for() {
    let name = program::name("stalled");
    let (_program, _) = Program::behave(&name, &["lock"]);
    let label = format!("{name} stalled");
    // The fixture's threads wait for each other for ever: what passes is the time.
    until("a thread has stood for a second", || {
        let (_, line) = answer(&[&name, "--stalled", "1h"]);
        data(&line, &label).0 > 1.0
    });
    let (code, line) = answer(&[&name, "--stalled", "500ms,1h"]);
    assert_eq!(code, 1, "{line}");
    assert!(line.contains(" stalled for ") && line.contains("limit 500ms"), "{line}");
    let (value, unit, limits) = data(&line, &label);
    assert!(value > 1.0 && unit == "s", "{line}");
    assert_eq!(limits, ["0.5", "3600", "0", ""]);
    let (code, line) = answer(&[&name, "--stalled", "100ms,500ms"]);
    assert_eq!(code, 2, "{line}");
    let (code, line) = answer(&[&name, "--stalled", "1h"]);
    assert_eq!(code, 0, "{line}");
}

/// A loop through one line is found there by every look, and has not stalled; where nobody counts, that is not known.
#[test]
fn who_comes_to_a_line_again_and_again_passes_no_limit() {
    let told = |name: &str, loops: &[&str]| {
        let (program, _) = Program::behave(name, &[&["loops"], loops].concat());
        wait::until("it to run for three seconds", Duration::from_secs(30), || {
            (program::board(program.pid())["uptime_ns"].as_u64() > Some(3_000_000_000))
                .then_some(())
        });
        answer(&[name, "--stalled", "500ms,2s"])
    };
    let (code, line) = told(&program::name("counted"), &["counted", "argued", "serves"]);
    assert_eq!((code, line.contains("no thread stalled")), (0, true), "{line}");
    let (code, line) = told(&program::name("plain"), &["plain", "counted"]);
    assert_eq!((code, line.contains("not known whether plain stalled")), (3, true), "{line}");
    // Below the last limit nobody is alarmed.
    let name = program::name("mild");
    let (_program, _) = Program::behave(&name, &["loops", "plain"]);
    until("it is said", || {
        let (code, line) = answer(&[&name, "--stalled", "500ms,1h"]);
        code == 0 && line.contains("not known whether plain stalled")
    });
    let (code, line) = told(&program::name("hung"), &["plain", "hung"]);
    assert_eq!((code, line.contains("hung stalled for ")), (2, true), "{line}");
}

/// Who waits for another thread's end, or for its turn in a queue that is served, stands with reason; `!` and `why` say so too.
#[test]
fn who_waits_for_the_end_of_work_or_for_a_turn_passes_no_limit() {
    let joins = program::name("joins");
    let (_joins, _) = Program::behave(&joins, &["ails", "joins"]);
    let turn = program::name("turn");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([&turn, "turns"]), &turn);
    program.until_ready();
    for (name, who) in [(&joins, "starter"), (&turn, "caller")] {
        let standing = |one: &Value| {
            let long = one["since_ns"].as_u64() > Some(2_000_000_000);
            one["name"] == who && long && one["waits_its_turn"] == true
        };
        wait::until("it has waited for two seconds", Duration::from_secs(30), || {
            let table = program::document(&["-n", name, "--all"]);
            let threads = table["boards"][0]["threads"].as_array().cloned().unwrap_or_default();
            threads.iter().any(standing).then_some(())
        });
        let (code, line) = answer(&[name, "--stalled", "500ms,1s"]);
        assert_eq!((code, line.contains("no thread stalled")), (0, true), "{line}");
    }
}

#[test]
fn what_does_not_serve_is_critical_and_what_cannot_be_told_is_unknown() {
    let name = program::name("life");
    let (mut program, _) = Program::behave(&name, &["numbers"]);
    assert_eq!(answer(&[&name]).0, 0);
    let (code, line) = answer(&[&name, "--counter", "nothing_of_that_name>1"]);
    assert_eq!((code, line.contains("not known on this board")), (3, true), "{line}");
    program.signal(Signal::SIGSTOP);
    until("it is seen to be stopped", || answer(&[&name]).0 == 2);
    let (_, line) = answer(&[&name, "--stalled", "1us"]);
    assert!(line.contains("stopped"), "{line}");
    program.signal(Signal::SIGCONT);
    until("it is seen to go on", || answer(&[&name]).0 == 0);
    program.kill();
    let (code, line) = answer(&[&name, "--load", "1"]);
    assert_eq!((code, line.contains("dead")), (2, true), "{line}");
    let (code, line) = answer(&["no-board-has-this-name"]);
    assert_eq!((code, line.contains("no-board-has-this-name")), (2, true), "{line}");
    let damaged = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(damaged.path(), [7; 9000]).expect("written");
    let path = damaged.path().to_str().expect("a path");
    assert_eq!(answer(&["-f", path]).0, 3);
}

/// Two users who call their boards the same: one of them does not ring the other's alarm.
#[test]
fn of_an_owner_no_other_board_is_judged() {
    if !nix::unistd::geteuid().is_root() {
        return tests::build::skip("boards of two users need root");
    }
    let name = program::name("namesake");
    let _ours = Program::behave(&name, &["numbers"]);
    let theirs = served::behave(&name, &["numbers"]);
    assert_eq!(answer(&[&name]).0, 0);
    theirs.signal(Signal::SIGSTOP);
    until("it is seen to be stopped", || answer(&[&name]).0 == 2);
    assert_eq!(answer(&[&name, "--owner", "root"]).0, 0);
    assert_eq!(answer(&[&name, "--owner", "0", "--deadlock"]).0, 0);
    let (code, line) = answer(&[&name, "--owner", "nobody"]);
    assert_eq!((code, line.contains("stopped")), (2, true), "{line}");
    let (code, line) = answer(&[&name, "--owner", "daemon"]);
    let told = format!("no board of name `{name}` is daemon's; of others there are 2");
    assert_eq!((code, line.contains(&told)), (2, true), "{line}");
    // What cannot be read is of whom it is, too.
    let squat = std::path::Path::new("/dev/shm").join(format!("{name}.1.1"));
    std::fs::write(&squat, "no board").expect("written");
    let owner = std::os::unix::fs::chown(&squat, Some(65534), None);
    let codes = [&["--owner", "root"], &["--owner", "nobody"]]
        .map(|whose| answer(&[&[name.as_str()], &whose[..]].concat()).0);
    let _ = std::fs::remove_file(&squat);
    owner.expect("given away");
    assert_eq!(codes, [0, 2]);
}

#[test]
fn a_wrong_line_is_unknown_and_said_where_a_monitor_reads() {
    for (wrong, why) in [
        (["--stalled", "5s,1s"], "CRIT comes before WARN"),
        (["--load", "130"], "not within 0 and 100"),
        (["--counter", "errors"], "no > or <"),
        (["--no-such", "1"], "unexpected argument"),
    ] {
        let (code, line) = answer(&wrong);
        assert_eq!((code, line.contains(why)), (3, true), "{line}");
    }
}

#[test]
fn its_own_numbers_are_held_against_limits_on_either_side() {
    let name = program::name("numbers");
    let (_program, _) = Program::behave(&name, &["numbers"]);
    let json = program::document(&["-n", &name]);
    let board = &json["boards"][0];
    let counter = &board["counters"][0];
    let (of, value) = (counter["name"].as_str().expect("a name"), {
        let all = board["counters"].as_array().expect("counters").iter();
        let members = all.filter(|one| one["name"] == counter["name"]);
        members.map(|one| one["value"].as_u64().expect("a value")).sum::<u64>()
    });
    for (condition, code) in [
        (format!("{of}>{value}"), 0),
        (format!("{of}<{value}"), 0),
        (format!("{of}<{}", value + 1), 1),
        (format!("{of}<{},{}", value + 2, value + 1), 2),
    ] {
        let (said, line) = answer(&[&name, "--counter", &condition]);
        assert_eq!(said, code, "{condition}: {line}");
    }
    until("the counter has a rate", || {
        let (code, line) = answer(&[&name, "--counter", &format!("rate({of})>1e12")]);
        assert!(code == 0 || line.contains("not known yet"), "{line}");
        code == 0
    });
    let gauge = board["gauges"][0]["name"].as_str().expect("a gauge");
    let (code, line) = answer(&[&name, "--counter", &format!("rate({gauge})>1")]);
    assert!(code == 3 && line.contains("a gauge, which has a value and no rate"), "{line}");
    let (_, line) = answer(&[&name, "--counter", &format!("{of}<{},{}", value + 2, value + 1)]);
    let (shown, unit, limits) = data(&line, &format!("{name} {of}"));
    assert_eq!((shown as u64, unit.as_str()), (value, "c"), "{line}");
    assert_eq!(limits[..2], [format!("{}:", value + 2), format!("{}:", value + 1)]);
}

#[test]
fn of_several_boards_the_worst_decides() {
    let name = program::name("several");
    let (_one, _) = Program::behave(&name, &["idle"]);
    let (other, _) = Program::behave(&name, &["idle"]);
    other.signal(Signal::SIGSTOP);
    until("one of two is stopped", || answer(&[&name]).0 == 2);
    let json = inspect(&["check", &name, "--json", "--lost"]);
    assert_eq!(json.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["status"], "CRITICAL");
    let findings = json["findings"].as_array().expect("findings");
    // The one that runs was asked both, the one that is stopped nothing else.
    assert_eq!(findings.len(), 3, "{json:#}");
    assert_eq!(findings[0]["pid"], other.pid());
}
