//! A board in a line, as text.

use super::look::Paint;
use crate::listed::Row;
use crate::liveness::State;
use crate::model::Severity;
use crate::words::human::{bytes, or_none, time};
use crate::words::term::{left, right, term};

/// Columns of a name, where there is room.
const NAME: usize = 16;
/// Columns of what must stand beside it: a pid, and the state in words.
const BESIDE: usize = 21;

/// What stands above the cells, in so many columns.
pub fn heading(columns: usize) -> String {
    let titles = ["NAME", "PID", "STATE", "UP", "HEARTBEAT", "THREADS", "SIZE", "OWNER"];
    line(titles.map(String::from), columns)
}

/// A board's cells. In a narrow table a name is cut, and what state it is in is not.
pub fn cells(row: &Row, columns: usize) -> String {
    let cells = [
        term(&row.name),
        row.pid.to_string(),
        row.state.word().to_owned(),
        or_none(row.uptime_ns, time),
        or_none(row.heartbeat_age_ns, time),
        or_none(row.threads, |threads| threads.to_string()),
        or_none(row.size_bytes, bytes),
        term(&row.owner),
    ];
    line(cells, columns)
}

/// How a row stands out, and in words: of a living one what is the matter, of any other why it is not living; and
/// whether a living one is in trouble.
pub fn matter(row: &Row) -> (Paint, String, bool) {
    let matter = row.headline.as_ref().filter(|_| row.state == State::Live);
    let why = term(matter.map_or(&row.verdict, |headline| &headline.text));
    let paint = match row.state {
        State::Live => match matter.map(|headline| headline.severity) {
            Some(Severity::Critical) => Paint::Bad,
            Some(Severity::Warning) => Paint::Warn,
            _ => Paint::Plain,
        },
        State::Dead => Paint::Bad,
        _ => Paint::Warn,
    };
    (paint, why, matter.is_some_and(|headline| headline.severity != Severity::Ok))
}

fn line(cells: [String; 8], columns: usize) -> String {
    let names = columns.saturating_sub(BESIDE).clamp(6, NAME);
    let [name, pid, state, up, beat, threads, size, owner] = cells;
    format!(
        "{} {} {}{}{}{}{}  {}",
        left(&name, names),
        right(&pid, 8),
        left(&state, 11),
        right(&up, 7),
        right(&beat, 11),
        right(&threads, 8),
        right(&size, 9),
        left(&owner, 10),
    )
}
