//! `export prom`: what boards count, once or again and again.

use std::io::{self, Write};
use std::path::Path;

use super::args::{Cli, Common, Numbers};
use super::common::{boards, nothing_yet, repeat};
use super::failure::Failure;
use super::replace::{of_metrics, replace};
use crate::context::Look as Around;
use crate::export::prom::{Dialect, prom};
use crate::locate::Target;
use crate::model::BoardReport;
use crate::open_board::OpenBoard;

/// How, and where to.
pub(super) struct Way<'a> {
    pub(super) numbers: &'a Numbers,
    pub(super) output: Option<&'a Path>,
}

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let dialect = if way.numbers.openmetrics { Dialect::OpenMetrics } else { Dialect::Text };
    let file = way.output.filter(|path| !super::output::is_stdout(path));
    if let Some(path) = file {
        of_metrics(path)?;
    }
    let every = way.numbers.every;
    let mut watched = Watched::default();
    let mut said = None;
    let turns = Common { interval: every, count: None, ..cli.common.clone() };
    repeat(&turns, |again| {
        let found = watched.turn(target, &cli.common, (every.is_some(), again), remarks);
        let reports = watched.reports(remarks);
        // That there is nothing is an answer too: old numbers would stand there as if they were new.
        let text = prom(&reports, dialect);
        match file {
            Some(path) => match replace(path, text.as_bytes()) {
                // It goes on when there is room again; the same is said once.
                Err(failure) if again => {
                    if said.as_ref() != Some(&failure.text) {
                        let _ = writeln!(remarks, "inspect: {}", failure.text);
                    }
                    said = Some(failure.text);
                }
                written => {
                    written?;
                    said = None;
                }
            },
            None if found.is_ok() || every.is_some() => out.write_all(text.as_bytes())?,
            None => {}
        }
        out.flush()?;
        match every {
            // One that comes back is found again.
            Some(_) => Ok(()),
            None => found,
        }
    })
}

/// The boards of a target, over several looks.
#[derive(Default)]
pub(super) struct Watched(Vec<OpenBoard>);

impl Watched {
    /// Looks once, or again and again: then only the first look waits, and says what it does not find.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn turn(
        &mut self,
        target: &Target,
        common: &Common,
        (repeated, again): (bool, bool),
        remarks: &mut dyn Write,
    ) -> Result<(), Failure> {
        if again {
            return self.look(target, &Common { wait: None, ..common.clone() }, &mut io::sink());
        }
        let found = self.look(target, common, remarks);
        if let (true, Err(failure)) = (repeated, &found) {
            nothing_yet(target, failure, "exported", remarks);
        }
        found
    }

    /// Finds the boards that there are now. Those that were there are kept with what is known of them.
    ///
    /// # Errors
    /// There is none.
    fn look(
        &mut self,
        target: &Target,
        common: &Common,
        remarks: &mut dyn Write,
    ) -> Result<(), Failure> {
        let found = boards(target, common, Around::All, remarks);
        let mut before = std::mem::take(&mut self.0);
        let mut fresh = false;
        for mut new in found? {
            match before.iter().position(|old| old.candidate.id == new.candidate.id) {
                Some(at) => {
                    let mut old = before.swap_remove(at);
                    old.look(Around::All);
                    self.0.push(old);
                }
                None => {
                    fresh |= new.first_look().unwrap_or(false);
                    self.0.push(new);
                }
            }
        }
        if fresh {
            // Loads and rates of a daemon without a keeper are from two looks.
            std::thread::sleep(OpenBoard::APART);
        }
        Ok(())
    }

    /// What is said of each that can be read.
    pub(super) fn reports(&mut self, remarks: &mut dyn Write) -> Vec<BoardReport> {
        let mut reports = Vec::new();
        for board in &mut self.0 {
            match board.report() {
                Ok(report) => reports.push(report),
                Err(error) => {
                    let _ = writeln!(remarks, "inspect: {}", Failure::from(error).text);
                }
            }
        }
        reports
    }
}
