//! Sampled seconds as a heat map: a column a second, fifty rows in it from its beginning at the top, as dark as threads
//! were at work or waited. What happens at one moment of every second, or lasts a fiftieth of one, is seen here and in no mean.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::sampled::{COLUMN_NS, COLUMNS, Column, Sampled};
use super::store::Span;
use crate::clock::rfc3339;
use crate::words::term::{cut, fitted, term};

/// Seconds of a map.
pub(super) const MOST_SECONDS: usize = 600;
/// Lines of a map, by their samples.
const MOST_LINES: usize = 20;

/// A heat map.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Heat {
    /// Version of this form: 1.
    pub schema: u32,
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// From column to column within a second.
    pub column_ns: u64,
    /// Boards, by name and beginning.
    pub boards: Vec<BoardHeat>,
    /// Seconds that found no room in it.
    pub left_out: u64,
}

/// One run of a process.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BoardHeat {
    /// Name of the board.
    pub name: String,
    /// Process id.
    pub pid: u64,
    /// The run.
    pub instance: u64,
    /// Seconds that were sampled.
    pub seconds: Vec<SecondHeat>,
    /// The most threads at once that a column has on average.
    pub most: f64,
    /// Lines by their share of the samples that were no rest, the first first.
    pub lines: Vec<LineHeat>,
}

/// A second.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SecondHeat {
    /// Its beginning, RFC 3339.
    pub at: String,
    /// The same, ns since 1970.
    #[serde(skip)]
    pub at_ns: u64,
    /// Threads that worked on average, by column; null where nobody looked.
    pub work: Vec<Option<f64>>,
    /// Threads that waited on average.
    pub wait: Vec<Option<f64>>,
}

/// A line.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LineHeat {
    /// `FILE:LINE` and label.
    pub line: String,
    /// Samples.
    pub samples: u64,
    /// Of all that were no rest.
    pub share: f64,
}

/// Sampled seconds on their way to a map.
#[derive(Debug)]
pub struct Gather {
    span: Span,
    boards: BTreeMap<(String, u64), Vec<Sampled>>,
    left_out: u64,
}

impl Gather {
    /// A map of this time.
    pub fn new(span: Span) -> Self {
        Self { span, boards: BTreeMap::new(), left_out: 0 }
    }

    /// Takes a second.
    pub fn take(&mut self, one: Sampled) {
        let all = self.boards.entry((one.name.clone(), one.instance)).or_default();
        if all.len() < MOST_SECONDS { all.push(one) } else { self.left_out += 1 }
    }

    /// The map.
    pub fn finish(self) -> Heat {
        Heat {
            schema: 1,
            from: rfc3339(self.span.from_ns),
            to: rfc3339(self.span.to_ns),
            column_ns: COLUMN_NS,
            boards: self.boards.into_values().filter_map(board).collect(),
            left_out: self.left_out,
        }
    }
}

fn board(mut all: Vec<Sampled>) -> Option<BoardHeat> {
    all.sort_by_key(|one| one.at_ns);
    let first = all.first()?;
    let (name, pid, instance) = (first.name.clone(), first.pid, first.instance);
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for (line, samples) in all.iter().flat_map(|one| &one.lines) {
        let sum = lines.entry(line).or_default();
        *sum = sum.saturating_add(*samples);
    }
    let total = lines.values().fold(0u64, |sum, one| sum.saturating_add(*one)).max(1);
    let mut lines: Vec<LineHeat> = lines
        .into_iter()
        .map(|(line, samples)| LineHeat {
            line: line.to_owned(),
            samples,
            share: rounded(samples as f64 / total as f64),
        })
        .collect();
    lines.sort_by(|a, b| b.samples.cmp(&a.samples).then_with(|| a.line.cmp(&b.line)));
    lines.truncate(MOST_LINES);
    let seconds: Vec<SecondHeat> = all.iter().map(second).collect();
    let sums = seconds.iter().flat_map(|one| one.work.iter().zip(&one.wait));
    let most = sums.filter_map(|(work, wait)| Some((*work)? + (*wait)?)).fold(0.0, f64::max);
    Some(BoardHeat { name, pid, instance, seconds, most: rounded(most), lines })
}

