//! From looks to what is said of each queue and group of workers.

use std::collections::BTreeMap;

use super::answer::{Group, Range};
use super::blocked::blocked;
use super::change::settled;
use super::demand::{Stretch, Sums, demand};
use super::foretell::{Facts, foretell};
use super::look::{Series, Worker};
use super::standing::waiting;
use super::stretches::{Members, earlier, stretches, sums};
use crate::words::label::Label;
use crate::words::stem::stem;

/// Every queue, then every group of workers without one.
pub fn groups(series: &Series) -> Vec<Group> {
    let Some(last) = series.looks.last() else { return Vec::new() };
    let mut all: Vec<Members> = last
        .queues
        .iter()
        // One that a program links and never used.
        .filter(|(_, queue)| queue.arrivals > 0)
        .map(|(&place, queue)| Members {
            name: queue.name.clone(),
            queue: Some(place),
            workers: last.workers.iter().filter(|one| one.queue == Some(place)).collect(),
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let mut others: BTreeMap<String, Vec<&Worker>> = BTreeMap::new();
    for worker in &last.workers {
        if !worker.queue.is_some_and(|place| last.queues.contains_key(&place)) {
            others.entry(stem(worker.name.raw()).to_owned()).or_default().push(worker);
        }
    }
    all.extend(others.into_iter().map(|(name, workers)| Members {
        name: Label::from(name.as_str()),
        queue: None,
        workers,
    }));
    all.iter().map(|members| group(series, members)).collect()
}

fn total(stretches: &[Stretch]) -> Stretch {
    stretches.iter().fold(Stretch::default(), |sum, one| Stretch {
        from: 0,
        span_ns: sum.span_ns + one.span_ns,
        busy_ns: sum.busy_ns + one.busy_ns,
        done: sum.done + one.done,
    })
}

fn per(value: f64, by: f64) -> Option<f64> {
    (by > 0.0).then(|| value / by)
}

/// To a thousandth.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Since the first of its threads began.
fn lived_ns(series: &Series, members: &Members) -> Option<u64> {
    let began = members.workers.iter().map(|worker| worker.started).min()?;
    let last = series.looks.last()?.stamp;
    Some((last.saturating_sub(began) as f64 * series.unit_ns) as u64)
}

// long: what is said of a group in one place, a field a line
fn group(series: &Series, members: &Members) -> Group {
    let all = stretches(series, members);
    let now = settled(&all);
    let since = now.stretches.first().map_or(0, |one| one.from);
    let before = total(now.before);
    let before = per(before.done * 1e9, before.span_ns);
    let total = total(now.stretches);
    let looked_since = if now.before.is_empty() { 0 } else { since };
    let sums = sums(series, members, looked_since);
    let servers = members.workers.len();
    let throughput = per(total.done * 1e9, total.span_ns);
    let utilization =
        per(total.busy_ns, total.span_ns * servers as f64).map(|share| share.clamp(0.0, 1.0));
    let known = demand(now.stretches).filter(|_| servers > 0);
    let periods = Sums::of(&sums);
    let period_ns = per(periods.time_ns, periods.periods).or(known.map(|known| known.value));
    let waiting = members.queue.and_then(|place| waiting(series, place, period_ns));
    let foretold = foretell(&Facts {
        series,
        members,
        total,
        sums: &sums,
        earlier: earlier(series, members),
        demand: known,
        utilization,
        queue: waiting.map(|waiting| waiting.state),
        before,
        in_hand: members.workers.iter().filter(|worker| worker.at_work).count(),
    });
    let looked = series.looks.first().zip(series.looks.last());
    let looked = looked.map_or(0, |(first, last)| last.stamp.saturating_sub(first.stamp));
    let looked_ns = (looked > 0).then_some((looked as f64 * series.unit_ns) as u64);
    let over_ns = (total.span_ns > 0.0).then_some(total.span_ns as u64);
    let saturation = foretold.saturation;
    // What does not run has no present load to hold anything against.
    let present = throughput.filter(|_| series.still.is_none());
    let times = |value: Option<f64>| per(value?, present?).map(rounded);
    let blocked = blocked(series, members, looked_since);
    let by_looks = foretold.item_ns.is_some();
    Group {
        board: series.board.clone(),
        pid: series.pid,
        name: members.name.clone(),
        kind: if members.queue.is_some() { "queue" } else { "workers" },
        servers: servers as u64,
        throughput: throughput.map(rounded),
        utilization: utilization.map(rounded),
        demand_ns: known.map(|known| known.value.round()),
        demand_fixed_ns: foretold.fixed_ns.map(f64::round),
        demand_item_ns: foretold.item_ns.map(f64::round),
        saturation: saturation.map(|range| Range {
            value: rounded(range.value),
            low: range.low.map(rounded),
            high: range.high.map(rounded),
        }),
        at_least: foretold.at_least,
        headroom: times(saturation.map(|range| range.value)),
        headroom_low: times(saturation.and_then(|range| range.low)),
        headroom_high: times(saturation.and_then(|range| range.high)),
        queue: waiting.map(|waiting| waiting.state),
        queue_target_ns: waiting.map(|waiting| waiting.target_ns as u64),
        littles_law_error: waiting.and_then(|waiting| waiting.error).map(rounded),
        littles_law_holds: waiting.and_then(|waiting| waiting.holds),
        over_ns,
        looked_ns,
        model_over_ns: saturation.and(match by_looks {
            _ if foretold.by_life => lived_ns(series, members),
            true => looked_ns.zip(over_ns).map(|(looked, over)| looked.min(over)),
            false => over_ns,
        }),
        changed_ago_ns: before.and(over_ns),
        throughput_before: before.map(rounded),
        waiting_share: blocked.as_ref().map(|(share, _)| rounded(*share)),
        waiting_what: blocked.as_ref().map(|(_, blocked)| blocked.what),
        waiting_for: blocked.map(|(_, blocked)| blocked.name),
        model: match series.still {
            Some(still) => format!("{}; it is {still}, and has no load now", foretold.model),
            None => foretold.model,
        },
    }
}
