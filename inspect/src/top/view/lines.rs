//! The line histogram of the last seconds: at which lines the threads were when they were looked at.

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};

use probe::layout::Class;
use ratatui::style::Style;

use super::page::{Ink, Page, Pieces, heading};
use crate::derive::threads::word;
use crate::report::Spot;
use crate::top::histogram::Line as Counted;
use crate::top::state::State;
use crate::top::watch::Seen;
use crate::words::human::{or_none, short, time, whole};
use crate::words::place::{short_file, short_function};
use crate::words::term::{label, left, right};

/// A row: a line, its samples (of one thread or of all), and their share.
pub(super) struct Row<'a> {
    pub(super) line: &'a Counted,
    pub(super) samples: u64,
    pub(super) share: f64,
}

/// The lines that pass the filter, in order, of one thread or of all, and how many samples are all.
pub(super) fn shown<'a>(
    seen: &'a Seen,
    state: &State,
    of: Option<u64>,
    sort: &str,
) -> (Vec<Row<'a>>, u64) {
    let samples = |line: &Counted| match of {
        None => line.samples,
        Some(tid) => line.threads.iter().find(|(one, _)| *one == tid).map_or(0, |(_, n)| *n),
    };
    // Of one thread everything counts: its idle time is what it did.
    let counts = |line: &Counted| {
        (state.idle || of.is_some() || line.spot.class != Class::Idle) && samples(line) > 0
    };
    let lines: Vec<&Counted> = seen.histogram.lines.iter().filter(|line| counts(line)).collect();
    let torn = if of.is_some() { 0 } else { seen.histogram.torn };
    let all = lines.iter().map(|line| samples(line)).sum::<u64>() + torn;
    let texts = |spot: &'a Spot| [&spot.file, &spot.function, &spot.label];
    let mut rows: Vec<Row<'a>> = lines
        .into_iter()
        .filter(|line| of.is_some() || state.shows(&texts(&line.spot)))
        .map(|line| {
            let samples = samples(line);
            Row { line, samples, share: samples as f64 / all.max(1) as f64 }
        })
        .collect();
    // By place first, so that equals stand still.
    rows.sort_by(|a, b| a.line.spot.cmp(&b.line.spot));
    match sort {
        "samples" => rows.sort_by_key(|row| Reverse(row.samples)),
        "hits" => rows.sort_by(|a, b| {
            let hits = |row: &Row<'_>| row.line.hits_per_s.unwrap_or(-1.0);
            hits(b).total_cmp(&hits(a))
        }),
        "class" => rows.sort_by_key(|row| (row.line.spot.class as u64, Reverse(row.samples))),
        _ => {}
    }
    (rows, all)
}

/// What was sampled, in a line.
pub(super) fn said(seen: &Seen, state: &State, all: u64) -> String {
    let histogram = &seen.histogram;
    let idle: u64 = histogram
        .lines
        .iter()
        .filter(|line| line.spot.class == Class::Idle)
        .map(|line| line.samples)
        .sum();
    if histogram.over_ns == 0 {
        return match seen.report.state.exists() && seen.report.saved_at.is_none() {
            true => "lines: not sampled yet".to_owned(),
            false => "lines: only a living process is sampled".to_owned(),
        };
    }
    let rate = format!("{:.0} Hz", histogram.ticks as f64 / histogram.over_ns as f64 * 1e9);
    let idle = match state.idle {
        true => "idle too".to_owned(),
        false => format!("{} idle left out", whole(idle)),
    };
    format!(
        "lines of the last {}: {} samples ({idle}), {rate}, {} torn",
        time(histogram.over_ns),
        whole(all),
        whole(histogram.torn)
    )
}

pub(super) fn page<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let (sort, reverse) = state.sort();
    // The overview's order is that of its threads.
    let sort = if state.tab == 0 { "samples" } else { sort };
    let (mut rows, all) = shown(seen, state, None, sort);
    if reverse && state.tab != 0 {
        rows.reverse();
    }
    let said = said(seen, state, all);
    let bars = bar_columns(columns);
    let head = format!("  SHARE {} SAMPLES   HITS/s STATE  WHERE", left("", bars));
    Page {
        head: vec![heading(ink, &format!(" {said}"), columns), heading(ink, &head, columns)],
        ids: rows.iter().map(|row| id(&row.line.spot)).collect(),
        row: Box::new(move |index| line(&rows[index], ink, columns)),
    }
}

fn bar_columns(columns: usize) -> usize {
    (columns.saturating_sub(50) / 3).clamp(4, 50)
}

/// One row.
pub(super) fn line(row: &Row<'_>, ink: Ink, columns: usize) -> ratatui::text::Line<'static> {
    let spot = &row.line.spot;
    let class = word(spot.class);
    let mut line = Pieces::default();
    line.plain(right(&format!("{:.1}%", row.share * 100.0), 7));
    let style = if spot.class == Class::Idle { Style::new() } else { ink.class(class) };
    line.add(format!(" {}", bar(row.share, bar_columns(columns))), style);
    line.plain(right(&whole(row.samples), 8));
    line.plain(right(&or_none(row.line.hits_per_s, short), 9));
    line.plain(" ").add(left(class, 5), ink.class(class));
    line.plain(format!("  {}", place(spot)));
    line.line(columns)
}

fn id(spot: &Spot) -> u64 {
    let mut hasher = DefaultHasher::new();
    spot.hash(&mut hasher);
    hasher.finish()
}

/// `file:line function label`.
fn place(spot: &Spot) -> String {
    let mut words = Vec::new();
    if !spot.file.is_empty() {
        words.push(format!("{}:{}", short_file(&label(&spot.file)), spot.line));
    }
    words.extend(Some(short_function(&label(&spot.function))).filter(|text| !text.is_empty()));
    words.extend(Some(label(&spot.label)).filter(|text| !text.is_empty()));
    words.join(" ")
}

/// A share as a bar of eighths.
fn bar(share: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * (columns * 8) as f64).round() as usize;
    left(&("█".repeat(eighths / 8) + EIGHTHS[eighths % 8]), columns)
}
