//! Operations in flight, below how the process is doing; with `a` those that ended, too. Enter shows all of
//! one.

use ratatui::style::Style;
use ratatui::text::Line;

use super::page::{Ink, Page, Pieces, heading};
use crate::model::Op;
use crate::render::ops::{Columns, mark};
use crate::render::{Look, ops, text};
use crate::top::history::name_id;
use crate::top::state::State;
use crate::top::watch::Seen;
use crate::words::human::{bytes, or_none};

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
        // Those that ended are no longer at anything.
        "active" => ops.sort_by_key(|op| {
            (op.outcome.is_some(), op.outcome.is_none().then_some(std::cmp::Reverse(op.active_ns)))
        }),
        _ => {}
    }
    if reverse {
        ops.reverse();
    }
    ops
}

/// A number for an operation, by which it is found again.
fn number(op: &Op) -> u64 {
    name_id(&op.id)
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
    line.plain(text::sockets(vitals));
    line.line(columns)
}

pub(super) fn page<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let ops = shown(seen, state);
    // By what is there to be shown, whatever the filter says: columns stay where they are.
    let cells = Columns::of(seen.report.ops.iter().chain(&seen.report.ended_ops));
    let mut head = vec![vitals(seen, ink, columns), heading(ink, &cells.heading(), columns)];
    if ops.is_empty() {
        head.push(Line::styled(" nothing in flight", ink.faint()));
    }
    Page {
        head,
        ids: ops.iter().map(|op| number(op)).collect(),
        row: Box::new(move |index| {
            let op = ops[index];
            let mut row = Pieces::default();
            row.add(mark(op), ink.bad());
            let rest = op.active_ns.is_none() || op.outcome.is_some();
            row.add(cells.row(op), if rest { ink.faint() } else { Style::new() });
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
