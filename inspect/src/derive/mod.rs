//! From a snapshot to what is said of it. Pure functions: every number can be tested without a process.

pub mod active;
pub mod blocked;
pub mod clock;
pub mod compare;
pub mod descriptors;
mod end;
mod flat;
pub mod groups;
pub mod headline;
mod kinds;
mod lines;
pub mod load;
mod numbers;
pub mod ops;
pub mod quantile;
pub mod rates;
mod size;
pub mod slow;
mod stands;
pub mod threads;
pub mod traces;
pub mod waits;

use std::collections::{BTreeMap, HashMap, HashSet};

use probe::layout::{OP_SPARE, SectionKind};
use probe::protocol::occupancy::LIVE;

use crate::clock::rfc3339;
use crate::context::Context;
use crate::liveness::State;
use crate::model::{BoardReport, Capacity, Headline, Severity, ThreadReport};
use crate::snapshot::{Board, Ring, Room, Snapshot};
use crate::vitals::{Vitals, percent_of};
use crate::words::label::Label;
use clock::Clock;
pub(crate) use stands::AGAIN;
pub use stands::Looks;

/// Everything that is said of a board.
// long: the whole report in one place, a field a line
pub fn report(board: &Board, snapshot: &Snapshot, context: &Context) -> BoardReport {
    let header = &board.header;
    let live = context.state == State::Live;
    let clock = Clock::new(header, snapshot, context.usable_moment(), live);
    let uptime_ns = clock.span_ns(header.clock_start, clock.now);
    let beat_age = snapshot.pulse.map(|pulse| clock.age_at_present_ns(pulse.stamp));
    let text = |word| snapshot.strings.get(word);
    let tids: Option<HashSet<u64>> =
        context.tasks.as_ref().map(|tasks| tasks.iter().map(|task| u64::from(task.tid)).collect());
    let dead = context.state == State::Dead;
    let exists = |tid: u64| match &tids {
        _ if dead => Some(false),
        Some(tids) => Some(tids.contains(&tid)),
        None => None,
    };
    let mut room = snapshot.room.said();
    let mut threads = threads::threads(snapshot, &clock, exists, &mut room);
    rename(&mut threads, context);
    let (ops, ended_ops) =
        ops::operations(snapshot, &clock, (header.instance, &threads), &mut room);
    let process = waits::Process {
        board: text(header.name).unwrap_or_else(|| Label::from("?")),
        pid: header.pid,
        still: dead || board.source.is_still(),
        threads: &threads,
        ops: &ops,
    };
    let last_panic = end::last_panic(&snapshot.end, &clock);
    let ended_wall_ns = end::ended_wall_ns(&snapshot.end, header.started_wall_ns, uptime_ns);
    let waits = waits::waits(snapshot, &clock, &process);
    let mut op_statuses = ops::statuses(snapshot, &clock, &ops, &ended_ops);
    op_statuses.retain(|total| room.say("statuses", size::status_total(total)));
    waits::tell(&mut threads, &waits);
    stands::come_with_their_operations(&mut threads, &ops);
    let mut report = BoardReport {
        name: text(header.name).unwrap_or_else(|| Label::from("?")),
        pid: header.pid,
        uid: context.owner.into(),
        state: context.state,
        verdict: end::verdict(
            context,
            (&snapshot.end, last_panic.as_ref()),
            (beat_age, header.keeper_period_ns),
        ),
        layout_version: format!("{}.{}", header.layout_version >> 32, header.layout_version as u32),
        instance: header.instance,
        build: text(header.build),
        program: text(header.program),
        started_at: rfc3339(header.started_wall_ns),
        started_wall_ns: header.started_wall_ns,
        uptime_ns,
        heartbeat_age_ns: beat_age,
        path: context.path.clone(),
        size_bytes: header.total_bytes,
        saved_at: context.saved_wall_ns.map(rfc3339),
        seen_at: rfc3339(context.moment.wall_ns),
        ended_at: dead.then(|| rfc3339(ended_wall_ns)),
        headline: Headline { severity: Severity::Ok, text: String::new() },
        capacity: capacity(snapshot),
        lost: lost(snapshot),
        keeper_skipped: snapshot.pulse.map_or(0, |pulse| pulse.skipped),
        reader: snapshot.effort,
        left_out: BTreeMap::new(),
        remarks: snapshot.contents.remarks.clone(),
        vitals: context.vitals.clone().map(|vitals| recent(vitals, snapshot, &clock)),
        fd_trend: snapshot.pulse.as_ref().and_then(descriptors::trend),
        threads,
        unprobed_threads: unprobed(context, snapshot),
        panics: snapshot.end.panics,
        end: if dead { end::end(&snapshot.end, ended_wall_ns) } else { None },
        lines: Vec::new(),
        counters: Vec::new(),
        gauges: Vec::new(),
        ratios: Vec::new(),
        histograms: Vec::new(),
        queues: Vec::new(),
        heartbeats: Vec::new(),
        progress: Vec::new(),
        facts: facts(snapshot, &mut room),
        waits,
        op_kinds: Vec::new(),
        op_statuses,
        ops,
        ended_ops,
        last_panic,
    };
    numbers::fill(&mut report, snapshot, &clock, &mut room);
    active::come_with_their_progress(&mut report);
    report.lines = lines::lines(snapshot, &report.threads, &mut room);
    report.op_kinds = kinds::kinds(&report, snapshot, &clock, &mut room);
    report.left_out = room.left_out;
    report.headline = headline::headline(&report);
    report
}

/// Gives threads the names that the kernel has for them, where it was asked.
fn rename(threads: &mut [ThreadReport], context: &Context) {
    let named: HashMap<u64, &str> = context
        .tasks
        .iter()
        .flatten()
        .filter(|task| !task.name.is_empty())
        .map(|task| (u64::from(task.tid), task.name.as_str()))
        .collect();
    for thread in threads {
        if let Some(name) = named.get(&thread.tid) {
            thread.name = Label::from(*name);
        }
    }
}

