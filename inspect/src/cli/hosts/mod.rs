//! The verbs over other hosts: `--endpoints`. Each is a question, and rows; one more verb is one more line of
//! [`run`], and a file.

mod ask;
mod cancel;
mod capacity;
mod check;
mod history;
mod list;
mod ops;
mod rows;
mod table;
mod top;
mod waits;
mod why;

use std::io::Write;

use super::args::{Cli, OpsAction, Verb};
use super::failure::Failure;
use crate::locate::Target;
use ask::Ask;

/// Runs a verb over the hosts of `--endpoints`; `None` where that was not said, or the verb is about something else.
pub(super) fn run(
    cli: &Cli,
    target: &Target,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Option<Result<(), Failure>> {
    cli.common.endpoints.as_ref()?;
    if let Some(Verb::Top { .. }) = &cli.verb {
        return Some(top::run(cli, target));
    }
    if let Some(Verb::History { action: None, pick, .. }) = &cli.verb {
        return Some(history::run(cli, target, pick, (out, remarks)));
    }
    let verb: fn(&mut Ask<'_>) -> Result<(), Failure> = match &cli.verb {
        None => table::run,
        Some(Verb::List(_)) => list::run,
        Some(Verb::Ops { action: None, .. }) => ops::run,
        Some(Verb::Ops { action: Some(OpsAction::Cancel { .. }), .. }) => cancel::run,
        Some(Verb::Waits { .. }) => waits::run,
        Some(Verb::Why { .. }) => why::run,
        Some(Verb::Capacity { .. }) => capacity::run,
        Some(Verb::Check { .. }) => check::run,
        _ => return None,
    };
    let asked = Ask::new(cli, target, out, remarks);
    Some(asked.and_then(|mut ask| verb(&mut ask)))
}
