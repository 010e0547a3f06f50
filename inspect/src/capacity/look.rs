//! What one look has of workers and queues, in clock units as the board has them.

use std::collections::BTreeMap;

use probe::layout::{HistogramRole, MetricKind};

use crate::derive::blocked::{Blocked, blocked};
use crate::derive::clock::Clock;
use crate::derive::load::busy_now;
use crate::derive::quantile::quantile;
use crate::snapshot::{HistogramRead, Snapshot};
use crate::words::label::Label;

/// Looks at one board, the first one first.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Series {
    /// The board's name and process.
    pub board: Label,
    /// Its process.
    pub pid: u64,
    /// Nanoseconds of a clock unit.
    pub unit_ns: f64,
    /// Why there is no present load: `dead`, `stopped`; `None` of a process that runs, or ran when it was saved.
    pub still: Option<&'static str>,
    /// What the board itself remembered when it was first looked at, the oldest first.
    pub past: Vec<Past>,
    /// The looks.
    pub looks: Vec<Look>,
}

/// A moment that the board's keeper noted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Past {
    /// Its stamp.
    pub stamp: u64,
    /// Busy units by slot.
    pub busy: Vec<u64>,
    /// Items that queues had ended, by their number.
    pub completions: BTreeMap<u64, u64>,
}

/// One look.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Look {
    /// Its stamp.
    pub stamp: u64,
    /// Threads that ever held a job.
    pub workers: Vec<Worker>,
    /// Queues, by their number.
    pub queues: BTreeMap<u64, QueueLook>,
}

/// A thread that ever held a job.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Worker {
    /// Its slot.
    pub slot: u64,
    /// The slot's generation.
    pub generation: u64,
    /// Its name.
    pub name: Label,
    /// Stamp of its first probe.
    pub started: u64,
    /// The queue that it served last.
    pub queue: Option<u64>,
    /// Busy units up to this look, a job in hand included.
    pub busy: u64,
    /// Those of busy periods that ended.
    pub ended: u64,
    /// Jobs ended.
    pub jobs: u64,
    /// Busy periods ended, the sum of their jobs squared, and of jobs times units; the last two modulo 2^64.
    pub periods: u64,
    /// See `periods`.
    pub squares: u64,
    /// See `periods`.
    pub products: u64,
    /// It has a job in hand.
    pub at_work: bool,
    /// What it waits for meanwhile.
    pub blocked: Option<Blocked>,
}

/// A queue.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct QueueLook {
    /// Its name.
    pub name: Label,
    /// Items waiting.
    pub depth: u64,
    /// The most that ever waited.
    pub depth_max: u64,
    /// Units that the first one has waited; `None`: it does not say.
    pub oldest: Option<u64>,
    /// Items that came.
    pub arrivals: u64,
    /// Those whose service began.
    pub starts: u64,
    /// Those that left without.
    pub removed: u64,
    /// Those whose service ended.
    pub completions: u64,
    /// What those that began had waited, all together, ns.
    pub waited_ns: u64,
    /// The shortest and longest wait of those that began since the look before, ns, to 1/32.
    pub waits: Option<(u64, u64)>,
    /// Of those since the start, where there is no look before: half waited so long, and 99 of 100, ns.
    pub recent: Option<Recent>,
}

/// How long the last ones had waited, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recent {
    /// Half of them at most so long.
    pub p50: u64,
    /// 99 of 100.
    pub p99: u64,
}

/// Counts of waiting times at the look before, by queue: what is new in them is of the time between.
pub(super) type Counted = BTreeMap<u64, Vec<u64>>;

impl Series {
    /// Adds a look. The first one brings what the board remembered.
    pub(super) fn add(&mut self, snapshot: &Snapshot, clock: &Clock, counted: &mut Counted) {
        self.unit_ns = clock.unit_ns();
        if self.looks.is_empty() {
            self.past = past(snapshot);
        }
        self.looks.push(look(snapshot, clock, counted));
    }
}

