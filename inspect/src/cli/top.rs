//! `top`: the live screen.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use nix::sys::signal::{Signal, raise};

use super::args::{Cli, Common};
use super::common::{boards, look};
use super::failure::Failure;
use crate::context::Look as Around;
use crate::locate::Target;
use crate::top::state::State;
use crate::top::watch::Watch;
use crate::top::{self, Options, TopError};
use crate::words::term::term;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    rate_hz: u32,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let common = &cli.common;
    on_a_terminal(common)?;
    let boards = boards(target, common, Around::All, remarks)?;
    let look = look(common);
    let state = State::new(look.sort, look.filter.as_deref(), look.all);
    ended(top::run(|| Watch::new(boards, target, rate_hz), state, &options(common)))
}

/// Says no where there is no screen to be had.
pub(super) fn on_a_terminal(common: &Common) -> Result<(), Failure> {
    if common.json {
        return Err(Failure::usage(
            "top is a screen; `inspect --json --interval 1s` is for programs",
        ));
    }
    let dumb = std::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() || dumb {
        return Err(Failure::usage(
            "top needs a terminal on stdin and stdout (and TERM); `inspect --interval 1s` prints tables anywhere",
        ));
    }
    Ok(())
}

/// How the screen runs.
pub(super) fn options(common: &Common) -> Options {
    Options {
        interval: common.interval.unwrap_or(Duration::from_secs(1)),
        count: common.count,
        color: look(common).color,
    }
}

/// What is said of how the screen ended.
pub(super) fn ended(end: Result<Option<Signal>, TopError>) -> Result<(), Failure> {
    match end {
        Ok(None) => Ok(()),
        Ok(Some(signal)) => {
            // The terminal is as it was; whoever sent the signal sees that it worked.
            let _ = raise(signal);
            Ok(())
        }
        Err(TopError::Board(error)) => Err(error.into()),
        Err(error) => Err(Failure::new(term(&error.to_string()))),
    }
}
