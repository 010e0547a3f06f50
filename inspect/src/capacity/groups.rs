//! From looks to what is said of each queue and group of workers.

use std::collections::BTreeMap;

use super::answer::{Group, Range};
use super::demand::{Known, Stretch, Sums, demand, parts};
use super::look::{Look, Series, Worker};
use super::standing::waiting;
use crate::words::human::{time, whole};
use crate::words::label::Label;
use crate::words::stem::stem;

/// What the board remembers is used so far back, ns.
const BACK_NS: f64 = 12.5e9;
/// Looks further apart than this are stretches of their own, ns.
const STRETCH_NS: f64 = 250e6;
/// Items that must have ended, and busy periods, before anything is foretold.
const ENOUGH: f64 = 30.0;
/// Jobs of a busy period, on average, from which on they are batches.
const BATCHES: f64 = 1.1;
/// Half the interval of a part, as a share of it, beyond which it is not known.
const VAGUE: f64 = 0.5;

/// Workers that are looked at together, and what they serve.
struct Members<'a> {
    name: Label,
    queue: Option<u64>,
    workers: Vec<&'a Worker>,
}

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

fn group(series: &Series, members: &Members) -> Group {
    let stretches = stretches(series, members);
    let sums = sums(series, members);
    let total = stretches.iter().fold(Stretch::default(), |sum, one| Stretch {
        span_ns: sum.span_ns + one.span_ns,
        busy_ns: sum.busy_ns + one.busy_ns,
        done: sum.done + one.done,
    });
    let servers = members.workers.len();
    let per = |value: f64, by: f64| (by > 0.0).then(|| value / by);
    let throughput = per(total.done * 1e9, total.span_ns);
    let known = demand(&stretches).filter(|_| servers > 0);
    let foretold = foretell(series, members, &total, &sums, known);
    let all = Sums::of(&sums);
    let period_ns = per(all.time_ns, all.periods).or(known.map(|known| known.value));
    let waiting = members.queue.and_then(|place| waiting(series, place, period_ns));
    let looked = series.looks.first().zip(series.looks.last());
    let looked = looked.map_or(0, |(first, last)| last.stamp.saturating_sub(first.stamp));
    let saturation = foretold.saturation;
    let rounded = |value: f64| (value * 1e3).round() / 1e3;
    Group {
        board: series.board.clone(),
        pid: series.pid,
        name: members.name.clone(),
        kind: if members.queue.is_some() { "queue" } else { "workers" },
        servers: servers as u64,
        throughput: throughput.map(rounded),
        utilization: per(total.busy_ns, total.span_ns * servers as f64)
            .map(|share| rounded(share.clamp(0.0, 1.0))),
        demand_ns: known.map(|known| known.value.round()),
        demand_fixed_ns: foretold.fixed_ns.map(f64::round),
        demand_item_ns: foretold.item_ns.map(f64::round),
        saturation: saturation.map(|range| Range {
            value: rounded(range.value),
            low: range.low.map(rounded),
            high: range.high.map(rounded),
        }),
        headroom: saturation
            .zip(throughput)
            .and_then(|(range, now)| per(range.value, now))
            .map(rounded),
        queue: waiting.map(|waiting| waiting.state),
        queue_target_ns: waiting.map(|waiting| waiting.target_ns as u64),
        littles_law_error: waiting.and_then(|waiting| waiting.error).map(rounded),
        littles_law_holds: waiting.and_then(|waiting| waiting.holds),
        over_ns: (total.span_ns > 0.0).then_some(total.span_ns as u64),
        looked_ns: (looked > 0).then_some((looked as f64 * series.unit_ns) as u64),
        model: foretold.model,
    }
}

/// What is foretold of a group, and how.
struct Foretold {
    saturation: Option<Range>,
    fixed_ns: Option<f64>,
    item_ns: Option<f64>,
    model: String,
}

impl Foretold {
    fn nothing(why: &str) -> Self {
        let model = format!("too little to say: {why}");
        Self { saturation: None, fixed_ns: None, item_ns: None, model }
    }
}

/// Items a second of so many servers, of which each takes `known` for one.
fn rate(servers: usize, known: Known) -> Range {
    let per_s = |ns: f64| servers as f64 * 1e9 / ns;
    let half = known.half;
    Range {
        value: per_s(known.value),
        low: half.map(|half| per_s(known.value + half)),
        high: half.filter(|half| *half < known.value).map(|half| per_s(known.value - half)),
    }
}