/// Every moment of the rings that has both the workers' times and the queues' totals.
fn past(snapshot: &Snapshot) -> Vec<Past> {
    let queues: Vec<(u64, u64)> =
        queues(snapshot).map(|(index, place, _)| (index, place)).collect();
    let busy: BTreeMap<u64, &Vec<u64>> = snapshot
        .busy_rings
        .iter()
        .flat_map(|ring| &ring.entries)
        .map(|(stamp, row)| (*stamp, row))
        .collect();
    let totals: BTreeMap<u64, &Vec<u64>> = snapshot
        .count_rings
        .iter()
        .flat_map(|ring| &ring.entries)
        .map(|(stamp, row)| (*stamp, row))
        .collect();
    totals
        .into_iter()
        // The keeper writes both at one beat.
        .filter_map(|(stamp, totals)| {
            let busy = busy.get(&stamp)?;
            let total = |index: u64| totals.get(usize::try_from(index).ok()?).copied();
            let completions =
                queues.iter().filter_map(|&(index, place)| Some((place, total(index)?)));
            Some(Past { stamp, busy: (*busy).clone(), completions: completions.collect() })
        })
        .collect()
}

/// Metric index, number among the queues, and name of each queue.
fn queues(snapshot: &Snapshot) -> impl Iterator<Item = (u64, u64, Label)> + '_ {
    snapshot.metrics.iter().filter(|read| read.kind == MetricKind::Queue).filter_map(|read| {
        Some((read.index, read.record.place, snapshot.strings.get(read.record.name)?))
    })
}

fn look(snapshot: &Snapshot, clock: &Clock, counted: &mut Counted) -> Look {
    let mut blocked = blocked(snapshot);
    let workers = snapshot.threads.iter().filter_map(|thread| {
        let work = thread.work?;
        let at_work = work.in_hand > 0;
        let now = clock.now.max(work.changed);
        Some(Worker {
            slot: thread.slot,
            generation: thread.generation,
            name: thread.name.clone(),
            started: thread.started,
            queue: work.queue,
            busy: busy_now(work.busy, work.changed, work.in_hand, now),
            ended: work.busy.saturating_sub(thread.busy_at_start),
            jobs: work.finished,
            periods: work.periods,
            squares: work.squares,
            products: work.products,
            at_work,
            blocked: blocked.remove(&(thread.slot, thread.generation)).filter(|_| at_work),
        })
    });
    let workers: Vec<Worker> = workers.collect();
    let mut found = BTreeMap::new();
    for (index, place, name) in queues(snapshot) {
        let record = usize::try_from(place).ok().and_then(|place| snapshot.queues.get(place));
        let Some(record) = record else { continue };
        let waits = snapshot.histograms.get(&(index, HistogramRole::Wait as u64));
        let gone = record.starts.saturating_add(record.removed);
        let depth = record.arrivals.saturating_sub(gone);
        found.insert(
            place,
            QueueLook {
                name,
                depth,
                depth_max: record.depth_max,
                oldest: match (record.head, record.head_known, depth) {
                    (_, 1.., 0) => Some(0),
                    (0, ..) => None,
                    (head, ..) => Some(clock.now.saturating_sub(head)),
                },
                arrivals: record.arrivals,
                starts: record.starts,
                removed: record.removed,
                completions: record.completions,
                waited_ns: waits.map_or(0, |waits| waits.sum),
                waits: waits.and_then(|waits| new(place, waits, counted)),
                recent: waits.and_then(recent),
            },
        );
    }
    Look { stamp: clock.now, workers, queues: found }
}

/// The shortest and longest of the waits that were counted since the last call.
fn new(place: u64, waits: &HistogramRead, counted: &mut Counted) -> Option<(u64, u64)> {
    let before = counted.insert(place, waits.buckets.clone())?;
    let grew = |&bucket: &usize| waits.buckets[bucket] > before.get(bucket).copied().unwrap_or(0);
    let low = |bucket: usize| probe::layout::bucket_span(bucket).0;
    let first = (0..waits.buckets.len()).find(grew)?;
    let last = (0..waits.buckets.len()).rev().find(grew)?;
    Some((low(first), low(last)))
}

fn recent(waits: &HistogramRead) -> Option<Recent> {
    Some(Recent { p50: quantile(waits, 0.5)?, p99: quantile(waits, 0.99)? })
}
