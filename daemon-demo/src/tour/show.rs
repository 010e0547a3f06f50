//! What the tour prints.

use std::io::Write as _;

use inspect::render::{Look, text};
use inspect::{OpenBoard, Target};

use crate::failure::Failure;

/// The heading of a step.
pub(super) fn step(heading: &str) {
    say(&format!("\n== {heading}\n"));
}

/// Prints a text. A closed pipe is no error.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The board of a process as `inspect` shows it.
///
/// # Errors
/// There is none, or it cannot be read.
pub(super) fn board(pid: u32) -> Result<String, Failure> {
    let report = open(pid)?.report().map_err(failure)?;
    Ok(text::board(&report, &Look::default()))
}

/// Opens the board of a process.
///
/// # Errors
/// There is none.
pub(super) fn open(pid: u32) -> Result<OpenBoard, Failure> {
    let boards = inspect::open(&Target::Pid(pid)).map_err(failure)?;
    boards
        .into_iter()
        .next()
        .ok_or_else(|| Failure::new(format!("process {pid} has no board"), "try `inspect doctor`"))
}

pub(super) fn failure(error: inspect::OpenError) -> Failure {
    Failure::new(format!("cannot read the daemon's board: {error}"), "try `inspect doctor`")
}
