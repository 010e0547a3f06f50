//! No verb: one plain table, on a terminal and redirected alike.

use std::io::Write;

use super::args::Cli;
use super::common::{boards, look, repeat};
use super::failure::Failure;
use super::{list, profile};
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::locate::Target;
use crate::model::BoardReport;
use crate::open_board::OpenBoard;
use crate::recording::is_recording;
use crate::render::{json, meaning, text};

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let common = &cli.common;
    if let Target::File(path) = target
        && is_recording(path)
    {
        return profile::show_recording(cli, path, out, remarks);
    }
    let mut attached = boards(target, common, Around::All, remarks)?;
    if *target == Target::Any && attached.len() > 1 {
        return list::run(cli, target, out, remarks);
    }
    let look = look(common);
    two_looks(&mut attached);
    repeat(common, |again| {
        if again {
            attached = refresh(std::mem::take(&mut attached), target, cli, remarks);
        }
        let (reports, failed) = reports(&mut attached);
        if reports.is_empty()
            && let Some(error) = failed
        {
            return Err(error.into());
        }
        if let Some(error) = failed {
            let _ = writeln!(remarks, "inspect: {}", Failure::from(error).text);
        }
        if common.json || common.jsonl {
            let document = json::document(reports, &look);
            super::common::document(cli, out, &document)?;
        } else {
            let show = if common.help_numbers { meaning::board } else { text::board };
            let tables: Vec<String> = reports.iter().map(|report| show(report, &look)).collect();
            write!(out, "{}", tables.join("\n"))?;
            if common.interval.is_some() || common.count.is_some() {
                writeln!(out)?;
            }
        }
        Ok(out.flush()?)
    })
}

/// The reports of all boards that can be read, and the last failure.
fn reports(boards: &mut [OpenBoard]) -> (Vec<BoardReport>, Option<OpenError>) {
    let mut failed = None;
    let reports = boards
        .iter_mut()
        .filter_map(|board| board.report().map_err(|error| failed = Some(error)).ok())
        .collect();
    (reports, failed)
}

/// A daemon without a keeper is looked at twice, a second apart.
fn two_looks(boards: &mut [OpenBoard]) {
    // A board that cannot be read says so in its report.
    let taken = boards.iter_mut().filter_map(|board| board.first_look().ok());
    if taken.fold(false, |any, one| any | one) {
        std::thread::sleep(OpenBoard::APART);
    }
}

/// Looks around again: the same boards, unless a daemon was started meanwhile. The dead are shown
/// until there is one; a saved board stays.
fn refresh(
    mut boards: Vec<OpenBoard>,
    target: &Target,
    cli: &Cli,
    remarks: &mut dyn Write,
) -> Vec<OpenBoard> {
    if !matches!(target, Target::File(_)) {
        let once = super::args::Common { wait: None, ..cli.common.clone() };
        let found = super::common::boards(target, &once, Around::All, &mut std::io::sink());
        let known = |new: &OpenBoard| boards.iter().any(|old| old.candidate.id == new.candidate.id);
        if let Ok(mut found) = found
            && found.iter().any(|new| new.exists() && !known(new))
        {
            let _ = writeln!(remarks, "inspect: another process of that name was started");
            two_looks(&mut found);
            return found;
        }
    }
    for board in &mut boards {
        board.look(Around::All);
    }
    boards
}
