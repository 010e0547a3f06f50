//! `stall_watcher BOARD`: waits until a thread of a daemon stands still, says where, and ends.

use std::io::Write;
use std::time::Duration;

use inspect::context::Look;
use inspect::words::term::{label, maybe};
use inspect::{OpenBoard, Target};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).ok_or("stall_watcher BOARD")?;
    let mut boards = inspect::open(&Target::Name(name))?;
    let board = boards.iter_mut().find(|board| board.exists()).ok_or("it does not run")?;
    while OpenBoard::exists(board) {
        let report = board.report()?;
        if let Some(thread) = report.threads.iter().find(|thread| thread.stalled) {
            // What the daemon wrote is printed only after `label` made it harmless.
            let (file, line) = (maybe(thread.file.as_ref()), thread.line.unwrap_or(0));
            let seconds = thread.since_ns.unwrap_or(0) as f64 / 1e9;
            let mut out = std::io::stdout().lock();
            let name = label(&thread.name);
            writeln!(out, "{name} stands still at {file}:{line} since {seconds:.1} s")?;
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
        board.look(Look::Verdict);
    }
    Err("it ended before anything stood still".into())
}
