//! `tour`: the main job on one screen. A daemon of its own, on an empty directory and a free port,
//! under a board name of its own; nothing is left behind.
//!
//! The steps that show a board are marked; they are to be filled in with the `inspect` library.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::args::Tour;
use crate::failure::Failure;

/// Runs the tour.
///
/// # Errors
/// The daemon or the load could not be started, or failed.
pub(crate) fn run(options: &Tour) -> Result<(), Failure> {
    let stage = Stage::set()?;
    step(&format!("a daemon: {} on {}, board {}", stage.daemon.0.id(), stage.address, stage.board));
    let mut load = stage.start_load(options)?;
    step("a load from two client processes; the board meanwhile, twice");
    show_board(&stage.board);
    show_board(&stage.board);
    step("where the time goes: the lines at 1 kHz");
    show_profile(&stage.board);
    let status = load
        .0
        .wait()
        .map_err(|error| Failure::new(format!("cannot wait for the load: {error}"), ""))?;
    if !status.success() {
        return Err(Failure::new(format!("the load ended with {status}"), ""));
    }
    step("kill -9, and the post-mortem");
    let board = stage.board.clone();
    stage.kill();
    show_board(&board);
    Ok(())
}

/// The daemon of the tour and what belongs to it. Dropping it ends the daemon and removes the data.
struct Stage {
    daemon: Running,
    address: String,
    board: String,
    _data: TempDir,
}

impl Stage {
    fn set() -> Result<Self, Failure> {
        let data = tempfile::tempdir().map_err(|error| {
            Failure::new(format!("cannot make a temporary directory: {error}"), "set TMPDIR")
        })?;
        let board = format!("tour-{}", std::process::id());
        let mut daemon = this_program(|command| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--name", &board]);
            command.arg("--data").arg(data.path()).stderr(Stdio::piped());
        })?;
        let address = read_address(&mut daemon).ok_or_else(|| {
            Failure::new("the daemon did not say where it listens", "run `daemon-demo serve`")
        })?;
        Ok(Self { daemon, address, board, _data: data })
    }

    fn start_load(&self, options: &Tour) -> Result<Running, Failure> {
        this_program(|command| {
            command.args(["load", "--connect", &self.address, "--name", &self.board]);
            command.args(["--duration", &format!("{}ms", options.duration.as_millis())]);
        })
    }

    /// Kills the daemon with SIGKILL, so that it cannot say goodbye.
    fn kill(mut self) {
        self.daemon.end();
    }
}

/// A process that ends with its owner.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        // Both fail only when it is over already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn this_program(arguments: impl FnOnce(&mut Command)) -> Result<Running, Failure> {
    let spawn = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.stdin(Stdio::null());
        arguments(&mut command);
        command.spawn()
    };
    spawn()
        .map(Running)
        .map_err(|error| Failure::new(format!("cannot start this program again: {error}"), ""))
}

/// The address in the line that the daemon says when it is ready; all later lines are passed on.
fn read_address(daemon: &mut Running) -> Option<String> {
    let mut lines = BufReader::new(daemon.0.stderr.take()?).lines().map_while(Result::ok);
    let address = lines.find_map(|line| {
        let (_, rest) = line.split_once("listening on ")?;
        Some(rest.split(',').next()?.to_owned())
    });
    std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
    address
}

fn step(text: &str) {
    // A closed pipe is no error.
    let _ = writeln!(std::io::stdout(), "\n== {text}");
}

/// To be filled in: the plain table of the board.
fn show_board(_board: &str) {}

/// To be filled in: the line histogram, and the path of a flame graph.
fn show_profile(_board: &str) {}
