//! Threads: what each does, its load now and over the last seconds, and where it is.

use super::page::{Ink, Page, Pieces, heading};
use crate::model::ThreadReport;
use crate::render::Look;
use crate::render::columns::{STATE, last_change};
use crate::top::history::{Of, spark};
use crate::top::state::State;
use crate::top::watch::Seen;
use crate::words::human::{NONE, or_none, percent, time};
use crate::words::term::{label, left, right, width};

/// The threads that pass the filter, in order.
pub(super) fn shown<'a>(seen: &'a Seen, state: &State) -> Vec<&'a ThreadReport> {
    let look = Look { sort: state.threads_sort(), ..Look::default() };
    let mut threads = look.sorted(&seen.report.threads);
    threads.retain(|thread| {
        let mut texts = vec![&thread.name];
        texts.extend([&thread.label, &thread.function, &thread.file].into_iter().flatten());
        state.shows(&texts)
    });
    if state.sort().1 {
        threads.reverse();
    }
    threads
}

/// Columns of a sparkline on a screen this wide.
pub(super) fn spark_columns(columns: usize) -> usize {
    (columns.saturating_sub(56) / 3).min(60)
}

pub(super) fn page<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let threads = shown(seen, state);
    // By the names alone, which stay as long as the threads do.
    let names = seen.report.threads.iter().map(|thread| width(&label(&thread.name)));
    let name = names.max().unwrap_or(0).clamp(6, 15);
    let bars = spark_columns(columns);
    let (changed, wide) = last_change(columns);
    let head = format!(
        " {} {}   1s  10s  60s {}{}  WHERE",
        left("THREAD", name),
        left("STATE", STATE),
        left(if bars >= 6 { "LOAD" } else { "" }, bars),
        right(changed, wide)
    );
    Page {
        head: vec![heading(ink, &head, columns)],
        ids: threads.iter().map(|thread| thread.tid).collect(),
        row: Box::new(move |index| {
            let thread = threads[index];
            let mut row = Pieces::default();
            let style = if thread.stalled { ink.bad() } else { ink.faint() };
            row.add(if thread.stalled { "!" } else { " " }, style);
            row.plain(format!("{} ", left(&label(&thread.name), name)));
            let class = thread.class.unwrap_or(NONE);
            row.add(left(class, STATE), ink.class(class));
            for load in [thread.load.s1, thread.load.s10, thread.load.s60] {
                row.plain(right(&or_none(load, percent), 5));
            }
            let loads = seen.history.last(Of::Load(thread.tid), bars);
            row.add(format!(" {}", spark(&loads, Some(1.0), bars)), ink.bar());
            row.plain(right(&age(thread), wide));
            row.plain(format!("  {}", crate::render::place(thread)));
            row.line(columns)
        }),
    }
}

/// How long it has been seen there.
pub(super) fn age(thread: &ThreadReport) -> String {
    or_none(
        thread.since_ns,
        |ns| {
            if thread.since_at_most { format!("<{}", time(ns)) } else { time(ns) }
        },
    )
}
