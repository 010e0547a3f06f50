//! One recording of a program with known lines, and the forms that `inspect export` makes of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::build;
use crate::program::{self, Program, inspect};

/// A recording of a program with known lines, and what the report says of it.
struct Known {
    directory: PathBuf,
    report: Value,
}

/// One recording for all tests here.
fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let name = program::name("exports");
        let (_program, _) = Program::behave(&name, &["shares", "700"]);
        // Below the build's own directory: what outlives the tests is nobody's litter.
        let of = std::env::current_exe().expect("a program");
        let of = of.file_stem().expect("a name").to_string_lossy().into_owned();
        let directory = build::target().join("for-tests/exports").join(of);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("a.rec");
        let file = path.to_str().expect("a path");
        assert!(inspect(&["record", &name, "-d", "1500ms", "-o", file]).status.success());
        let report = inspect(&["report", file, "--json"]).stdout;
        Known { directory, report: serde_json::from_slice(&report).expect("JSON") }
    })
}

/// A path beside the recording.
pub fn path(name: &str) -> PathBuf {
    known().directory.join(name)
}

/// It as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// The recording in a form, and in a file.
pub fn exported(format: &str) -> PathBuf {
    let to = path(&format!("{format}.out"));
    let output = inspect(&["export", format, text(&path("a.rec")), "-o", text(&to)]);
    assert!(output.status.success(), "{output:?}");
    to
}

/// Samples of a label, by the report.
pub fn samples(label: &str) -> u64 {
    let lines = known().report["lines"].as_array().into_iter().flatten();
    lines.filter(|line| line["label"] == label).filter_map(|line| line["samples"].as_u64()).sum()
}

/// What `inspect report` says of the recording.
pub fn report() -> &'static Value {
    &known().report
}

/// All samples, by the report.
pub fn all_samples() -> u64 {
    known().report["samples"].as_u64().expect("samples")
}

/// Runs a tool that must succeed, with a minute's time and no home of its own.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a home");
    build::run(
        Command::new("timeout").arg("60").arg(program).args(arguments).env("HOME", home.path()),
    )
}
