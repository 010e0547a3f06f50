//! `diff`: two recordings, or two boards.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{Cli, Only};
use super::common::{boards, look};
use super::failure::Failure;
use super::output::Output;
use super::sampling::{answered, nonempty, options, read};
use crate::context::Look as Around;
use crate::derive::compare::compare;
use crate::export;
use crate::locate::Target;
use crate::model::BoardReport;
use crate::open_board::OpenBoard;
use crate::recording::is_recording;
use crate::render;
use crate::report::{By, diff};
use crate::words::term::{self, term};

/// One side.
enum Side {
    Recording(PathBuf),
    Board(Target),
}

impl Side {
    fn of(text: &str) -> Self {
        match is_recording(Path::new(text)) {
            true => Self::Recording(text.into()),
            false => Self::Board(Target::guess(text)),
        }
    }

    /// Two sides. What stands beside a recording is a file, also when it is not there.
    fn both(sides: [&str; 2]) -> Result<[Self; 2], Failure> {
        let both = sides.map(Self::of);
        let recordings = both.iter().filter(|side| matches!(side, Self::Recording(_))).count();
        if recordings == 1
            && let Some(missing) = sides.into_iter().find(|side| {
                let path = Path::new(side);
                // A pid, or the name of a board, is no file that is missing.
                let board = crate::locate::find(&Target::guess(side));
                let none = board.map_or(true, |found| found.is_empty());
                none && crate::patience::answers(path).is_ok() && !path.exists()
            })
        {
            return Err(Failure {
                code: 3,
                text: format!("{}: no such file; the other one is a recording", term(missing)),
            });
        }
        Ok(both)
    }
}

pub(super) fn run(
    cli: &Cli,
    sides: [&str; 2],
    only: &Only,
    svg: Option<&Path>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    match Side::both(sides)? {
        [Side::Recording(before), Side::Recording(after)] => {
            recordings(cli, [&before, &after], only, svg, out, remarks)
        }
        [Side::Board(before), Side::Board(after)] => {
            if svg.is_some() {
                return Err(Failure::usage(
                    "--svg draws two recordings; a board has no samples, `inspect record` takes some",
                ));
            }
            two_boards(cli, [&before, &after], out, remarks)
        }
        mixed => {
            let recording = usize::from(matches!(mixed, [_, Side::Recording(_)]));
            if let [Side::Board(Target::File(path)), _] | [_, Side::Board(Target::File(path))] =
                &mixed
            {
                // What is no board either is told to be what it is.
                super::common::leave_root(&[path])?;
                one(cli, &Target::File(path.clone()), remarks)?;
            }
            Err(Failure::usage(format!(
                "{} is a recording and {} is a board: compare two of a kind",
                term(sides[recording]),
                term(sides[1 - recording])
            )))
        }
    }
}

fn recordings(
    cli: &Cli,
    files: [&Path; 2],
    only: &Only,
    svg: Option<&Path>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    // Opened first: reading may mean giving up the right to.
    let svg = svg.map(Output::create).transpose()?;
    super::common::leave_root(&files)?;
    let [before, after] = files.map(|file| read(file, options(cli, only, By::Line), remarks));
    let (before, after) = (before?, after?);
    let (old, new) = (answered(&before), answered(&after));
    nonempty(&before, &old)?;
    nonempty(&after, &new)?;
    if let Some(file) = svg {
        file.finish(export::difference(&before, &after).as_bytes())?;
    }
    let changes = diff::changes((&before, &old), (&after, &new));
    if cli.common.json {
        return Ok(writeln!(out, "{}", super::common::pretty(&diff::json(&changes, &old, &new))?)?);
    }
    let look = look(&cli.common);
    write!(out, "{}", term::fold(&diff::head(&old, &new), look.columns))?;
    Ok(write!(out, "{}", diff::text(&changes, &look))?)
}

fn two_boards(
    cli: &Cli,
    targets: [&Target; 2],
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let files = targets.into_iter().filter_map(|target| match target {
        Target::File(path) => Some(path.as_path()),
        _ => None,
    });
    super::common::leave_root(&files.collect::<Vec<_>>())?;
    let [before, after] = targets.map(|target| one(cli, target, remarks));
    let (mut before, mut after) = (before?, after?);
    let old = report(&mut before)?;
    // One living board twice is a look now and a look later.
    if !after.is_saved() && after.exists() && after.candidate.id == before.candidate.id {
        std::thread::sleep(cli.common.interval.unwrap_or(std::time::Duration::from_secs(1)));
        after.look(Around::All);
    }
    let new = report(&mut after)?;
    let found = compare(&old, &new);
    if cli.common.json {
        let text = render::json::pretty(&render::compare::json(&old, &new, &found))
            .map_err(|error| Failure::new(error.to_string()))?;
        return Ok(writeln!(out, "{text}")?);
    }
    Ok(write!(out, "{}", render::compare::text(&old, &new, &found, &look(&cli.common)))?)
}

fn report(board: &mut OpenBoard) -> Result<BoardReport, Failure> {
    Ok(board.report()?)
}

fn one(cli: &Cli, target: &Target, remarks: &mut dyn Write) -> Result<OpenBoard, Failure> {
    let mut found = boards(target, &cli.common, Around::All, remarks)?;
    if found.len() > 1 {
        let pids: Vec<String> =
            found.iter().map(|board| board.board.header.pid.to_string()).collect();
        return Err(Failure::usage(format!(
            "{}: several boards; name one by its pid: {}",
            target.words(),
            pids.join(", ")
        )));
    }
    found.pop().ok_or_else(|| Failure { code: 3, text: format!("no board of {}", target.words()) })
}