fn second(one: &Sampled) -> SecondHeat {
    let mean = |count: fn(&Column) -> u64| {
        let of = |column: &Column| {
            (column.ticks > 0).then(|| rounded(count(column) as f64 / column.ticks as f64))
        };
        one.columns.iter().map(of).collect()
    };
    let (work, wait) = (mean(|column| column.work), mean(|column| column.wait));
    SecondHeat { at: rfc3339(one.at_ns), at_ns: one.at_ns, work, wait }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// How dark, from nothing to all.
const SHADES: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];

/// Columns of a row beside its characters.
const BESIDE: usize = 14;

/// The map in characters: a row a second, a character a fiftieth.
pub fn text(heat: &Heat) -> String {
    text_within(heat, usize::MAX)
}

/// The same in so many columns: where a fiftieth has no room for itself, a character is of the most of several.
pub fn text_within(heat: &Heat, columns: usize) -> String {
    let room = columns.saturating_sub(BESIDE);
    let each = [1, 2, 5].into_iter().find(|each| COLUMNS / each <= room).unwrap_or(10);
    let milliseconds = heat.column_ns / 1_000_000 * each as u64;
    let said = format!("a row a second, a character {milliseconds} ms");
    let mut out = fitted(&format!("{} to {}, {said}", heat.from, heat.to), columns);
    out.push('\n');
    for board in &heat.boards {
        let darkest = match board.most {
            1.0 => format!("`{}` is 1 thread that works or waits", SHADES[SHADES.len() - 1]),
            most if most > 0.0 => {
                format!("`{}` is {most} threads that work or wait", SHADES[SHADES.len() - 1])
            }
            // No shade is of nothing.
            _ => "no threads that work or wait".to_owned(),
        };
        let heading =
            format!("{}  pid {}  {darkest}, `?` is not known", term(&board.name), board.pid);
        let _ = writeln!(out, "\n{}", fitted(&heading, columns));
        for second in &board.seconds {
            let sum = |(work, wait): (&Option<f64>, &Option<f64>)| work.zip(*wait);
            let parts: Vec<Option<f64>> = second
                .work
                .iter()
                .zip(&second.wait)
                .map(|both| sum(both).map(|(work, wait)| work + wait))
                .collect();
            // The darkest of several; what is not known is so where nothing beside it is.
            let darkest = |parts: &[Option<f64>]| {
                let most = parts.iter().flatten().copied().reduce(f64::max);
                most.map_or('?', |most| {
                    let part = most / board.most.max(0.001);
                    SHADES[(part * 9.0).ceil().clamp(0.0, 9.0) as usize]
                })
            };
            let row: String = parts.chunks(each).map(darkest).collect();
            let _ = writeln!(out, " {}  |{row}|", second.at.get(11..19).unwrap_or_default());
        }
        for line in board.lines.iter().take(5) {
            let text = format!(" {:>5.1}%  {}", line.share * 100.0, term(&line.line));
            let _ = writeln!(out, "{}", cut(&text, columns));
        }
    }
    if heat.left_out > 0 {
        let _ = writeln!(
            out,
            "{} more seconds have no room: ask for at most {MOST_SECONDS}",
            heat.left_out
        );
    }
    out
}

/// Width and height of a cell; and the room at the left, and for lines below.
const CELL: (f64, f64) = (10.0, 5.0);
const LEFT: f64 = 60.0;
const LEGEND: usize = 6;

