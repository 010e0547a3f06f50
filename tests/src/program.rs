//! Programs under test: started, waited for, and never left behind.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::build;

/// Programs of the workspace that tests start as they are built in debug.
const PROGRAMS: [&str; 12] = [
    "daemon-demo",
    "example-tower",
    "example-tracing",
    "fixture-behave",
    "fixture-hazards",
    "fixture-locks",
    "fixture-spans",
    "fixture-web",
    "grown",
    "grown_sites",
    "inspect",
    "panics",
];

/// A program of the workspace, in debug, as the surrounding test run builds it (all of them, once in a test process).
///
/// # Panics
/// When it is none of them, or is not built.
#[track_caller]
pub fn debug(binary: &str) -> PathBuf {
    static BUILT: Mutex<bool> = Mutex::new(false);
    assert!(PROGRAMS.contains(&binary), "{binary} is not among PROGRAMS");
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*built {
        let mut cargo = build::cargo();
        cargo.args(["build", "--quiet", "--locked", "--workspace"]);
        cargo.args(PROGRAMS.iter().flat_map(|program| ["--bin", program]));
        // A test among them: what only tests depend on counts then too, and with the same features as `cargo test` has
        // built everything nothing is built again.
        build::run(cargo.args(["--test", "zz_skipped"]).current_dir(build::root()));
        *built = true;
    }
    build::target().join("debug").join(binary)
}

/// For a shell that counts descriptors: what a terminal or a tool left open for the test, and so for its children, is closed.
pub const NOTHING_ELSE_OPEN: &str = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-";

/// A board name that no other test uses.
pub fn name(of: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{of}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A running program and what it says. Killed, and its boards removed, when dropped.
#[derive(Debug)]
pub struct Program {
    /// The process.
    pub child: Child,
    said: BufReader<ChildStdout>,
    board: String,
}

impl Program {
    /// Starts a command that makes boards called `board`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(command: &mut Command, board: &str) -> Self {
        let child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, said, board: board.to_owned() }
    }

    /// The same for one that is to be told something on stdin.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn talking(command: &mut Command, board: &str) -> Self {
        let child = command.stdout(Stdio::piped()).stdin(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, said, board: board.to_owned() }
    }

    /// A `fixture-behave` that has said it is ready; what it said before.
    #[track_caller]
    pub fn behave(board: &str, what: &[&str]) -> (Self, Vec<String>) {
        // Before the program runs: whoever waits for what it does has no time to wait for a compiler.
        debug("inspect");
        let mut command = Command::new(debug("fixture-behave"));
        let mut program = Self::start(command.arg(board).args(what), board);
        let said = program.until_ready();
        (program, said)
    }

    /// Its lines up to `ready`.
    ///
    /// # Panics
    /// When it ends before.
    #[track_caller]
    pub fn until_ready(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.said.read_line(&mut line).unwrap_or(0);
            assert!(read > 0, "it ended before it was ready, after {lines:?}");
            if line.trim_end() == "ready" {
                return lines;
            }
            lines.push(line.trim_end().to_owned());
        }
    }

    /// Its next line; empty at its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.said.read_line(&mut line);
        line.trim_end().to_owned()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.pid().cast_signed());
        let _ = nix::sys::signal::kill(pid, signal);
    }

    /// Kills it with SIGKILL and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        remove_boards(&self.board);
    }
}

/// Removes every board of this name.
pub fn remove_boards(name: &str) {
    let Ok(entries) = std::fs::read_dir("/dev/shm") else { return };
    let start = format!("{name}.");
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&start) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Runs `inspect` with these arguments.
#[track_caller]
pub fn inspect(arguments: &[&str]) -> Output {
    let mut command = Command::new(debug("inspect"));
    let output = command.args(arguments).env("COLUMNS", "100").env_remove("NO_COLOR").output();
    output.unwrap_or_else(|error| panic!("inspect: {error}"))
}

/// The boards that `inspect --json` shows for these arguments.
///
/// # Panics
/// When it fails or does not print JSON.
#[track_caller]
pub fn boards(arguments: &[&str]) -> Vec<Value> {
    document(arguments)["boards"].as_array().cloned().unwrap_or_default()
}

/// What `inspect --json` prints for these arguments.
///
/// # Panics
/// When it fails or does not print JSON.
#[track_caller]
pub fn document(arguments: &[&str]) -> Value {
    let output = inspect(&[&["--json"], arguments].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "inspect {arguments:?}: {}\n{said}", output.status);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The one board of a process.
#[track_caller]
pub fn board(pid: u32) -> Value {
    let mut boards = boards(&["-p", &pid.to_string()]);
    assert_eq!(boards.len(), 1, "boards of {pid}");
    boards.remove(0)
}

/// The entry of a list whose `name` is this.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().and_then(|list| list.iter().find(|entry| entry["name"] == name));
    found.unwrap_or_else(|| panic!("no {name} in {list:#}"))
}
