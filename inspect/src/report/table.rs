//! The rows of a report and its stalls as tables. Columns are as wide as what stands in them, and those
//! with nothing in them are left out: what is said fits 80 columns.

use std::fmt::Write;

use super::answer::{Answer, Row};
use super::row::{By, Spot};
use super::tally::Tally;
use super::words::{by_word, class_word, columns, heat, percent, place, place_in};
use crate::render::{Look, Paint};
use crate::words::human::{NONE, or_none, time, whole};
use crate::words::term::{cut, label, left, right, width};

/// Below these widths of a terminal intervals are left out, then hits, then samples and the class: what is left is the
/// share and the place.
const NARROW: usize = 70;
const SMALL: usize = 56;
/// Stalls that are shown.
const STALLS: usize = 10;

/// A column of numbers: its title and its values, right-aligned, or nothing when no row has one.
struct Numbers {
    title: &'static str,
    values: Vec<String>,
    width: usize,
}

impl Numbers {
    fn of(title: &'static str, rows: &[Row], value: impl Fn(&Row) -> Option<String>) -> Self {
        let values: Vec<Option<String>> = rows.iter().map(value).collect();
        if values.iter().all(Option::is_none) {
            return Self { title, values: Vec::new(), width: 0 };
        }
        let values: Vec<String> =
            values.into_iter().map(|value| or_none(value, |value| value)).collect();
        let widest = values.iter().map(|value| width(value)).max().unwrap_or(0);
        Self { title, values, width: widest.max(title.len()) }
    }

    fn empty(&self) -> bool {
        self.width == 0
    }
}

/// A bound, rounded up to a hundredth: it is never reached.
fn at_most(bound: f64) -> String {
    format!("<{:.2}x", (bound * 100.0).floor() / 100.0 + 0.01)
}

/// The rows, the first `top` of them.
pub(super) fn rows(out: &mut String, tally: &Tally, answer: &Answer, look: &Look, top: usize) {
    let shown = &answer.rows[..answer.rows.len().min(top)];
    let several = tally.boards.len() > 1 && tally.options().by != By::Thread;
    let interval = |row: &Row| {
        let text = format!("{:.1}..{}", row.low * 100.0, percent(row.high));
        (look.columns >= NARROW).then_some(text)
    };
    let roomy = look.columns >= SMALL;
    let numbers = [
        Numbers::of("SHARE", shown, |row| Some(percent(row.share))),
        Numbers::of("95%", shown, interval),
        Numbers::of("GAIN", shown, |row| row.bound.map(at_most)),
        Numbers::of("SAMPLES", shown, |row| roomy.then(|| whole(row.samples))),
        Numbers::of("HITS", shown, |row| row.hits.filter(|_| roomy).map(whole)),
        Numbers::of("PER HIT", shown, |row| {
            row.ns_per_hit.filter(|_| roomy).map(|ns| time(ns as u64))
        }),
        Numbers::of("PROCESS", shown, |row| several.then(|| processes(tally, row))),
    ];
    let numbers: Vec<&Numbers> = numbers.iter().filter(|column| !column.empty()).collect();
    let taken: usize = numbers.iter().map(|column| column.width + 1).sum::<usize>() + 7;
    let texts: Vec<[String; 3]> = shown.iter().map(|row| columns(&row.key)).collect();
    let room = look.columns.saturating_sub(taken);
    let by = tally.options().by;
    let (first, second, left_over) = widths(&texts, room, by);
    let title = match by {
        By::Line => "WHERE",
        other => &by_word(other).to_uppercase(),
    };
    let mut heading: String =
        numbers.iter().map(|column| format!(" {}", right(column.title, column.width))).collect();
    let _ = write!(heading, " CLASS {title}");
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading, look.columns)));
    for (index, (row, text)) in shown.iter().zip(&texts).enumerate() {
        let mut line: String = numbers
            .iter()
            .map(|column| format!(" {}", right(&column.values[index], column.width)))
            .collect();
        let _ = write!(
            line,
            " {} {}",
            left(class_word(row.key.class()), 5),
            left(&place_in(&text[0], first), first)
        );
        if second > 0 {
            let _ = write!(line, " {}", left(&text[1], second));
        }
        let last = if second == 0 && text[2].is_empty() { &text[1] } else { &text[2] };
        if left_over > 0 {
            let _ = write!(line, " {last}");
        }
        let _ = writeln!(out, "{}", heat(look, row.share, cut(line.trim_end(), look.columns)));
    }
    rest(out, answer, shown.len());
}

