//! Python with packages of others: official readers of the forms that we write.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::build;

/// Packages that tests use, by their names on PyPI. Released versions, so that a run today is a run tomorrow.
const PACKAGES: [&str; 6] = [
    "prometheus-client==0.26.0",
    "protobuf==7.36.2",
    "perfetto==0.59.1",
    "opentelemetry-proto==1.45.2",
    "rotel==0.0.1a15",
    "selenium==4.51.0",
];

/// A Python that has the packages above, below the build's own directory; made once. Where it cannot be made the test is
/// skipped and says so, and in CI it fails instead.
///
/// # Panics
/// In CI, when it cannot be had.
#[track_caller]
pub fn python() -> Option<PathBuf> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let home = build::target().join("python");
    let python = home.join("bin/python");
    // Which packages are in it, once they all are.
    let done = home.join("scoreboard-packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Some(python);
    }
    let ran = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = ran(Command::new("python3").args(["-m", "venv"]).arg(&home))
        && ran(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES));
    if made && std::fs::write(&done, wanted).is_ok() {
        return Some(python);
    }
    build::skip("no Python with packages: apt-get install python3-venv, and PyPI must answer");
    None
}

/// What a script prints, with these arguments.
///
/// # Panics
/// When it fails.
#[track_caller]
pub fn run(python: &PathBuf, script: &str, arguments: &[&str]) -> String {
    build::run(Command::new("timeout").arg("60").arg(python).args(["-c", script]).args(arguments))
}
