//! `export`: a recording, or ten seconds of now, in the form of another tool.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::Failure;
use super::args::{Cli, Only, Pacing};
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
    let counting = options(cli, way.only, By::Stack);
    let file = path(target).ok().filter(|path| is_recording(path));
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
    let bytes = export(way.format, &tally);
    match way.output {
        None => Ok(out.write_all(&bytes)?),
        Some(path) => std::fs::write(path, bytes).map_err(|error| {
            Failure::new(format!("{}: cannot be written: {error}", path.display()))
        }),
    }
}
