//! Capacity as text.

use super::look::{Look, Paint};
use super::place::line;
use crate::capacity::{Group, QueueState, Range};
use crate::words::human::{or_none, short, time};
use crate::words::term::{label, left, right, term, width};

/// The widest that a name gets.
const WIDEST: usize = 24;

/// A line for each group, and below it how its saturation was told, or why it was not.
pub fn groups(groups: &[Group], look: &Look) -> String {
    let mut out = String::new();
    let shown: Vec<&Group> = groups.iter().filter(|group| look.shows(&group.name)).collect();
    if shown.is_empty() {
        line(&mut out, look, " no queue is declared, and no thread says when it has a job in hand");
        return out;
    }
    let names: Vec<String> = shown.iter().map(|group| label(&group.name)).collect();
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(5).clamp(12, WIDEST);
    let over = shown.iter().filter_map(|group| group.over_ns).max();
    let heading = format!(
        " {} SERVERS {} UTIL  DEMAND {}  HEADROOM  QUEUE",
        left(&format!("GROUP {}", or_none(over, time)), wide),
        right("COMPLETED/s", 11),
        right("SATURATION/s (95 %)", 22),
    );
    line(&mut out, look, &look.paint(Paint::Strong, &heading));
    for (group, name) in shown.iter().zip(&names) {
        row(&mut out, group, name, wide, look);
    }
    out
}

fn row(out: &mut String, group: &Group, name: &str, wide: usize, look: &Look) {
    let queue = match group.queue {
        None => "-",
        Some(QueueState::Empty) => "empty",
        Some(QueueState::Bursty) => "bursty",
        Some(QueueState::Standing) => "standing",
    };
    let headroom = match group.headroom {
        // Beyond that it is no number to plan by.
        Some(times) if times >= 100.0 => ">100x".to_owned(),
        times => or_none(times, |times| format!("{times:.1}x")),
    };
    let text = format!(
        " {} {} {} {} {} {}  {}  {queue}",
        left(name, wide),
        right(&group.servers.to_string(), 7),
        right(&or_none(group.throughput, short), 11),
        right(&or_none(group.utilization, |share| format!("{:.0}%", share * 100.0)), 4),
        right(&or_none(group.demand_ns, |ns| time(ns as u64)), 7),
        right(&or_none(group.saturation, range), 22),
        right(&headroom, 8),
    );
    let bad = group.queue == Some(QueueState::Standing);
    line(out, look, &if bad { look.paint(Paint::Warn, &text) } else { text });
    let parts = group.demand_fixed_ns.zip(group.demand_item_ns).map(|(fixed, item)| {
        format!("{} a batch and {} an item, ", time(fixed as u64), time(item as u64))
    });
    line(out, look, &format!("   demand: {}{}", parts.unwrap_or_default(), term(&group.model)));
    if group.littles_law_holds == Some(false) {
        let error = group.littles_law_error.unwrap_or(0.0) * 100.0;
        let text = format!(
            "   Little's law does not hold: the queue is {error:+.0} % as long as arrivals times waiting; its \
             numbers contradict each other"
        );
        line(out, look, &look.paint(Paint::Bad, &text));
    }
}

/// `21.0k 20.5k-21.6k`
fn range(range: Range) -> String {
    match (range.low, range.high) {
        (Some(low), Some(high)) => format!("{} {}-{}", short(range.value), short(low), short(high)),
        (Some(low), None) => format!("{} {}-", short(range.value), short(low)),
        _ => short(range.value),
    }
}
