//! What a group of workers did, from each moment to the next: as the board noted it, and as somebody looked.

use super::demand::{Stretch, Sums};
use super::look::{Look, Series, Worker};
use crate::words::label::Label;

/// What the board remembers is used so far back, ns.
const BACK_NS: f64 = 12.5e9;
/// Looks further apart than this are stretches of their own, ns.
const STRETCH_NS: f64 = 250e6;

/// Beats of the keeper that are so much further apart than most: the process was stopped, or nobody let it run.
const PAUSED: f64 = 1.75;

/// Workers that are looked at together, and what they serve.
pub(super) struct Members<'a> {
    pub(super) name: Label,
    pub(super) queue: Option<u64>,
    pub(super) workers: Vec<&'a Worker>,
}

/// The worker in another look.
pub(super) fn same<'a>(look: &'a Look, worker: &Worker) -> Option<&'a Worker> {
    look.workers
        .iter()
        .find(|other| (other.slot, other.generation) == (worker.slot, worker.generation))
}

/// Looks that are a stretch apart, the first and the last among them.
fn thinned(series: &Series) -> Vec<&Look> {
    let apart = (STRETCH_NS / series.unit_ns.max(f64::MIN_POSITIVE)) as u64;
    let mut kept: Vec<&Look> = Vec::new();
    for look in &series.looks {
        if kept.last().is_none_or(|last| look.stamp.saturating_sub(last.stamp) >= apart) {
            kept.push(look);
        }
    }
    if let Some(last) = series.looks.last()
        && kept.last().is_some_and(|kept| kept.stamp < last.stamp)
    {
        // Not a stretch that is too short: the last one is longer.
        if kept.len() > 1 {
            kept.pop();
        }
        kept.push(last);
    }
    kept
}

/// What the group did from each moment to the next: those that the board noted, then those of the looks.
pub(super) fn stretches(series: &Series, members: &Members) -> Vec<Stretch> {
    let Some(first) = series.looks.first() else { return Vec::new() };
    let started = members.workers.iter().map(|worker| worker.started).max().unwrap_or(0);
    let back = (BACK_NS / series.unit_ns.max(f64::MIN_POSITIVE)) as u64;
    let mut moments: Vec<(u64, f64, f64)> = Vec::new();
    if let Some(place) = members.queue {
        let known = series.past.iter().filter(|past| {
            past.stamp > started
                && past.stamp < first.stamp
                && past.stamp > first.stamp.saturating_sub(back)
        });
        for past in known {
            let busy = |worker: &&Worker| {
                past.busy.get(usize::try_from(worker.slot).ok()?).map(|&busy| busy as f64)
            };
            let busy: Option<f64> = members.workers.iter().map(busy).sum();
            let done = past.completions.get(&place);
            moments.extend(busy.zip(done).map(|(busy, &done)| (past.stamp, busy, done as f64)));
        }
    }
    let noted = moments.len();
    for look in thinned(series) {
        let workers: Option<Vec<&Worker>> =
            members.workers.iter().map(|worker| same(look, worker)).collect();
        let Some(workers) = workers else { continue };
        let busy = workers.iter().map(|worker| worker.busy as f64).sum();
        let done = match members.queue {
            Some(place) => look.queues.get(&place).map_or(0, |queue| queue.completions) as f64,
            None => workers.iter().map(|worker| worker.jobs as f64).sum(),
        };
        moments.push((look.stamp, busy, done));
    }
    let most = usual(&moments[..noted]) * PAUSED;
    moments
        .windows(2)
        .enumerate()
        // What a job in hand took meanwhile is no demand of its own.
        .filter(|(at, pair)| *at >= noted || (pair[1].0.saturating_sub(pair[0].0)) as f64 <= most)
        .map(|(_, pair)| Stretch {
            from: pair[0].0,
            span_ns: (pair[1].0.saturating_sub(pair[0].0)) as f64 * series.unit_ns,
            busy_ns: (pair[1].1 - pair[0].1).max(0.0) * series.unit_ns,
            done: (pair[1].2 - pair[0].2).max(0.0),
        })
        .collect()
}

/// The time from one beat that the keeper noted to the next, as most are; without end where too few are known.
fn usual(noted: &[(u64, f64, f64)]) -> f64 {
    let mut spans: Vec<u64> =
        noted.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).collect();
    spans.sort_unstable();
    match spans.get(spans.len() / 2) {
        Some(&span) if spans.len() >= 3 => span as f64,
        _ => f64::INFINITY,
    }
}

/// What the group's busy periods add up to from look to look, from a stamp on; by one look, since its threads began.
pub(super) fn sums(series: &Series, members: &Members, since: u64) -> Vec<Sums> {
    let looks = thinned(series);
    let between = |from: &Worker, to: &Worker| between(series, from, to);
    if !counts(members) {
        return Vec::new();
    }
    if let [only] = looks.as_slice() {
        return vec![until(series, members, only)];
    }
    looks
        .windows(2)
        .filter(|pair| pair[0].stamp >= since)
        .map(|pair| {
            let both = members
                .workers
                .iter()
                .filter_map(|worker| Some((same(pair[0], worker)?, same(pair[1], worker)?)));
            Sums::of(&both.map(|(from, to)| between(from, to)).collect::<Vec<_>>())
        })
        .collect()
}

/// What the group's busy periods added up to from its threads' begin to the first look.
pub(super) fn earlier(series: &Series, members: &Members) -> Sums {
    match series.looks.as_slice() {
        [first, _, ..] if counts(members) => until(series, members, first),
        _ => Sums::default(),
    }
}

fn until(series: &Series, members: &Members, look: &Look) -> Sums {
    let nothing = Worker::default();
    let all = members.workers.iter().filter_map(|worker| same(look, worker));
    Sums::of(&all.map(|worker| between(series, &nothing, worker)).collect::<Vec<_>>())
}

/// A writer of before counts no periods.
fn counts(members: &Members) -> bool {
    members.workers.iter().all(|worker| worker.periods > 0 || worker.jobs == 0)
}

fn between(series: &Series, from: &Worker, to: &Worker) -> Sums {
    Sums {
        periods: to.periods.wrapping_sub(from.periods) as f64,
        jobs: to.jobs.saturating_sub(from.jobs) as f64,
        squares: to.squares.wrapping_sub(from.squares) as f64,
        time_ns: to.ended.saturating_sub(from.ended) as f64 * series.unit_ns,
        products: to.products.wrapping_sub(from.products) as f64 * series.unit_ns,
    }
}
