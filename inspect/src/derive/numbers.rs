//! Named numbers: records of one name added up, ratios computed, quantiles taken.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use probe::layout::{HistogramRole, MetricKind, QueueCopy};

use super::clock::Clock;
use super::quantile::{count, counts, distribution};
use super::rates::{WINDOW_NS, base, rate};
use super::size;
use crate::model::{
    BoardReport, Counter, Gauge, Heartbeat, Histogram, Progress, Queue, Ratio, RatioTotal,
    ThreadReport, Windows,
};
use crate::snapshot::{HistogramRead, MetricRead, Ring, Room, Snapshot};
use crate::words::label::Label;

/// Looks at totals that are older are of another time.
const MINUTE_NS: u64 = 75_000_000_000;

/// A metric with its text.
struct Named<'a> {
    read: &'a MetricRead,
    name: Label,
    labels: BTreeMap<Label, Label>,
    unit: Option<Label>,
    help: Option<Label>,
    /// Of a ratio the counters above and below its line.
    over: Arc<[Label]>,
    under: Arc<[Label]>,
}

/// What numbers of one moment have in common.
struct At<'a> {
    snapshot: &'a Snapshot,
    clock: &'a Clock,
    /// The look that rates are taken from.
    base: Option<(u64, &'a [u64])>,
}

/// Fills in every number of a report whose threads are there.
pub(super) fn fill(report: &mut BoardReport, snapshot: &Snapshot, clock: &Clock, room: &mut Room) {
    let mut all = named(snapshot);
    let mut serving = serving(snapshot, &report.threads);
    all.retain_mut(|metric| {
        if metric.read.kind == MetricKind::Ratio && room.has("metrics") {
            metric.over = snapshot.strings.list(metric.read.record.extra);
            metric.under = snapshot.strings.list(metric.read.record.extra2);
        }
        let names = metric.over.iter().chain(&*metric.under);
        let texts = (&metric.name, &metric.unit, &metric.help);
        let buckets = bytes_of_counts(snapshot, metric);
        room.say("metrics", size::number(texts, &metric.labels, buckets, names))
    });
    let of = |kind: MetricKind| all.iter().filter(move |metric| metric.read.kind == kind);
    let at = At { snapshot, clock, base: base(&snapshot.count_rings, clock) };
    report.counters = counters(&at, of(MetricKind::Counter));
    report.gauges = rows(of(MetricKind::Gauge), gauge);
    report.ratios = ratios(&at, of(MetricKind::Ratio), &report.counters);
    report.histograms = histograms(snapshot, clock, of(MetricKind::Histogram));
    report.queues = rows(of(MetricKind::Queue), |metric| {
        // A thread serves one queue: of several that say they are the same it is the first one's.
        let servers = serving.remove(&metric.read.record.place).unwrap_or_default();
        queue(&at, metric, &servers)
    });
    report.heartbeats =
        rows(of(MetricKind::Heartbeat), |metric| heartbeat(snapshot, clock, metric));
    report.progress = rows(of(MetricKind::Progress), |metric| progress(&at, metric));
}

/// One row each, in as much memory as they take: a list that grows takes up to twice as much.
fn rows<T, U>(of: impl Iterator<Item = T> + Clone, row: impl FnMut(T) -> U) -> Vec<U> {
    let mut rows = Vec::with_capacity(of.clone().count());
    rows.extend(of.map(row));
    rows
}

/// Threads by the queue that they serve.
fn serving<'a>(
    snapshot: &Snapshot,
    threads: &'a [ThreadReport],
) -> HashMap<u64, Vec<&'a ThreadReport>> {
    let mut serving: HashMap<u64, Vec<&ThreadReport>> = HashMap::new();
    for (read, report) in snapshot.threads.iter().zip(threads) {
        if let Some(queue) = read.work.and_then(|work| work.queue) {
            serving.entry(queue).or_default().push(report);
        }
    }
    serving
}

/// What its buckets take.
fn bytes_of_counts(snapshot: &Snapshot, metric: &Named) -> usize {
    let roles = [HistogramRole::Values, HistogramRole::Wait, HistogramRole::Service];
    let of = |role| snapshot.histograms.get(&(metric.read.index, role as u64));
    let some = |one: &HistogramRead| one.buckets.iter().filter(|count| **count > 0).count();
    roles.into_iter().filter_map(of).map(some).sum::<usize>() * size_of::<(u16, u64)>()
}

