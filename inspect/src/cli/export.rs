//! `export`: a recording, or ten seconds of now, in the form of another tool.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::args::{Cli, Only, Pacing};
use super::failure::Failure;
use super::output::Output;
use super::record;
use super::sampling::{Sampling, Turn, answered, nonempty, options, path, read};
use crate::export::{Format, export};
use crate::locate::Target;
use crate::recording::is_recording;
use crate::report::{By, Tally};

/// How long is sampled when nothing is said.
const DEFAULT: Duration = Duration::from_secs(10);

/// Where from, and where to.
pub(super) struct Way<'a> {
    pub(super) format: Format,
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
    let to_file = way.output.filter(|path| !super::output::is_stdout(path));
    if to_file.is_none() && way.format.is_binary() {
        record::no_terminal("this form")?;
    }
    // Opened first: reading may mean giving up the right to, and sampling takes its time.
    let file = to_file.map(Output::create).transpose()?;
    let bytes = bytes(cli, target, way, remarks)?;
    match file {
        None => Ok(out.write_all(&bytes)?),
        Some(file) => file.finish(&bytes),
    }
}

fn bytes(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    remarks: &mut dyn Write,
) -> Result<Vec<u8>, Failure> {
    let counting = options(cli, way.only, By::Stack);
    let file = path("export", target).ok().filter(|path| is_recording(path));
    let tally = match file {
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
    Ok(export(way.format, &tally))
}
