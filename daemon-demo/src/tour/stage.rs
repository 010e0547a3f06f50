//! The processes of the tour, and what belongs to them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::failure::Failure;

/// The daemon of the tour. Dropping it ends the daemon and removes its data and its boards.
pub(super) struct Stage {
    daemon: Running,
    address: String,
    board: String,
    _data: TempDir,
}

impl Stage {
    /// Starts the daemon and waits until it serves.
    ///
    /// # Errors
    /// It could not be started, or said nothing.
    pub(super) fn set() -> Result<Self, Failure> {
        let data = tempfile::tempdir().map_err(|error| {
            Failure::new(format!("cannot make a temporary directory: {error}"), "set TMPDIR")
        })?;
        let board = format!("tour-{}", std::process::id());
        let mut daemon = Running::start(|command| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--name", &board]);
            command.arg("--data").arg(data.path()).stderr(Stdio::piped());
        })?;
        let address = read_address(&mut daemon.0).ok_or_else(|| {
            Failure::new("the daemon did not say where it listens", "try `daemon-demo serve`")
        })?;
        Ok(Self { daemon, address, board, _data: data })
    }

    pub(super) fn pid(&self) -> u32 {
        self.daemon.0.id()
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn board(&self) -> &str {
        &self.board
    }

    /// Starts a load that goes on until the daemon is gone.
    ///
    /// # Errors
    /// It could not be started.
    pub(super) fn start_load(&self) -> Result<Running, Failure> {
        Running::start(|command| {
            command.args(["load", "--connect", &self.address, "--name", &self.board]);
            command.args(["--duration", "1h"]).stdout(Stdio::piped()).stderr(Stdio::null());
        })
    }

    /// Kills the daemon with SIGKILL, so that it cannot say goodbye.
    pub(super) fn kill(&mut self) {
        self.daemon.end();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill();
        let ours = inspect::locate::here().into_iter().filter(|board| board.name == self.board);
        for board in ours.filter(|board| board.pid == self.pid()) {
            // It is gone already, at worst.
            let _ = std::fs::remove_file(board.path);
        }
    }
}

/// A process that ends with its owner.
pub(super) struct Running(Child);

impl Running {
    fn start(arguments: impl FnOnce(&mut Command)) -> Result<Self, Failure> {
        let spawn = || {
            let mut command = Command::new(std::env::current_exe()?);
            command.stdin(Stdio::null());
            // The tour shows the board, so there has to be one.
            command.env_remove("PROBE");
            arguments(&mut command);
            command.spawn()
        };
        spawn()
            .map(Self)
            .map_err(|error| Failure::new(format!("cannot start this program again: {error}"), ""))
    }

    /// Waits for the end and returns what it printed.
    ///
    /// # Errors
    /// It could not be read.
    pub(super) fn last_words(mut self) -> Result<String, Failure> {
        let mut text = String::new();
        if let Some(mut stdout) = self.0.stdout.take() {
            std::io::Read::read_to_string(&mut stdout, &mut text).map_err(|error| {
                Failure::new(format!("cannot read what the load says: {error}"), "")
            })?;
        }
        Ok(text)
    }

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

/// The address in the line that the daemon says when it is ready; all later lines are passed on.
fn read_address(daemon: &mut Child) -> Option<String> {
    let mut lines = BufReader::new(daemon.stderr.take()?).lines().map_while(Result::ok);
    let address = lines.find_map(|line| {
        let Some((_, rest)) = line.split_once("listening on ") else {
            crate::say::line(format!("{line}\n"));
            return None;
        };
        Some(rest.split(',').next()?.to_owned())
    });
    std::thread::spawn(move || lines.for_each(|line| crate::say::line(format!("{line}\n"))));
    address
}