/// Columns of the place and of what is beside it, and what is left beside the place.
fn widths(texts: &[[String; 3]], room: usize, by: By) -> (usize, usize, usize) {
    let widest = |column: usize| texts.iter().map(|text| width(&text[column])).max().unwrap_or(0);
    // The place first. When function and label do not both fit, the label stays: it was chosen to be
    // read. Only of a stack the middle column is what the rows are told by.
    let first = widest(0).min(room.max(12)).clamp(5, 32);
    let left_over = room.saturating_sub(first + 1);
    let beside_label = left_over.saturating_sub(widest(2) + 1);
    let second = match widest(1) {
        wanted if wanted <= beside_label => wanted,
        wanted if by == By::Stack => wanted.min(beside_label.max(left_over / 2)),
        _ if beside_label >= 6 => beside_label,
        _ => 0,
    };
    (first, second, left_over)
}

/// How much is in the rows that are not shown.
fn rest(out: &mut String, answer: &Answer, shown: usize) {
    let rest = &answer.rows[shown..];
    if !rest.is_empty() {
        let samples: u64 = rest.iter().map(|row| row.samples).sum();
        let _ = writeln!(
            out,
            " {} and {} samples in {} more rows (--all shows them)",
            percent(samples as f64 / answer.denominator.max(1) as f64),
            whole(samples),
            rest.len()
        );
    }
}

/// The process of a row, or how many.
fn processes(tally: &Tally, row: &Row) -> String {
    match row.boards[..] {
        [board] => {
            let board = tally.boards.get(board as usize);
            or_none(board, |board| board.pid.to_string())
        }
        ref several => format!("{} of {}", several.len(), tally.boards.len()),
    }
}

/// Long times at one place, the longest first.
pub(super) fn stalls(out: &mut String, tally: &Tally, look: &Look) {
    if tally.stalls.is_empty() {
        return;
    }
    let several = tally.boards.len() > 1;
    let process = if several { "     PID" } else { "" };
    let title = format!(
        "STALLS  START   LENGTH{process}  THREAD (no other line seen; a fast loop looks the same)"
    );
    let _ = writeln!(out, "\n{}", look.paint(Paint::Strong, &cut(&title, look.columns)));
    for stall in tally.stalls.iter().take(STALLS) {
        let thread = tally.threads.get(stall.thread as usize);
        let name = thread.map(|thread| label(&thread.name));
        let stack = tally.cells.get(stall.cell).and_then(|cell| cell.stack);
        let site = stack.and_then(|stack| tally.leaf(stack)).map(Spot::from);
        let board = thread.and_then(|thread| tally.boards.get(thread.board as usize));
        let process = match several {
            true => right(&or_none(board, |board| board.pid.to_string()), 8),
            false => String::new(),
        };
        let looped = stall.passes.filter(|&passes| passes > 0).map_or_else(String::new, |passes| {
            format!(" (passed {} times: a loop, or others)", whole(passes))
        });
        let line = format!(
            "{}  {}{}{process} {} {}{looped}  {}",
            right(&time(stall.start_ns), 13),
            right(&time(stall.length_ns), 7),
            if stall.open { "+" } else { " " },
            left(&name.unwrap_or_else(|| NONE.to_owned()), 15),
            site.as_ref().map(place).unwrap_or_default(),
            site.as_ref().map(|spot| label(&spot.label)).unwrap_or_default()
        );
        let _ = writeln!(out, "{}", cut(line.trim_end(), look.columns));
    }
    if tally.stalls.len() > STALLS {
        let _ = writeln!(out, "{} more", tally.stalls.len() - STALLS);
    }
}
