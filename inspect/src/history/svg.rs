//! Points as a picture: how many were active, stacked by key, with the number of processors as a line to hold it
//! against. One SVG without a script for each answer.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::past::{Past, Point};
#[cfg(feature = "serve")]
use super::together::{Frame, Together};
use crate::words::term::term;

const WIDTH: f64 = 1200.0;
const TALL: f64 = 220.0;
const LEFT: f64 = 56.0;
/// Keys that have a colour of their own.
const COLOURS: [&str; 10] = [
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f",
    "#ff9da7", "#8cd17d",
];

/// Text for XML.
pub(super) fn escape(text: &str) -> String {
    let text = term(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What one chart is of.
struct Chart<'a> {
    title: String,
    cores: u64,
    workers: u64,
    points: &'a [Point],
}

/// The picture.
pub fn svg(past: &Past) -> String {
    let charts: Vec<Chart<'_>> = past
        .boards
        .iter()
        .map(|board| Chart {
            title: format!("{} pid {}", board.name, board.pid),
            cores: board.cores,
            workers: board.workers,
            points: &board.points,
        })
        .collect();
    drawn((&past.from, &past.to), past.step_ns, &charts)
}

/// The picture of several hosts: a chart for each name of a board.
#[cfg(feature = "serve")]
pub fn svg_together(frame: &Frame, all: &[Together]) -> String {
    let charts: Vec<Chart<'_>> = all
        .iter()
        .map(|one| Chart {
            title: format!("{} at {}", one.name, one.hosts.join(", ")),
            cores: one.cores,
            workers: one.workers,
            points: &one.points,
        })
        .collect();
    let [from, to] = [frame.span.from_ns, frame.span.to_ns].map(crate::clock::rfc3339);
    drawn((&from, &to), frame.step_ns, &charts)
}

fn drawn((from, to): (&str, &str), step_ns: u64, charts: &[Chart<'_>]) -> String {
    let each = TALL + 110.0;
    let height = 40.0 + each * charts.len().clamp(1, 20) as f64;
    let mut out = format!(
        r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="100%" viewBox="0 0 {WIDTH} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">
<style>.b{{fill:#fff}}text{{fill:#222}}.g{{stroke:#ccc}}.c{{stroke:#c00;stroke-dasharray:4 3}}.w{{stroke:#777;stroke-dasharray:1 3}}@media(prefers-color-scheme:dark){{.b{{fill:#161616}}text{{fill:#ddd}}.g{{stroke:#444}}}}</style>
<rect class="b" width="100%" height="100%"/>
<text x="8" y="18">average active, {} to {}, a point {} s; dashed: processors, dotted: workers</text>
"##,
        escape(from),
        escape(to),
        step_ns / 1_000_000_000,
    );
    for (index, one) in charts.iter().take(20).enumerate() {
        chart(&mut out, step_ns, one, 40.0 + each * index as f64);
    }
    out.push_str("</svg>\n");
    out
}

fn chart(out: &mut String, step_ns: u64, board: &Chart<'_>, top: f64) {
    let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
    for (key, value) in board.points.iter().flat_map(|point| &point.active) {
        *totals.entry(key).or_default() += value;
    }
    let mut keys: Vec<(&str, f64)> = totals.into_iter().collect();
    keys.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let sum = |point: &Point| point.active.values().sum::<f64>();
    let most = board.points.iter().map(sum).fold(board.cores as f64, f64::max).max(1.0);
    let (first, last) = match (board.points.first(), board.points.last()) {
        (Some(first), Some(last)) => (first.at_ns, last.at_ns + step_ns),
        _ => return,
    };
    let scale = (WIDTH - LEFT - 8.0) / (last - first).max(1) as f64;
    let x = |at_ns: u64| LEFT + (at_ns - first) as f64 * scale;
    let y = |value: f64| top + 20.0 + (TALL - 20.0) * (1.0 - value / most);
    let _ = writeln!(
        out,
        r#"<text x="8" y="{:.1}" font-weight="bold">{}</text><text x="8" y="{:.1}">{most:.1}</text><text x="8" y="{:.1}">0</text>"#,
        top + 8.0,
        escape(&crate::words::term::cut(&term(&board.title), 160)),
        top + 28.0,
        top + TALL
    );
    let width = (step_ns as f64 * scale).max(0.5);
    for point in board.points {
        bars(out, point, &keys, (x(point.at_ns), width), &y);
    }
    let cores = y(board.cores as f64);
    let _ = writeln!(
        out,
        r#"<line class="g" x1="{LEFT}" x2="{WIDTH}" y1="{:.1}" y2="{:.1}"/><line class="c" x1="{LEFT}" x2="{WIDTH}" y1="{cores:.1}" y2="{cores:.1}"/>"#,
        y(0.0),
        y(0.0)
    );
    // One that is far above everything is not in the picture: it would press the rest flat.
    if (1.0..=most).contains(&(board.workers as f64)) {
        let workers = y(board.workers as f64);
        let _ = writeln!(
            out,
            r#"<line class="w" x1="{LEFT}" x2="{WIDTH}" y1="{workers:.1}" y2="{workers:.1}"/>"#
        );
    }
    legend(out, board, &keys, top);
}

/// A point: who was active, one on the other.
fn bars(
    out: &mut String,
    point: &Point,
    keys: &[(&str, f64)],
    (x, width): (f64, f64),
    y: &dyn Fn(f64) -> f64,
) {
    let mut below = 0.0;
    for (rank, (key, _)) in keys.iter().enumerate() {
        let Some(value) = point.active.get(*key).filter(|value| **value > 0.0) else { continue };
        let (up, down) = (y(below + value), y(below));
        let _ = writeln!(
            out,
            r#"<rect x="{x:.2}" y="{up:.2}" width="{width:.2}" height="{:.2}" fill="{}"><title>{} {}: {value:.2}</title></rect>"#,
            down - up,
            COLOURS.get(rank).unwrap_or(&"#999"),
            escape(&point.at),
            escape(key),
        );
        below += value;
    }
}

/// Below: when, and whose colour is which.
fn legend(out: &mut String, board: &Chart<'_>, keys: &[(&str, f64)], top: f64) {
    let from = board.points.first().map_or("", |point| &point.at);
    let to = board.points.last().map_or("", |point| &point.at);
    let _ = writeln!(
        out,
        r#"<text x="{LEFT}" y="{:.1}">{}</text><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
        top + TALL + 16.0,
        escape(from),
        WIDTH - 8.0,
        top + TALL + 16.0,
        escape(to)
    );
    for (rank, (key, total)) in keys.iter().take(COLOURS.len()).enumerate() {
        let (column, row) = ((rank % 5) as f64, (rank / 5) as f64);
        let (left, down) = (LEFT + column * 225.0, top + TALL + 30.0 + row * 18.0);
        let mean = total / board.points.len().max(1) as f64;
        let _ = writeln!(
            out,
            r#"<rect x="{left:.1}" y="{down:.1}" width="11" height="11" fill="{}"/><text x="{:.1}" y="{:.1}">{} {mean:.2}</text>"#,
            COLOURS[rank],
            left + 16.0,
            down + 10.0,
            escape(&crate::words::term::cut(&term(key), 22)),
        );
    }
}
