//! What every table over hosts has: the endpoints that did not answer, and clocks that are off.

use std::io::Write;

use super::super::failure::Failure;
use crate::endpoints::columns::{clocks, column, silent};
use crate::endpoints::{Standing, State};
use crate::render::{Look, Paint};
use crate::words::term::cut;

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
    let columns = column(endpoints);
    for one in endpoints.iter().filter(|one| one.state != State::Ok) {
        let paint = if one.state == State::Slow { Paint::Warn } else { Paint::Bad };
        writeln!(out, "{}", look.paint(paint, &cut(&silent(one, columns), look.columns)))?;
    }
    if let Some(text) = clocks(endpoints) {
        writeln!(out, "{}", cut(&text, look.columns))?;
    }
    Ok(())
}
