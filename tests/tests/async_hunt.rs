//! The guide to a deadlock of two tasks, gone through again: what it shows is what comes out. `UPDATE_GOLDEN=1` takes its
//! sessions anew.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tests::program::{self, Program, inspect};
use tests::{build, session, wait};

const DEADLINE: Duration = Duration::from_secs(60);

fn guide() -> (PathBuf, String) {
    let path = build::root().join("docs/async-deadlock.md");
    let text = std::fs::read_to_string(&path).expect("the guide");
    (path, text)
}

/// A line of a session with everything left out that another run has otherwise: numbers, and what the screen cut.
fn words(line: &str) -> Vec<&str> {
    let other = |word: &str| word.contains(|char: char| char.is_ascii_digit() || char == '…');
    line.split_whitespace().filter(|word| !other(word)).collect()
}

/// What the guide shows below the `nth` block of a command, but for the lines above each table.
fn pasted(text: &str, command: &str, nth: usize) -> Vec<String> {
    let at = format!("$ {command}");
    let mut blocks = text.lines().enumerate().filter(|(_, line)| *line == at).map(|(at, _)| at);
    let begin = blocks.nth(nth).unwrap_or_else(|| panic!("no {command}"));
    let below = text.lines().skip(begin + 1).take_while(|line| *line != "```");
    let rows: Vec<String> = below.skip(3).map(str::to_owned).collect();
    assert!(rows.len() > 2, "nothing is pasted below {command}");
    rows
}

#[track_caller]
fn all_real(rows: &[String], real: &str) {
    for row in rows.iter().filter(|row| !words(row).is_empty()) {
        let told = words(row);
        let same = |line: &str| {
            let said = words(line);
            said.starts_with(&told) || told.starts_with(&said) && said.len() > 3
        };
        assert!(real.lines().any(same), "{row:?} is not in\n{real}");
    }
}

#[test]
fn the_guide_finds_the_two_tasks_again() {
    let fixture = program::debug("fixture-locks");
    let of_inspect = program::debug("inspect");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let programs = [&fixture, &of_inspect].map(|one| one.parent().expect("a directory"));
        let (path, text) = guide();
        std::fs::write(path, session::renewed(&text, &programs).0).expect("written");
        program::remove_boards("transfers");
    }
    let text = guide().1;
    // What is run is what is shown.
    let source =
        std::fs::read_to_string(build::root().join("tests/fixtures/locks/src/transfers.rs"))
            .expect("the source");
    let shown = text.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    for part in shown.expect("a program").split("\n\n") {
        assert!(source.contains(part.trim_end()), "{part}");
    }
    let name = program::name("transfers");
    let mut program = Program::start(Command::new(&fixture).args([&name, "transfers"]), &name);
    program.until_ready();
    let said = |arguments: &[&str]| {
        let output = inspect(&[arguments, &["-n", &name]].concat());
        String::from_utf8(output.stdout).expect("UTF-8").replace(&name, "transfers")
    };
    // Until then one of them might have a limit that nobody sees.
    wait::until("a deadlock of ten seconds", DEADLINE, || {
        let output = inspect(&["waits", "--json", "-n", &name]);
        let waits: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        (waits["cycles"][0]["first_seen_ns"].as_u64() > Some(10_500_000_000)).then_some(())
    });
    let why = said(&["why"]);
    assert!(why.contains("1. CRITICAL: deadlock"), "{why}");
    all_real(&pasted(&text, "inspect why transfers", 0), &why);
    all_real(&pasted(&text, "inspect waits transfers", 0), &said(&["waits"]));
    all_real(&pasted(&text, "inspect ops transfers", 0), &said(&["ops"]));
    assert_eq!(inspect(&["check", "-n", &name, "--deadlock"]).status.code(), Some(2));
    program.kill();
    let dead = wait::until("its end", DEADLINE, || {
        Some(said(&["waits"])).filter(|said| said.contains("DEAD "))
    });
    assert!(dead.contains("DEADLOCK"), "{dead}");
    all_real(&pasted(&text, "inspect waits transfers", 1), &dead);
}
