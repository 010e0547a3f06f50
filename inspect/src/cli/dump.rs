//! `dump`: a board saved as it is, with its context.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::args::Cli;
use super::common::boards;
use super::failure::Failure;
use super::output::Output;
use super::record;
use crate::clock::Moment;
use crate::context::Look as Around;
use crate::locate::Target;
use crate::saved::{self, Failed};
use crate::words::human::bytes;
use crate::words::term::term;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    output: &Path,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    if super::output::is_stdout(output) {
        record::no_terminal("a saved board")?;
    }
    // Opened first: reading may mean giving up the right to.
    let mut file = Output::create(output)?;
    let line = save(cli, target, &mut file, remarks)?;
    file.keep()?;
    if super::output::is_stdout(output) {
        return Ok(writeln!(remarks, "inspect: {line} to stdout")?);
    }
    Ok(writeln!(out, "{line} to {}", term(&output.display().to_string()))?)
}

fn save(
    cli: &Cli,
    target: &Target,
    file: &mut Output,
    remarks: &mut dyn Write,
) -> Result<String, Failure> {
    let mut found = boards(target, &cli.common, Around::Names, remarks)?;
    if found.len() > 1 {
        let pids: Vec<String> =
            found.iter().map(|board| board.board.header.pid.to_string()).collect();
        return Err(Failure::usage(format!(
            "{}: several boards; choose one with -p: {}",
            target.words(),
            pids.join(", ")
        )));
    }
    let Some(board) = found.pop() else {
        return Err(Failure { code: 3, text: format!("no board of {}", target.words()) });
    };
    let mut context = board.context.clone();
    if !board.is_saved() {
        context.moment = Moment::now(context.moment.tsc != 0);
        context.saved_wall_ns = Some(context.moment.wall_ns);
    }
    let saved = saved::write(&mut BufWriter::new(file), &board.board, &context);
    let saved = saved.map_err(|failed| match failed {
        Failed::Writing(error) => Failure::from(error),
        Failed::Reading(error) => error.into(),
    })?;
    Ok(format!("saved {} of pid {} ({})", bytes(saved), board.board.header.pid, context.verdict))
}