/// A look of our own at a daemon without a keeper: what its keeper would have noted now. Added to the
/// rings of a later snapshot, it gives that one loads and rates.
#[derive(Clone, Debug)]
pub struct OwnLook {
    busy: Ring,
    totals: Ring,
    /// Stamp, and processor time of the process, ns.
    ran: Option<(u64, u64)>,
}

impl OwnLook {
    /// Takes the look.
    pub fn new(board: &Board, snapshot: &Snapshot, context: &Context) -> Self {
        let clock = Clock::new(&board.header, snapshot, context.usable_moment(), true);
        let ring = |row| Ring { period_ns: 0, entries: vec![(clock.now, row)] };
        Self {
            busy: ring(threads::busy_times(snapshot, clock.now)),
            totals: ring(numbers::totals(snapshot)),
            ran: ran(context).map(|ns| (clock.now, ns)),
        }
    }

    /// Adds it to the rings of a later snapshot of the same board.
    pub fn add_to(&self, snapshot: &mut Snapshot) {
        snapshot.busy_rings.push(self.busy.clone());
        snapshot.count_rings.push(self.totals.clone());
        snapshot.own_ran = self.ran;
    }
}

/// Processor time of the process so far, as the kernel has it.
fn ran(context: &Context) -> Option<u64> {
    context.vitals.as_ref()?.since_start.cpu_ns
}

/// Vitals with the processor time of the last seconds in place of the average of a life, where somebody looked
/// before: the keeper, or this reader.
fn recent(mut vitals: Vitals, snapshot: &Snapshot, clock: &Clock) -> Vitals {
    let kept = snapshot.pulse.and_then(|pulse| pulse.processor).map(|processor| {
        let over_ns = clock.span_ns(processor.since, processor.ran_at);
        (processor.ran_ns.saturating_sub(processor.ran_then_ns), over_ns)
    });
    let own = snapshot
        .own_ran
        .zip(vitals.since_start.cpu_ns)
        .map(|((stamp, then), now)| (now.saturating_sub(then), clock.age_ns(stamp)));
    if let Some((ran_ns, over_ns)) = kept.or(own).filter(|(_, over_ns)| *over_ns > 0) {
        vitals.cpu_pct = Some(percent_of(ran_ns, over_ns));
        vitals.cpu_pct_over_ns = Some(over_ns);
    }
    vitals
}

fn capacity(snapshot: &Snapshot) -> BTreeMap<&'static str, Capacity> {
    [
        ("threads", SectionKind::Slots),
        ("sites", SectionKind::Sites),
        ("metrics", SectionKind::Metrics),
        ("ops", SectionKind::Ops),
        ("locks", SectionKind::Locks),
        ("queues", SectionKind::Queues),
        ("histograms", SectionKind::Histograms),
        ("facts", SectionKind::Facts),
        ("strings", SectionKind::Strings),
    ]
    .into_iter()
    .filter_map(|(name, kind)| {
        let sect = snapshot.contents.get(kind)?;
        if kind == SectionKind::Ops {
            // Some records are there to remember what ended, and are no room for more in flight.
            let used = snapshot.ops.iter().filter(|op| op.state == LIVE).count() as u64;
            // As long as nothing is remembered, they are lent.
            let max = sect.capacity.saturating_sub(OP_SPARE as u64).max(used);
            return Some((name, Capacity { used, max }));
        }
        if kind == SectionKind::Locks {
            let used = snapshot.waits.locks.len() + snapshot.waits.futures.len();
            return Some((name, Capacity { used: used as u64, max: sect.capacity }));
        }
        Some((name, Capacity { used: sect.used, max: sect.capacity }))
    })
    .collect()
}

fn lost(snapshot: &Snapshot) -> BTreeMap<&'static str, u64> {
    let lost = &snapshot.lost;
    BTreeMap::from([
        ("threads", lost.threads),
        ("metrics", lost.metrics),
        ("sites", lost.sites),
        ("ops", lost.ops),
        ("nested", lost.nested),
        ("healed", lost.healed),
        ("strings", lost.strings),
        ("facts", lost.facts),
        ("histograms", lost.histograms),
        ("signals", lost.signals),
        ("queues", lost.queues),
        ("locks", lost.locks),
        ("misuse", lost.misuse),
        ("windows", lost.windows),
    ])
}

fn facts(snapshot: &Snapshot, room: &mut Room) -> BTreeMap<Label, Label> {
    let facts = snapshot.facts.iter();
    let facts = facts.filter_map(|(key, value)| Some((snapshot.strings.get(*key)?, value)));
    let facts = facts.filter(|(key, value)| room.say("facts", size::fact(key, value)));
    facts.map(|(key, value)| (key, value.clone())).collect()
}

/// Names of the probes' own threads, which have no slot and are no news.
pub const OWN_THREADS: [&str; 3] = ["probe-keeper", "probe-cancel", "probe-dump"];

/// Threads of the process that have no slot, the keeper aside.
fn unprobed(context: &Context, snapshot: &Snapshot) -> Option<Vec<crate::vitals::Task>> {
    let tasks = context.tasks.as_ref()?;
    let probed: HashSet<u64> = snapshot.threads.iter().map(|thread| thread.tid).collect();
    let without = tasks.iter().filter(|task| !probed.contains(&u64::from(task.tid)));
    let named = without.map(|task| context.named(task));
    // A thread without a name ended between two readings.
    Some(
        named
            .filter(|task| !OWN_THREADS.contains(&task.name.as_str()) && !task.name.is_empty())
            .collect(),
    )
}