/// All metrics by name and labels: the linker's order of declarations means nothing to anybody.
fn named(snapshot: &Snapshot) -> Vec<Named<'_>> {
    let mut all: Vec<Named> = snapshot
        .metrics
        .iter()
        .filter_map(|read| {
            Some(Named {
                read,
                name: snapshot.strings.get(read.record.name)?,
                labels: read.labels.iter().cloned().collect(),
                unit: snapshot.strings.get(read.record.unit),
                help: snapshot.strings.get(read.record.help),
                over: Arc::default(),
                under: Arc::default(),
            })
        })
        .collect();
    all.sort_by(|a, b| (&a.name, &a.labels, a.read.index).cmp(&(&b.name, &b.labels, b.read.index)));
    all
}

/// What the keeper would note of every metric, by index.
pub(super) fn totals(snapshot: &Snapshot) -> Vec<u64> {
    let rows = snapshot.metrics.iter().map(|read| read.index as usize + 1).max().unwrap_or(0);
    let mut totals = vec![0; rows];
    for read in &snapshot.metrics {
        totals[read.index as usize] = match read.kind {
            MetricKind::Counter => total(snapshot, read),
            MetricKind::Queue => usize::try_from(read.record.place)
                .ok()
                .and_then(|place| snapshot.queues.get(place))
                .map_or(0, |queue| queue.completions),
            _ => read.cell.value,
        };
    }
    totals
}

/// A counter's total.
fn total(snapshot: &Snapshot, read: &MetricRead) -> u64 {
    if read.shared() {
        return read.cell.value;
    }
    in_shards(snapshot, read)
}

/// What all threads' shards hold of a number.
fn in_shards(snapshot: &Snapshot, read: &MetricRead) -> u64 {
    let word = read.shard_word().and_then(|word| usize::try_from(word).ok());
    word.and_then(|word| snapshot.shard_totals.get(word)).copied().unwrap_or(0)
}

/// Neighbours of the same name and labels, which are one number declared at several places.
fn same(a: &Named, b: &Named) -> bool {
    a.name == b.name && a.labels == b.labels
}

fn counters<'a>(at: &At<'_>, metrics: impl Iterator<Item = &'a Named<'a>>) -> Vec<Counter> {
    let metrics: Vec<_> = metrics.collect();
    metrics
        .chunk_by(|a, b| same(a, b))
        .map(|group| {
            let first = group[0];
            let values = group.iter().map(|one| (one.read.index, total(at.snapshot, one.read)));
            let rate = rate(at.base, values.clone(), at.clock);
            Counter {
                name: first.name.clone(),
                labels: first.labels.clone(),
                value: values.fold(0, |sum, (_, value)| sum.wrapping_add(value)),
                rate_per_s: rate.map(|rate| (rate.per_s * 100.0).round() / 100.0),
                rate_over_ns: rate.map(|rate| rate.over_ns),
                unit: first.unit.clone(),
                help: first.help.clone(),
            }
        })
        .collect()
}

fn gauge(metric: &Named) -> Gauge {
    Gauge {
        name: metric.name.clone(),
        labels: metric.labels.clone(),
        value: metric.read.cell.value as i64,
        max: metric.read.cell.max as i64,
        unit: metric.unit.clone(),
        help: metric.help.clone(),
    }
}

/// All counters of a name together: their total, and their rate where that of all is known.
#[derive(Clone, Copy)]
struct Sum {
    value: u64,
    rate: Option<f64>,
}

impl Sum {
    const NOTHING: Self = Self { value: 0, rate: Some(0.0) };

    fn and(self, other: Self) -> Self {
        let rate = self.rate.zip(other.rate).map(|(one, other)| one + other);
        Self { value: self.value.saturating_add(other.value), rate }
    }
}

fn ratios<'a>(
    at: &At<'_>,
    metrics: impl Iterator<Item = &'a Named<'a>>,
    counters: &[Counter],
) -> Vec<Ratio> {
    let mut sums: HashMap<&Label, Sum> = HashMap::new();
    for counter in counters {
        let sum = sums.entry(&counter.name).or_insert(Sum::NOTHING);
        *sum = sum.and(Sum { value: counter.value, rate: counter.rate_per_s });
    }
    // In its first seconds all of a process's past is as recent.
    let window = counters.iter().find_map(|counter| counter.rate_over_ns);
    let window = window.filter(|&over_ns| over_ns >= WINDOW_NS - 1_000_000_000);
    metrics.map(|metric| ratio(metric, &sums, window, at.clock.uptime_ns())).collect()
}

