//! `tour`: the main job on one screen. A daemon of its own, on an empty directory and a free port,
//! under a board name of its own; nothing is left behind.

mod histogram;
mod show;
mod stage;

use std::time::Duration;

use crate::args::Tour;
use crate::failure::Failure;
use show::{say, step};
use stage::Stage;

/// Runs the tour.
///
/// # Errors
/// The daemon or the load could not be started, or failed.
pub(crate) fn run(options: &Tour) -> Result<(), Failure> {
    if !probe::ENABLED {
        return Err(Failure::new(
            "this build has no probes, so there is nothing to show",
            "run `cargo tour`, or build with `--features probes`",
        ));
    }
    let mut stage = Stage::set()?;
    step(&format!("a daemon: pid {}, {}, board {}", stage.pid(), stage.address(), stage.board()));
    let load = stage.start_load()?;
    let half = options.duration / 2;
    std::thread::sleep(half);
    step("under load from two client processes, the board says");
    say(&show::board(stage.pid())?);
    std::thread::sleep(half);
    step("and a moment later");
    say(&show::board(stage.pid())?);
    step("where the time goes: every thread's line, looked at 1000 times a second");
    let tally = histogram::sample(stage.pid(), Duration::from_secs(1))?;
    say(&histogram::lines(&tally));
    if let Some(excerpt) = histogram::hottest(&tally) {
        step("the same beside the source");
        say(&excerpt);
    }
    step(&format!("a flame graph of it: {}", histogram::flame(&tally)?.display()));
    step("kill -9 under load; the post-mortem");
    stage.kill();
    say(&show::board(stage.pid())?);
    step("and what the clients know");
    say(&load.last_words()?);
    Ok(())
}
