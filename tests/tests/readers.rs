//! Readers that others write on the library: the examples, without any front end, on real processes.

use std::path::PathBuf;
use std::process::{Command, Output};

use tests::{build, program};

/// An example of the library, built without its default features.
#[track_caller]
fn example(name: &str) -> PathBuf {
    // A directory of its own: a library without front ends replaces none that has them.
    let target = build::target().join("for-tests").join("readers");
    let mut cargo = build::cargo();
    cargo.args(["build", "--quiet", "--package", "scoreboard-inspect", "--no-default-features"]);
    cargo.args(["--locked", "--example", name, "--target-dir"]).arg(&target);
    build::run(cargo.current_dir(build::root()));
    target.join("debug/examples").join(name)
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_reader_of_thirty_lines_exports_one_number() {
    let name = program::name("one-number");
    let (program, _) = program::Program::behave(&name, &["numbers"]);
    let board = program::board(program.pid());
    let counter = &board["counters"][0];
    let (of, value) = (counter["name"].as_str().expect("a name"), counter["value"].clone());
    let output = Command::new(example("one_number")).args([&name, of]).output().expect("it runs");
    let expected = format!("# TYPE {of} counter\n{of}{{pid=\"{}\"}} {value}\n", program.pid());
    assert_eq!(said(&output), expected);
    let none = Command::new(example("one_number")).args(["no-such-board", of]).output();
    assert!(!none.expect("it runs").status.success());
}

#[test]
fn a_reader_waits_for_a_stall_and_says_where_it_is() {
    let name = program::name("stall-watcher");
    let (_program, _) = program::Program::behave(&name, &["lock"]);
    let output = Command::new(example("stall_watcher")).arg(&name).output().expect("it runs");
    let text = said(&output);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(" stands still at ") && text.contains("threads.rs:"), "{text}");
}

#[test]
fn the_library_without_front_ends_brings_no_command_line_and_no_terminal() {
    let mut cargo = build::cargo();
    cargo.args(["tree", "--locked", "--package", "scoreboard-inspect", "--edges", "normal"]);
    cargo.args(["--prefix", "none", "--format", "{p}"]).current_dir(build::root());
    let all = build::run(&mut cargo);
    let without = build::run(cargo.arg("--no-default-features"));
    for front in ["clap ", "clap_complete ", "clap_mangen ", "ratatui ", "terminal_size "] {
        assert!(all.lines().any(|line| line.starts_with(front)), "{front}: {all}");
        assert!(!without.lines().any(|line| line.starts_with(front)), "{front}: {without}");
    }
}