fn ratio(
    metric: &Named,
    sums: &HashMap<&Label, Sum>,
    window: Option<u64>,
    uptime_ns: u64,
) -> Ratio {
    let of = |names: &[Label]| {
        let mut names: Vec<&Label> = names.iter().collect();
        // Each counts once.
        names.sort_unstable();
        names.dedup();
        let found = names.into_iter().filter_map(|name| sums.get(name));
        found.fold(Sum::NOTHING, |all, sum| all.and(*sum))
    };
    let (over, under) = (of(&metric.over), of(&metric.under));
    let since_start = RatioTotal {
        value: (under.value != 0).then(|| over.value as f64 / under.value as f64),
        over_ns: uptime_ns,
    };
    let recent = over.rate.zip(under.rate).filter(|(_, under)| *under > 0.0);
    Ratio {
        name: metric.name.clone(),
        value: match window {
            Some(_) => recent.map(|(over, under)| over / under),
            None => since_start.value,
        },
        value_over_ns: Some(window.unwrap_or(since_start.over_ns)),
        since_start,
        numerator: metric.over.to_vec(),
        denominator: metric.under.to_vec(),
        help: metric.help.clone(),
    }
}

fn histograms<'a>(
    snapshot: &Snapshot,
    clock: &Clock,
    metrics: impl Iterator<Item = &'a Named<'a>>,
) -> Vec<Histogram> {
    let metrics: Vec<_> = metrics.collect();
    metrics
        .chunk_by(|a, b| same(a, b))
        .map(|group| {
            let first = group[0];
            let blocks = group.iter().filter_map(|one| {
                snapshot.histograms.get(&(one.read.index, HistogramRole::Values as u64))
            });
            let merged = merge(blocks);
            Histogram {
                name: first.name.clone(),
                labels: first.labels.clone(),
                unit: first.unit.clone(),
                count: merged.as_ref().map_or(0, count),
                sum: merged.as_ref().map_or(0, |merged| merged.sum),
                values: distribution(merged.as_ref(), clock),
                counts: counts(merged.as_ref()),
                help: first.help.clone(),
            }
        })
        .collect()
}

fn merge<'a>(blocks: impl Iterator<Item = &'a HistogramRead>) -> Option<HistogramRead> {
    blocks.cloned().reduce(|mut all, block| {
        all.sum = all.sum.wrapping_add(block.sum);
        all.max = all.max.max(block.max);
        all.limit = all.limit.min(block.limit);
        for (total, count) in all.buckets.iter_mut().zip(&block.buckets) {
            *total = total.saturating_add(*count);
        }
        // The keeper copies all of them at the same beat.
        all.windows.retain_mut(|copy| {
            let Some(other) = block.windows.iter().find(|other| other.stamp == copy.stamp) else {
                return false;
            };
            for (total, count) in copy.counts.iter_mut().zip(&other.counts) {
                *total = total.wrapping_add(*count);
            }
            true
        });
        all
    })
}

fn queue(at: &At<'_>, metric: &Named, serving: &[&ThreadReport]) -> Queue {
    let At { snapshot, clock, base } = *at;
    let place = metric.read.record.place;
    let record = usize::try_from(place).ok().and_then(|place| snapshot.queues.get(place));
    let numbers = record.map_or([0; 5], |queue| {
        [queue.arrivals, queue.starts, queue.removed, queue.completions, queue.depth_max]
    });
    let [arrivals, starts, removed, completions, depth_max] = numbers;
    // Those that came and left at once are counted by their threads.
    let passed = in_shards(snapshot, metric.read);
    let (arrivals, removed) = (arrivals.wrapping_add(passed), removed.wrapping_add(passed));
    let (depth, oldest) = record.map_or((0, None), |queue| depth_and_oldest(queue, passed, clock));
    let of = |role: HistogramRole| snapshot.histograms.get(&(metric.read.index, role as u64));
    let times = |role: HistogramRole| distribution(of(role), clock);
    let rate = rate(base, [(metric.read.index, completions)], clock);
    Queue {
        name: metric.name.clone(),
        depth,
        depth_max,
        oldest_age_ns: oldest,
        arrivals,
        starts,
        removed,
        completions,
        rate_per_s: rate.map(|rate| (rate.per_s * 100.0).round() / 100.0),
        rate_over_ns: rate.map(|rate| rate.over_ns),
        wait_ns: times(HistogramRole::Wait),
        service_ns: times(HistogramRole::Service),
        wait_counts: counts(of(HistogramRole::Wait)),
        service_counts: counts(of(HistogramRole::Service)),
        utilization: utilization(serving),
        help: metric.help.clone(),
        served_by: serving.iter().map(|thread| thread.tid).collect(),
    }
}

