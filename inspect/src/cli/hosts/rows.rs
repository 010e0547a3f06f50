//! What every table over hosts has: the endpoints that did not answer, and clocks that are off.

use std::io::Write;

use super::super::failure::Failure;
use crate::endpoints::columns::{clocks, column, silent};
use crate::endpoints::{Standing, State};
use crate::render::{Look, Paint};
use crate::words::term::{cut, hanging};

/// What goes on below a row stands so far in.
const INSIDE: usize = 4;

/// The name of a host, above what is its.
pub(super) fn name(out: &mut dyn Write, standing: &Standing, look: &Look) -> Result<(), Failure> {
    let text = cut(standing.short(), look.columns);
    Ok(writeln!(out, "{}", look.paint(Paint::Strong, &text))?)
}

/// A row for each endpoint that has no answer, and a line about clocks that are off.
pub(super) fn rest(
    out: &mut dyn Write,
    endpoints: &[Standing],
    look: &Look,
) -> Result<(), Failure> {
    let columns = column(endpoints, look.columns);
    for one in endpoints.iter().filter(|one| one.state != State::Ok) {
        let paint = if one.state == State::Slow { Paint::Warn } else { Paint::Bad };
        // Why is said whole: it is what is to be done about.
        for line in hanging(&silent(one, columns), look.columns, INSIDE).lines() {
            writeln!(out, "{}", look.paint(paint, line.trim_end()))?;
        }
    }
    if let Some(text) = clocks(endpoints) {
        writeln!(out, "{}", hanging(&text, look.columns, INSIDE))?;
    }
    Ok(())
}
