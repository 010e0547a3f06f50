//! Hosts in a table: their column, a row for one without an answer, clocks that are off.

use super::standing::Standing;
use crate::words::human::time;
use crate::words::term::{left, width};

/// Columns of a host at most.
const WIDEST: usize = 24;
/// A clock that is off by less is as good as any.
const OFF_NS: u64 = 500_000_000;

/// Columns that the hosts need, in a table of so many: a narrow one has its other columns, too.
pub fn column(endpoints: &[Standing], columns: usize) -> usize {
    let longest = endpoints.iter().map(|one| width(one.short())).max().unwrap_or(0);
    longest.clamp(4, WIDEST.min((columns / 4).saturating_sub(2)).max(8))
}

/// A host in so many columns: of a long one its end tells it from the others.
pub fn host(name: &str, columns: usize) -> String {
    let over = width(name).saturating_sub(columns);
    if over == 0 {
        return left(name, columns);
    }
    let rest: String = name.chars().skip(over + 1).collect();
    left(&format!("…{rest}"), columns)
}

/// The row of an endpoint that has no answer: its state, and why.
pub fn silent(one: &Standing, columns: usize) -> String {
    let why = one.error.as_deref().unwrap_or_default();
    format!("{}  {:<8} {why}", host(one.short(), columns), one.state.word())
}

/// Which clocks are off, if any is by more than half a second.
pub fn clocks(endpoints: &[Standing]) -> Option<String> {
    let off = endpoints.iter().filter_map(|one| Some((one.short(), one.skew_ns?)));
    let off: Vec<String> = off
        .filter(|(_, skew)| skew.unsigned_abs() >= OFF_NS)
        .map(|(name, skew)| {
            let way = if skew > 0 { "ahead" } else { "behind" };
            format!("{name} {} {way}", time(skew.unsigned_abs()))
        })
        .collect();
    (!off.is_empty()).then(|| format!("clocks are off: {}", off.join(", ")))
}
