//! What every table over hosts has: a column of hosts, the endpoints that did not answer, and clocks that are off.

use std::io::Write;

use super::super::failure::Failure;
use crate::endpoints::{Standing, State};
use crate::render::{Look, Paint};
use crate::words::human::time;
use crate::words::term::{cut, left, width};

/// Columns of a host at most.
const WIDEST: usize = 24;
/// A clock that is off by less is as good as any.
const OFF_NS: u64 = 500_000_000;

/// Columns that the hosts need.
pub(super) fn column(endpoints: &[Standing]) -> usize {
    let longest = endpoints.iter().map(|one| width(one.short())).max().unwrap_or(0);
    longest.clamp(4, WIDEST)
}

/// A host in so many columns: of a long one its end tells it from the others.
pub(super) fn host(name: &str, columns: usize) -> String {
    let over = width(name).saturating_sub(columns);
    if over == 0 {
        return left(name, columns);
    }
    let rest: String = name.chars().skip(over + 1).collect();
    left(&format!("…{rest}"), columns)
}

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
        let why = one.error.as_deref().unwrap_or_default();
        let text = format!("{}  {:<8} {why}", host(one.short(), columns), one.state.word());
        let paint = if one.state == State::Slow { Paint::Warn } else { Paint::Bad };
        writeln!(out, "{}", look.paint(paint, &cut(&text, look.columns)))?;
    }
    let off = endpoints.iter().filter_map(|one| Some((one.short(), one.skew_ns?)));
    let off: Vec<String> = off
        .filter(|(_, skew)| skew.unsigned_abs() >= OFF_NS)
        .map(|(name, skew)| {
            let way = if skew > 0 { "ahead" } else { "behind" };
            format!("{name} {} {way}", time(skew.unsigned_abs()))
        })
        .collect();
    if !off.is_empty() {
        writeln!(out, "{}", cut(&format!("clocks are off: {}", off.join(", ")), look.columns))?;
    }
    Ok(())
}