fn foretell(
    series: &Series,
    members: &Members,
    total: &Stretch,
    sums: &[Sums],
    known: Option<Known>,
) -> Foretold {
    let servers = members.workers.len();
    if servers == 0 {
        return Foretold::nothing("no thread that lives has served it");
    }
    let all = Sums::of(sums);
    if total.done.max(all.jobs) < ENOUGH {
        let over = time((total.span_ns) as u64);
        let done = whole(total.done as u64);
        return Foretold::nothing(&format!("{done} ended in {over}, and {ENOUGH} are needed"));
    }
    if serves_others(series, members, all) {
        return Foretold::nothing(
            "its workers serve others as well, and nothing tells which took how long",
        );
    }
    let known = match known {
        Some(known) => known,
        // One look at what has no past: all of its life.
        None if all.jobs > 0.0 => Known { value: all.time_ns / all.jobs, half: None },
        None => return Foretold::nothing("no time in which anything ended was seen"),
    };
    let plain = || Foretold {
        saturation: Some(rate(servers, known)),
        fixed_ns: None,
        item_ns: None,
        model: "the same for each item".to_owned(),
    };
    if all.periods == 0.0 || all.mean() < BATCHES {
        return plain();
    }
    let mean = all.mean();
    let alike = || {
        let text = format!("busy periods of {mean:.1} items are too alike or too few");
        Foretold::nothing(&text)
    };
    let Some(parts) = parts(sums).filter(|_| all.periods >= ENOUGH) else { return alike() };
    let half = |known: Known| known.half.unwrap_or(0.0);
    if parts.fixed_ns.value - half(parts.fixed_ns) <= 0.0 {
        // Jobs that overlap in hand are no batches: each takes its time.
        return plain();
    }
    let item = parts.item_ns;
    if item.value <= 0.0 || half(item) > VAGUE * item.value {
        return alike();
    }
    Foretold {
        saturation: Some(rate(servers, item)),
        fixed_ns: Some(parts.fixed_ns.value),
        item_ns: Some(item.value),
        model: format!("by {} busy periods of {mean:.1} items", whole(all.periods as u64)),
    }
}

/// Whether workers ended clearly more, or less, than what the queue says was ended.
fn serves_others(series: &Series, members: &Members, all: Sums) -> bool {
    let Some(place) = members.queue else { return false };
    let (Some(first), Some(last)) = (series.looks.first(), series.looks.last()) else {
        return false;
    };
    if series.looks.len() < 2 {
        return false;
    }
    let ended = |look: &Look| look.queues.get(&place).map_or(0, |queue| queue.completions);
    let done = ended(last).saturating_sub(ended(first)) as f64;
    // Workers say what they ended when they have nothing in hand.
    let open = 2.0 * all.mean().max(1.0) * members.workers.len() as f64;
    all.periods > 0.0 && (all.jobs - done).abs() > 0.1 * done.max(all.jobs) + open
}

/// The worker in another look.
fn same<'a>(look: &'a Look, worker: &Worker) -> Option<&'a Worker> {
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
fn stretches(series: &Series, members: &Members) -> Vec<Stretch> {
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
    moments
        .windows(2)
        .map(|pair| Stretch {
            span_ns: (pair[1].0.saturating_sub(pair[0].0)) as f64 * series.unit_ns,
            busy_ns: (pair[1].1 - pair[0].1).max(0.0) * series.unit_ns,
            done: (pair[1].2 - pair[0].2).max(0.0),
        })
        .collect()
}

/// What the group's busy periods add up to from look to look; by one look, since its threads began.
fn sums(series: &Series, members: &Members) -> Vec<Sums> {
    let looks = thinned(series);
    let nothing = Worker::default();
    let between = |from: &Worker, to: &Worker| Sums {
        periods: to.periods.wrapping_sub(from.periods) as f64,
        jobs: to.jobs.saturating_sub(from.jobs) as f64,
        squares: to.squares.wrapping_sub(from.squares) as f64,
        time_ns: to.ended.saturating_sub(from.ended) as f64 * series.unit_ns,
        products: to.products.wrapping_sub(from.products) as f64 * series.unit_ns,
    };
    // A writer of before counts no periods.
    let counts = members.workers.iter().all(|worker| worker.periods > 0 || worker.jobs == 0);
    if !counts {
        return Vec::new();
    }
    if let [only] = looks.as_slice() {
        let all = members.workers.iter().filter_map(|worker| same(only, worker));
        return vec![Sums::of(&all.map(|worker| between(&nothing, worker)).collect::<Vec<_>>())];
    }
    looks
        .windows(2)
        .map(|pair| {
            let both = members
                .workers
                .iter()
                .filter_map(|worker| Some((same(pair[0], worker)?, same(pair[1], worker)?)));
            Sums::of(&both.map(|(from, to)| between(from, to)).collect::<Vec<_>>())
        })
        .collect()
}
