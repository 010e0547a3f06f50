//! `export`: a recording, or ten seconds of now, in the form of another tool.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::args::{Cli, Form, Only, Pacing};
use super::failure::Failure;
use super::output::Output;
use super::record;
use super::sampling::{Sampling, Turn, answered, nonempty, options, read, recorded};
use crate::context::Look as Around;
use crate::export::operations::Book;
use crate::export::{Beside, Course, export, firefox, perfetto};
use crate::locate::Target;
use crate::open_board::OpenBoard;
use crate::report::{By, Tally};
use crate::words::term::term;

/// How long is sampled when nothing is said.
const DEFAULT: Duration = Duration::from_secs(10);

/// Where from, and where to.
pub(super) struct Way<'a> {
    pub(super) format: Form,
    pub(super) pacing: &'a Pacing,
    pub(super) only: &'a Only,
    pub(super) output: Option<&'a Path>,
}

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let of_places = [
        (Form::Bottle, "export bottle"),
        (Form::Timeline, "export timeline"),
        (Form::Perfetto, "export perfetto"),
        (Form::Firefox, "export firefox"),
    ];
    let form = of_places.into_iter().find(|(form, _)| *form == way.format);
    if let Some((_, name)) = form.filter(|_| way.only.blame) {
        return Err(super::sampling::not_with_blame(name));
    }
    if way.only.blame && way.only.idle {
        return Err(super::sampling::not_with_blame("--idle"));
    }
    let to_file = way.output.filter(|path| !super::output::is_stdout(path));
    if to_file.is_none() && way.format.is_binary() {
        record::no_terminal("this form")?;
    }
    // Opened first: reading may mean giving up the right to, and sampling takes its time.
    let file = to_file.map(Output::create).transpose()?;
    let made = made(cli, target, way, remarks)?;
    match file {
        None => made.write(out),
        Some(mut file) => {
            made.write(&mut file)?;
            file.keep()
        }
    }
}

/// What is to be written.
enum Made {
    Bytes(Vec<u8>),
    /// Much larger as a document: made while it is written.
    Firefox(Box<(Course, Beside)>),
}

impl Made {
    fn write(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Bytes(bytes) => Ok(out.write_all(&bytes)?),
            Self::Firefox(of) => {
                let done = crate::render::json::write(out, &firefox(&of.0, &of.1), false);
                Ok(done.map_err(std::io::Error::from)?)
            }
        }
    }
}

fn made(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    remarks: &mut dyn Write,
) -> Result<Made, Failure> {
    let counting = options(cli, way.only, By::Stack);
    let Some(format) = way.format.profile() else {
        return over_time(cli, target, way, counting, remarks);
    };
    let tally = match recorded(target, way.pacing)? {
        Some(path) => read(&path, counting, remarks)?,
        None => {
            let mut sampling = Sampling::open(cli, target, way.pacing, remarks)?;
            sampling.or_for(DEFAULT);
            let mut tally = Tally::new(counting);
            sampling.run(&mut tally, remarks, &mut |_| Turn::default())?;
            tally.finish();
            tally
        }
    };
    nonempty(&tally, &answered(&tally))?;
    Ok(Made::Bytes(export(format, &tally)))
}

/// Time between two looks at what is on a board beside the positions of threads, ns.
const LOOK_NS: u64 = 100_000_000;

/// The forms that show how things moved. A recording has positions alone; a process is also asked for its operations
/// and levels meanwhile.
fn over_time(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    counting: crate::report::Options,
    remarks: &mut dyn Write,
) -> Result<Made, Failure> {
    let mut course = Course::new(counting);
    let mut beside = Beside::default();
    if let Some(path) = recorded(target, way.pacing)? {
        let recording = super::sampling::open(&path)?;
        for remark in recording.read(&mut course)? {
            let _ = writeln!(remarks, "inspect: {}: {remark}", term(&path.display().to_string()));
        }
    } else {
        let mut sampling = Sampling::open(cli, target, way.pacing, remarks)?;
        sampling.or_for(DEFAULT);
        let open = |candidate: &crate::locate::Candidate| {
            OpenBoard::open(candidate.clone(), Around::Verdict).ok()
        };
        let mut boards: Vec<_> =
            sampling.candidates().iter().map(|one| (open(one), Book::default())).collect();
        let mut next = 0;
        sampling.run(&mut course, remarks, &mut |progress| {
            if progress.elapsed_ns >= next {
                next = progress.elapsed_ns + LOOK_NS;
                for (index, (board, book)) in boards.iter_mut().enumerate() {
                    let report = board.as_mut().and_then(|board| board.report().ok());
                    if let Some(report) = report {
                        let over = book.look(&report);
                        beside.operations.extend(over.into_iter().map(|one| (index as u32, one)));
                        beside.look(index as u32, progress.elapsed_ns, &report);
                    }
                }
            }
            Turn::default()
        })?;
        for (index, (_, book)) in boards.iter().enumerate() {
            beside.operations.extend(book.open().map(|one| (index as u32, one.clone())));
        }
        // What was over before it began is not of this time.
        let start = course.tally.wall_ns;
        beside.operations.retain(|(_, one)| one.ended_wall_ns.is_none_or(|end| end >= start));
        beside.operations.sort_by(|(_, a), (_, b)| {
            (a.begun_wall_ns, &a.op.id).cmp(&(b.begun_wall_ns, &b.op.id))
        });
    }
    course.finish();
    anybody(&course.tally)?;
    Ok(match way.format {
        Form::Firefox => Made::Firefox(Box::new((course, beside))),
        _ => Made::Bytes(perfetto(&course, &beside)),
    })
}

/// Whether there is anybody to be shown. Who rests is shown resting.
///
/// # Errors
/// Nobody was seen.
fn anybody(tally: &Tally) -> Result<(), Failure> {
    let answer = answered(tally);
    if answer.classes[2] > 0 { Ok(()) } else { nonempty(tally, &answer) }
}
