//! `profile` and `report`: the line histogram, of now or of a recording.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::args::{Cli, Pacing, Pick};
use super::common::look;
use super::failure::Failure;
use super::sampling::{
    Sampling, Turn, answered, counting, nobody_waited, nonempty, open_for_blame, path, read,
};
use crate::locate::Target;
use crate::report::{Locks, Tally, Weight, json, text, timeline};
use crate::words::term;

/// How long `profile` samples when nothing is said.
const DEFAULT: Duration = Duration::from_secs(10);
/// Rows that are shown without `--all`.
const TOP: usize = 30;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    pacing: &Pacing,
    pick: &Pick,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    one_question(pick)?;
    let mut sampling = Sampling::open(cli, target, pacing, remarks)?;
    sampling.or_for(DEFAULT);
    if pick.locks {
        let mut locks = Locks::default();
        sampling.run(&mut locks, remarks, &mut |_| Turn::default())?;
        return show_locks(cli, locks, out);
    }
    let mut tally = Tally::new(counting(cli, pick));
    sampling.run(&mut tally, remarks, &mut |_| Turn::default())?;
    tally.finish();
    show(cli, &tally, pick, out)
}

/// Blame is of those who wait; what is asked of where threads are has no answer in it.
///
/// # Errors
/// Both are asked at once.
fn one_question(pick: &Pick) -> Result<(), Failure> {
    let also = [
        (pick.weight == Weight::Parallel, "--weight parallel"),
        (pick.whole, "--whole"),
        (pick.only.idle, "--idle"),
        (pick.timeline, "--timeline"),
    ];
    match also.into_iter().find(|(asked, _)| *asked && pick.only.blame) {
        Some((_, flag)) => Err(super::sampling::not_with_blame(flag)),
        None => Ok(()),
    }
}

pub(super) fn report(
    cli: &Cli,
    target: &Target,
    pick: &Pick,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    one_question(pick)?;
    let path = path("report", target)?;
    if pick.locks {
        let mut locks = Locks::default();
        for remark in open_for_blame(&path)?.read(&mut locks)? {
            let _ =
                writeln!(remarks, "inspect: {}: {remark}", term::term(&path.display().to_string()));
        }
        return show_locks(cli, locks, out);
    }
    let tally = read(&path, counting(cli, pick), remarks)?;
    show(cli, &tally, pick, out)
}

/// Locks by the time that was waited for them.
fn show_locks(cli: &Cli, mut locks: Locks, out: &mut dyn Write) -> Result<(), Failure> {
    locks.tally.finish();
    if cli.common.json {
        writeln!(out, "{}", super::common::pretty(&locks.json())?)?;
    } else {
        write!(out, "{}", locks.text(&look(&cli.common)))?;
    }
    match locks.rows().is_empty() {
        true => Err(Failure::new(nobody_waited(&locks.tally))),
        false => Ok(()),
    }
}

/// A recording where a board was expected: what a report shows of it without being asked for more.
pub(super) fn show_recording(
    cli: &Cli,
    path: &Path,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let pick = Pick::default();
    show(cli, &read(path, counting(cli, &pick), remarks)?, &pick, out)
}

fn show(cli: &Cli, tally: &Tally, pick: &Pick, out: &mut dyn Write) -> Result<(), Failure> {
    let answer = answered(tally);
    let look = look(&cli.common);
    if cli.common.json {
        let mut document = json::report(tally, &answer);
        if pick.timeline {
            document = document.with("timeline", timeline::json(tally));
        }
        super::common::document(cli, out, &document)?;
    } else if pick.timeline {
        write!(out, "{}", term::fold(&text::head(tally, &answer), look.columns))?;
        write!(out, "\n{}", timeline::text(tally, &answer, &look))?;
    } else {
        let top = if look.all { usize::MAX } else { TOP };
        write!(out, "{}", text::report(tally, &answer, &look, top))?;
    }
    nonempty(tally, &answer)
}