/// The map as a picture, without a script.
pub fn svg(heat: &Heat) -> String {
    let span = |board: &BoardHeat| {
        let ends = board.seconds.first().zip(board.seconds.last());
        ends.map_or(1, |(first, last)| (last.at_ns - first.at_ns) / 1_000_000_000 + 1)
    };
    let longest = heat.boards.iter().map(span).max().unwrap_or(1) as f64;
    let width = (LEFT + longest * CELL.0 + 20.0).max(560.0);
    let each = COLUMNS as f64 * CELL.1 + 70.0 + LEGEND as f64 * 15.0;
    let shown = heat.boards.len().clamp(1, 20);
    let height = 30.0 + each * shown as f64;
    let mut out = format!(
        r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" viewBox="0 0 {width} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">
<style>.b{{fill:#fff}}text{{fill:#222}}.n{{fill:#eee}}@media(prefers-color-scheme:dark){{.b{{fill:#161616}}text{{fill:#ddd}}.n{{fill:#2a2a2a}}}}</style>
<rect class="b" width="100%" height="100%"/>
<text x="8" y="18">threads at work (orange) or waiting (blue), {} to {}: a column a second, {} ms from row to row</text>
"##,
        super::svg::escape(&heat.from),
        super::svg::escape(&heat.to),
        heat.column_ns / 1_000_000,
    );
    for (index, board) in heat.boards.iter().take(20).enumerate() {
        draw(&mut out, board, 30.0 + each * index as f64);
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, board: &BoardHeat, top: f64) {
    let Some(first) = board.seconds.first() else { return };
    let _ = writeln!(
        out,
        r#"<text x="8" y="{}">{}  pid {}  darkest: {} threads</text>"#,
        top + 16.0,
        super::svg::escape(&board.name),
        board.pid,
        board.most
    );
    let top = top + 24.0;
    for (part, label) in [(0, "0 ms"), (25, "500 ms"), (49, "980 ms")] {
        let y = top + f64::from(part) * CELL.1 + 9.0;
        let _ =
            writeln!(out, r#"<text x="{}" y="{y}" text-anchor="end">{label}</text>"#, LEFT - 6.0);
    }
    for second in &board.seconds {
        let number = (second.at_ns - first.at_ns) / 1_000_000_000;
        let x = LEFT + number as f64 * CELL.0;
        for (row, (work, wait)) in second.work.iter().zip(&second.wait).enumerate() {
            cell(out, (x, top + row as f64 * CELL.1), work.zip(*wait), board.most);
        }
        if number.is_multiple_of(10) {
            let y = top + COLUMNS as f64 * CELL.1 + 14.0;
            let clock = second.at.get(11..19).unwrap_or_default();
            let _ = writeln!(out, r#"<text x="{x}" y="{y}" font-size="10">{clock}</text>"#);
        }
    }
    for (row, line) in board.lines.iter().take(LEGEND).enumerate() {
        let y = top + COLUMNS as f64 * CELL.1 + 32.0 + row as f64 * 15.0;
        let text = super::svg::escape(&line.line);
        let _ =
            writeln!(out, r#"<text x="{LEFT}" y="{y}">{:5.1}%  {text}</text>"#, line.share * 100.0);
    }
}

/// A cell: how dark is how many there were, its colour is what most of them did. One in which nobody was is left out.
fn cell(out: &mut String, (x, y): (f64, f64), seen: Option<(f64, f64)>, most: f64) {
    let (w, h) = (CELL.0 - 0.5, CELL.1 - 0.5);
    let Some((work, wait)) = seen else {
        let _ = writeln!(out, r#"<rect class="n" x="{x}" y="{y}" width="{w}" height="{h}"/>"#);
        return;
    };
    let all = work + wait;
    if all > 0.0 {
        let fill = if work >= wait { "#d9600a" } else { "#1d6fb8" };
        let dark = (all / most.max(0.001)).clamp(0.08, 1.0);
        let _ = writeln!(
            out,
            r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{fill}" fill-opacity="{dark:.2}"/>"#
        );
    }
}
