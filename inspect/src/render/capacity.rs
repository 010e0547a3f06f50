//! Capacity as text.

use super::look::{Look, Paint};
use super::place::line;
use crate::capacity::{Group, QueueState, Range};
use crate::words::human::{or_none, short, time};
use crate::words::term::{fold, label, left, right, term, width};

/// The widest that a name gets.
const WIDEST: usize = 24;
/// Columns of a terminal from which on the interval, and the parts of the load, have room.
const INTERVALS: usize = 90;
const PARTS: usize = 78;
/// And the rates themselves.
const RATES: usize = 58;
/// Share of the looks that found servers at a wait, from which on it is said.
const WAITED: f64 = 0.1;
/// Busy share of servers of which it is said that they are first.
const BUSY: f64 = 0.9;

/// A line for each group, and below it how its saturation was told, or why it was not.
pub fn groups(groups: &[Group], look: &Look) -> String {
    let mut out = String::new();
    let shown: Vec<&Group> = groups.iter().filter(|group| look.shows(&group.name)).collect();
    if shown.is_empty() {
        let text = "no queue is declared, and no thread says when it has a job in hand";
        folded(&mut out, look, Paint::Plain, 1, text);
        return out;
    }
    let names: Vec<String> = shown.iter().map(|group| label(&group.name)).collect();
    let widest = if look.columns < RATES { 12 } else { WIDEST };
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(5).clamp(12, widest);
    // One window of all rows stands in the heading; else each row says its own.
    let windows: Vec<String> = shown.iter().map(|group| or_none(group.over_ns, time)).collect();
    let one = windows.iter().all(|window| *window == windows[0]);
    let over = if one { windows[0].as_str() } else { "" };
    let mut heading = format!(" {}", left(format!("GROUP {over}").trim_end(), wide));
    for (title, _) in columns(shown[0], look) {
        heading.push_str(&title);
    }
    line(&mut out, look, &look.paint(Paint::Strong, &heading));
    for (group, name) in shown.iter().zip(&names) {
        let mut text = format!(" {}", left(name, wide));
        columns(group, look).into_iter().for_each(|(_, value)| text.push_str(&value));
        let bad = group.queue == Some(QueueState::Standing);
        line(&mut out, look, &look.paint(if bad { Paint::Warn } else { Paint::Plain }, &text));
        below(&mut out, group, !one, look);
    }
    first(&mut out, &shown, look);
    out
}

/// Headings and values of a row, those that the terminal has room for.
fn columns(group: &Group, look: &Look) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |title: &str, value: String, wide: usize| {
        all.push((format!(" {}", right(title, wide)), format!(" {}", right(&value, wide))));
    };
    let at_least = |columns| look.columns >= columns;
    if at_least(PARTS) {
        add("SERVERS", group.servers.to_string(), 7);
    }
    if at_least(RATES) {
        add("COMPLETED/s", or_none(group.throughput, short), 11);
    }
    let share = or_none(group.utilization, |share| format!("{:.0}%", share * 100.0));
    add("UTIL", share, 4);
    if at_least(PARTS) {
        add("DEMAND", or_none(group.demand_ns, |ns| time(ns as u64)), 7);
    }
    if at_least(INTERVALS) {
        add(
            "SATURATION/s (95 %)",
            or_none(group.saturation, |range| bound(range, group.at_least)),
            22,
        );
    } else if at_least(RATES) {
        add(
            "SATURATION/s",
            or_none(group.saturation, |range| least(range.value, group.at_least)),
            12,
        );
    }
    add("HEADROOM", headroom(group), 8);
    let queue = match group.queue {
        None => "-",
        Some(QueueState::Empty) => "empty",
        Some(QueueState::Bursty) => "bursty",
        Some(QueueState::Standing) => "standing",
    };
    all.push(("  QUEUE".to_owned(), format!("  {queue}")));
    all
}

fn headroom(group: &Group) -> String {
    match group.headroom {
        // Beyond that it is no number to plan by.
        Some(times) if times >= 100.0 => ">100x".to_owned(),
        Some(times) if group.at_least => format!("≥{times:.1}x"),
        times => or_none(times, |times| format!("{times:.1}x")),
    }
}

/// What is said below a row: the model, and what speaks against it.
fn below(out: &mut String, group: &Group, window: bool, look: &Look) {
    let parts = group.demand_fixed_ns.zip(group.demand_item_ns).map(|(fixed, item)| {
        format!("{} a batch and {} an item, ", time(fixed as u64), time(item as u64))
    });
    let over = group.over_ns.filter(|_| window).map(|over| format!("over {}; ", time(over)));
    let learned = group.model_over_ns.filter(|model| Some(time(*model)) != group.over_ns.map(time));
    let learned = learned.map(|model| format!(", learned in {}", time(model)));
    let text = format!(
        "{}demand: {}{}{}",
        over.unwrap_or_default(),
        parts.unwrap_or_default(),
        term(&group.model),
        learned.unwrap_or_default()
    );
    folded(out, look, Paint::Plain, 3, &text);
    for (paint, text) in remarks(group) {
        folded(out, look, paint, 3, &text);
    }
}

