//! Operations in flight, below how the process is doing; with `a` those that ended, too. Enter shows all of
//! one.

use ratatui::text::Line;

use super::{Ink, Page, Pieces, heading};
use crate::model::Op;
use crate::render::human::{bytes, or_none, time};
use crate::render::ops::{said, what};
use crate::render::term::{label, left, right, width};
use crate::render::{Look, ops};
use crate::top::state::State;
use crate::top::watch::Seen;

/// The operations that pass the filter, in order.
fn shown<'a>(seen: &'a Seen, state: &State) -> Vec<&'a Op> {
    let ended = seen.report.ended_ops.iter().filter(|_| state.all);
    let mut ops: Vec<&Op> = seen.report.ops.iter().chain(ended).collect();
    ops.retain(|op| {
        let mut texts = vec![&op.kind];
        texts.extend([&op.label, &op.peer, &op.status, &op.thread, &op.file].into_iter().flatten());
        state.shows(&texts)
    });
    let (sort, reverse) = state.sort();
    match sort {
        "status" => ops.sort_by_key(|op| (op.status.clone(), std::cmp::Reverse(op.status_age_ns))),
        "kind" => ops.sort_by_key(|op| op.kind.clone()),
        "at it" => ops.sort_by_key(|op| std::cmp::Reverse(op.active_ns)),
        _ => {}
    }
    if reverse {
        ops.reverse();
    }
    ops
}

/// A number for an operation, by which it is found again: of the words of its id.
fn number(op: &Op) -> u64 {
    let parts = op.id.split_once('-').and_then(|(record, generation)| {
        Some((record.parse::<u64>().ok()?, generation.parse::<u64>().ok()?))
    });
    parts.map_or(u64::MAX, |(record, generation)| generation << 16 | record & 0xffff)
}

/// How the process is doing, from `/proc`.
fn vitals(seen: &Seen, ink: Ink, columns: usize) -> Line<'static> {
    let mut line = Pieces::default();
    let Some(vitals) = &seen.report.vitals else {
        line.add(" nothing is known of its process", ink.faint());
        return line.line(columns);
    };
    line.plain(format!(
        " rss {}  threads {}  fds {} of {}",
        or_none(vitals.rss_bytes, bytes),
        or_none(vitals.threads, |threads| threads.to_string()),
        or_none(vitals.fds, |fds| fds.to_string()),
        or_none(vitals.fds_max, |max| max.to_string()),
    ));
    if seen.report.fd_trend.as_ref().is_some_and(|trend| trend.growing) {
        line.add(" GROWING", ink.bad());
    }
    for (state, count) in vitals.sockets.iter().flatten() {
        line.plain(format!("  {count} {state}"));
    }
    line.line(columns)
}

pub(super) fn page<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let ops = shown(seen, state);
    // By what is there to be shown, whatever the filter says: columns stay where they are.
    let all = || seen.report.ops.iter().chain(&seen.report.ended_ops);
    let id = all().map(|op| op.id.len()).max().unwrap_or(0).clamp(4, 12);
    let kind = all().map(|op| width(&label(&op.kind))).max().unwrap_or(0).clamp(4, 12);
    let status = all().map(|op| width(&said(op))).max().unwrap_or(0).clamp(6, 16);
    let head = format!(
        " {} {} {}  {} {}  WHAT AND WHERE",
        left("OP", id),
        left("KIND", kind),
        right("AGE", 7),
        left("STATUS", status),
        right("FOR", 7),
    );
    let mut head = vec![vitals(seen, ink, columns), heading(ink, &head, columns)];
    if ops.is_empty() {
        head.push(Line::styled(" nothing in flight", ink.faint()));
    }
    Page {
        head,
        ids: ops.iter().map(|op| number(op)).collect(),
        row: Box::new(move |index| {
            let op = ops[index];
            let mut row = Pieces::default();
            row.add(if op.leaked { "!" } else { " " }, ink.bad());
            let rest = op.active_ns.is_none() || op.outcome.is_some();
            let style = if rest { ink.faint() } else { ratatui::style::Style::new() };
            row.add(format!("{} {} ", left(&op.id, id), left(&label(&op.kind), kind)), style);
            row.add(format!("{}  ", right(&time(op.age_ns), 7)), style);
            row.add(left(&said(op), status), style);
            row.add(format!(" {}", right(&or_none(op.status_age_ns, time), 7)), style);
            row.add(format!("  {}", what(op)), style);
            row.line(columns)
        }),
    }
}

/// Everything about one operation.
pub(super) fn detail(seen: &Seen, ink: Ink, columns: usize, id: u64) -> Page<'static> {
    let mut all = seen.report.ops.iter().chain(&seen.report.ended_ops);
    let Some(op) = all.find(|op| number(op) == id) else {
        let gone = " it ended, and its record was used again; Esc leads back";
        return Page::text(vec![heading(ink, " operation", columns)], vec![Line::raw(gone)]);
    };
    let mut text = String::new();
    ops::detail(&mut text, op, &Look { columns, ..Look::default() });
    let mut lines = text.lines().map(|line| Line::raw(line.to_owned()));
    let head = lines.next().map(|line| line.style(ink.title())).into_iter().collect();
    Page::text(head, lines.collect())
}
