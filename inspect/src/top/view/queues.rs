//! Queues: depth and throughput now and over the last seconds, waiting and service times.

use super::page::{Ink, Page, Pieces, heading};
use crate::model::Queue;
use crate::render::columns::{QUEUE_NAME, queue_columns};
use crate::render::numbers::queue_cells;
use crate::top::history::{Of, queue_id, spark};
use crate::top::state::State;
use crate::top::watch::Seen;
use crate::words::term::{label, left, right};

fn shown<'a>(seen: &'a Seen, state: &State) -> Vec<&'a Queue> {
    let used = |queue: &Queue| state.all || queue.arrivals > 0 || queue.starts > 0;
    let queues = seen.report.queues.iter();
    let mut queues: Vec<&Queue> =
        queues.filter(|queue| used(queue) && state.shows(&[&queue.name])).collect();
    let most = |value: Option<f64>| value.unwrap_or(-1.0);
    let (sort, reverse) = state.sort();
    match sort {
        "depth" => queues.sort_by_key(|queue| std::cmp::Reverse(queue.depth)),
        "oldest" => queues.sort_by_key(|queue| std::cmp::Reverse(queue.oldest_age_ns)),
        "rate" => queues.sort_by(|a, b| most(b.rate_per_s).total_cmp(&most(a.rate_per_s))),
        "wait" => queues.sort_by_key(|queue| std::cmp::Reverse(queue.wait_ns.recent.p99)),
        "load" => {
            queues.sort_by(|a, b| most(b.utilization.s10).total_cmp(&most(a.utilization.s10)));
        }
        _ => {}
    }
    if reverse {
        queues.reverse();
    }
    queues
}

pub(super) fn page<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let queues = shown(seen, state);
    let titles = queue_columns(columns);
    let fixed: usize = titles.iter().map(|(_, width)| width).sum();
    // Sparklines where they fit.
    let rest = columns.saturating_sub(QUEUE_NAME + fixed);
    let bars = rest.saturating_sub(2) / 2;
    let bars = if bars >= 4 { bars.min(60) } else { 0 };
    let mut head = left(" QUEUE", QUEUE_NAME);
    for (title, width) in titles {
        head.push_str(&right(title, *width));
    }
    if bars > 0 {
        head.push_str(&format!(" {} COMPLETED/s", left("DEPTH", bars)));
    }
    Page {
        head: vec![heading(ink, &head, columns)],
        ids: queues.iter().map(|queue| queue_id(&queue.name)).collect(),
        row: Box::new(move |index| {
            let queue = queues[index];
            let mut row = Pieces::default();
            row.plain(left(&format!(" {}", label(&queue.name)), QUEUE_NAME));
            for (cell, (_, width)) in queue_cells(queue, false).iter().zip(titles) {
                row.plain(right(cell, *width));
            }
            if bars > 0 {
                let id = queue_id(&queue.name);
                let depths = seen.history.last(Of::Depth(id), bars);
                let rates = seen.history.last(Of::Done(id), bars);
                row.add(format!(" {}", spark(&depths, None, bars)), ink.warn());
                row.add(format!(" {}", spark(&rates, None, bars)), ink.bar());
            }
            row.line(columns)
        }),
    }
}