fn remarks(group: &Group) -> Vec<(Paint, String)> {
    let mut all = Vec::new();
    if let (Some(ago), Some(before)) = (group.changed_ago_ns, group.throughput_before) {
        let now = or_none(group.throughput, short);
        let text =
            format!("changed {} ago: {} a second before, {now} since", time(ago), short(before));
        all.push((Paint::Warn, text));
    }
    let busy = group.utilization.filter(|busy| *busy >= BUSY);
    if let (Some(busy), Some(times), Some(_)) = (busy, group.headroom, group.demand_fixed_ns) {
        let text = format!(
            "{:.0} % busy, and takes {times:.1} times as much: who takes all that waits at once is busy long before \
             it is full",
            busy * 100.0
        );
        all.push((Paint::Plain, text));
    }
    let waited = group.waiting_share.filter(|share| *share >= WAITED);
    if let (Some(share), Some(what), Some(name)) = (waited, group.waiting_what, &group.waiting_for)
    {
        let at = match what {
            "outside" => format!("at waits (mostly {})", label(name)),
            what => format!("waiting, mostly for {what} {}", label(name)),
        };
        let share = share * 100.0;
        let text = format!(
            "{share:.0} % of the time at work was {at}: it counts as demand, and more load may wait longer"
        );
        all.push((if what == "outside" { Paint::Plain } else { Paint::Warn }, text));
    }
    if group.littles_law_holds == Some(false) {
        let error = group.littles_law_error.unwrap_or(0.0) * 100.0;
        let text = format!(
            "Little's law does not hold: the queue is {error:+.0} % as long as arrivals times waiting; its numbers \
             contradict each other"
        );
        all.push((Paint::Bad, text));
    }
    all
}

/// Which of several groups is full first: the headroom of the others is not that of the whole.
fn first(out: &mut String, shown: &[&Group], look: &Look) {
    if shown.len() < 2 {
        return;
    }
    let known = shown.iter().filter(|group| group.headroom.is_some());
    let least =
        known.min_by(|a, b| a.headroom.unwrap_or(0.0).total_cmp(&b.headroom.unwrap_or(0.0)));
    if let Some(group) = least {
        let interval = match group.headroom_low.zip(group.headroom_high) {
            Some((low, high)) => format!(" ({low:.1}-{high:.1})"),
            // How much more one takes of which a lower bound is known, nobody can say: another may be full before.
            None if group.at_least => ", of which that is a lower bound".to_owned(),
            None => String::new(),
        };
        let text =
            format!("first to be full: {} at {}{interval}", label(&group.name), headroom(group));
        folded(out, look, Paint::Strong, 1, &text);
    }
    let known = least.is_some();
    // One of which nothing is foretold may come before.
    let silent = shown.iter().filter(|group| group.headroom.is_none());
    for group in silent.filter(|group| group.utilization.is_some_and(|share| share >= BUSY)) {
        let busy = group.utilization.unwrap_or(0.0) * 100.0;
        let what = if known { "it may be full before" } else { "it may be the first to be full" };
        let text = format!(
            "{} is {busy:.0} % busy and nothing is foretold of it: {what}",
            label(&group.name)
        );
        folded(out, look, Paint::Warn, 1, &text);
    }
}

/// Sentences below each other, so far in, within the terminal.
fn folded(out: &mut String, look: &Look, paint: Paint, indent: usize, text: &str) {
    for part in fold(text, look.columns.saturating_sub(indent).max(1)).lines() {
        line(out, look, &look.paint(paint, &format!("{}{part}", " ".repeat(indent))));
    }
}

/// `≥21.0k` of a lower bound.
fn least(value: f64, at_least: bool) -> String {
    format!("{}{}", if at_least { "≥" } else { "" }, short(value))
}

fn bound(value: Range, at_least: bool) -> String {
    if at_least { least(value.value, true) } else { range(value) }
}

/// `21.0k 20.5k-21.6k`, or `21.0k ≥20.5k` where nothing bounds it above.
fn range(range: Range) -> String {
    match (range.low, range.high) {
        (Some(low), Some(high)) => format!("{} {}-{}", short(range.value), short(low), short(high)),
        (Some(low), None) => format!("{} ≥{}", short(range.value), short(low)),
        _ => short(range.value),
    }
}