/// How many items wait, and for how long the first, beside those that came and left at once.
pub(super) fn depth_and_oldest(
    queue: &QueueCopy,
    passed: u64,
    clock: &Clock,
) -> (u64, Option<u64>) {
    let (arrivals, removed) =
        (queue.arrivals.wrapping_add(passed), queue.removed.wrapping_add(passed));
    let depth = arrivals.saturating_sub(queue.starts).saturating_sub(removed);
    // A queue that never says which item is at its head has no age; one that says it is empty has 0.
    let oldest = match (queue.head, queue.head_known, depth) {
        // Whatever its head was.
        (_, 1.., 0) => Some(0),
        (0, ..) => None,
        _ => Some(clock.age_ns(queue.head)),
    };
    (depth, oldest)
}

/// The mean load of the threads that serve a queue.
fn utilization(serving: &[&ThreadReport]) -> Windows<Option<f64>> {
    let mean = |pick: fn(&ThreadReport) -> Option<f64>| {
        let loads: Vec<f64> = serving.iter().filter_map(|thread| pick(thread)).collect();
        (!loads.is_empty()).then(|| loads.iter().sum::<f64>() / loads.len() as f64)
    };
    Windows {
        s1: mean(|thread| thread.load.s1),
        s10: mean(|thread| thread.load.s10),
        s60: mean(|thread| thread.load.s60),
    }
}

/// A job is overdue after twice its period without a beat. It is watched from its first beat on: a
/// process may link a job that it never runs.
fn heartbeat(snapshot: &Snapshot, clock: &Clock, metric: &Named) -> Heartbeat {
    let every_ns = metric.read.record.extra;
    let cell = &metric.read.cell;
    let age_ns = (cell.stamp != 0).then(|| clock.age_ns(cell.stamp));
    Heartbeat {
        name: metric.name.clone(),
        every_ns,
        age_ns,
        count: cell.value,
        overdue: age_ns.is_some_and(|age| age > every_ns.saturating_mul(2)),
        help: metric.help.clone(),
        lately: lately(snapshot, clock, metric),
    }
}

/// How often it ran since the first look of the last minute that found that it had run, and how long ago that was.
fn lately(snapshot: &Snapshot, clock: &Clock, metric: &Named) -> Option<(u64, u64)> {
    let index = usize::try_from(metric.read.index).ok()?;
    let (over_ns, then) = looks(snapshot, index)
        .map(|(stamp, totals)| (clock.age_ns(*stamp), totals.get(index).copied().unwrap_or(0)))
        .filter(|&(age_ns, then)| then > 0 && age_ns <= MINUTE_NS)
        .max_by_key(|&(age_ns, _)| age_ns)?;
    Some((metric.read.cell.value.checked_sub(then)?, over_ns))
}

/// Looks at totals that noted this one.
fn looks(snapshot: &Snapshot, index: usize) -> impl Iterator<Item = &(u64, Vec<u64>)> {
    let columns = |ring: &&Ring| ring.entries.first().map_or(0, |(_, totals)| totals.len());
    let noted = move |ring: &&Ring| index < columns(ring);
    snapshot.count_rings.iter().filter(noted).flat_map(|ring| &ring.entries)
}

fn progress(at: &At<'_>, metric: &Named) -> Progress {
    let At { snapshot, clock, base } = *at;
    let rate = rate(base, [(metric.read.index, metric.read.cell.value)], clock);
    Progress {
        name: metric.name.clone(),
        done: metric.read.cell.value,
        total: metric.read.cell.max,
        unit: metric.unit.clone(),
        advances: rate.is_some_and(|rate| rate.per_s > 0.0),
        grew_ns: grew(snapshot, clock, metric),
    }
}

/// The age of the last look that found less: it has grown since.
fn grew(snapshot: &Snapshot, clock: &Clock, metric: &Named) -> Option<u64> {
    let index = usize::try_from(metric.read.index).ok()?;
    let less = looks(snapshot, index)
        .filter(|(_, totals)| totals.get(index).is_some_and(|&then| then < metric.read.cell.value));
    less.map(|(stamp, _)| clock.age_ns(*stamp)).min()
}
