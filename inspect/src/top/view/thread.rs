//! One thread: where it is, the scopes that it is in, where it has been, and its load.

use ratatui::text::Line;

use super::page::{Ink, Page, Pieces, heading};
use super::{lines, threads};
use crate::model::{Place, ThreadReport};
use crate::top::history::{Of, spark};
use crate::top::state::State;
use crate::top::watch::Seen;
use crate::words::human::{NONE, or_none, percent, whole};
use crate::words::term::label;

pub(super) fn page(
    seen: &Seen,
    state: &State,
    ink: Ink,
    columns: usize,
    tid: u64,
) -> Page<'static> {
    let found = seen.report.threads.iter().find(|thread| thread.tid == tid);
    let mut out = Vec::new();
    match found {
        Some(thread) => about(&mut out, seen, thread, ink, columns),
        None => out.push(Line::raw(" it has ended; Esc leads back")),
    }
    past(&mut out, seen, state, ink, columns, tid);
    let name = found.map(|thread| format!("{}, ", label(&thread.name))).unwrap_or_default();
    Page::text(vec![heading(ink, &format!(" thread {name}tid {tid}"), columns)], out)
}

fn about(
    out: &mut Vec<Line<'static>>,
    seen: &Seen,
    thread: &ThreadReport,
    ink: Ink,
    columns: usize,
) {
    let mut line = Pieces::default();
    let class = thread.class.unwrap_or(NONE);
    line.plain(" ").add(class, ink.class(class));
    line.plain(format!(" for {}  at {}", threads::age(thread), crate::render::place(thread)));
    if thread.stalled {
        line.add("  STALLED", ink.bad());
    }
    if thread.exists == Some(false) {
        line.add("  its process is gone", ink.warn());
    }
    out.push(line.line(columns));
    let mut line = Pieces::default();
    let loads = [thread.load.s1, thread.load.s10, thread.load.s60];
    let loads = loads.map(|load| or_none(load, percent)).join(" ");
    line.plain(format!(" load {loads} over 1s 10s 60s, {} jobs", or_none(thread.jobs, whole)));
    out.push(line.line(columns));
    let bars = columns.saturating_sub(2);
    let history = seen.history.last(Of::Load(thread.tid), bars);
    if history.iter().any(Option::is_some) {
        let mut line = Pieces::default();
        line.plain(" ").add(spark(&history, Some(1.0), bars), ink.bar());
        out.push(line.line(columns));
    }
    out.push(heading(ink, " STACK, outermost first", columns));
    if thread.stack.is_empty() {
        let none = if thread.left { "   in no scope now" } else { "   no line yet" };
        out.push(Line::raw(none));
    }
    out.extend(thread.stack.iter().enumerate().map(|(depth, place)| step(place, depth, columns)));
    if !thread.trail.is_empty() {
        out.push(heading(ink, " LAST LINES, newest first", columns));
        out.extend(thread.trail.iter().map(|place| step(place, 0, columns)));
    }
}

/// One place, in as many columns as its depth.
fn step(place: &Place, depth: usize, columns: usize) -> Line<'static> {
    let mut line = Pieces::default();
    line.plain("  ".repeat(depth.min(30) + 1)).plain(" ").plain(crate::render::place_of(place));
    line.line(columns)
}

/// Where it was seen in the last seconds.
fn past(
    out: &mut Vec<Line<'static>>,
    seen: &Seen,
    state: &State,
    ink: Ink,
    columns: usize,
    tid: u64,
) {
    let (rows, all) = lines::shown(seen, state, Some(tid), "samples");
    let over = crate::words::human::time(seen.histogram.over_ns);
    let title = format!(" LINES of the last {over}, {} samples, idle too", whole(all));
    out.push(heading(ink, &title, columns));
    out.extend(rows.iter().map(|row| lines::line(row, ink, columns)));
}
