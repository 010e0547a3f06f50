//! Operations that are active, and what looks like a fault of them and is none: judged once, for the headline and for
//! every rule that is about them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::stands::AGAIN;
use crate::model::{BoardReport, Histogram, Op, OpEnds, OpKind, Progress, ThreadReport};
use crate::words::human::whole;
use crate::words::label::Label;
use crate::words::stem::stem;

/// Operations that are active for so long take long.
pub const LONG_NS: u64 = 1_000_000_000;
/// A status, or a line, that is younger than this is new.
const NEW_NS: u64 = 1_000_000_000;
/// So many operations of a kind that have ended tell how long one takes, and so many are very many.
const SOME: u64 = 10;
const MANY: u64 = 100;
/// So many times as long as the longest of them is far longer.
const FAR: u64 = 10;
/// Operations that are looked at so closely, and tasks of progress that they are held against, at most: a board may have very
/// many of both, and who has more is told as if nothing were known of the rest.
const CLOSELY: usize = 64;
const TASKS: usize = 256;
/// Jobs that a thread has finished from which on it takes one after the other.
const JOBS: u64 = 2;

/// Operations that have been active for at least so long, the longest first; of an operation and its part
/// only the part.
pub fn at_it(ops: &[Op], least_ns: u64) -> Vec<&Op> {
    let wholes = wholes(ops);
    let mut long: Vec<&Op> = ops
        .iter()
        .filter(|op| op.active_ns.is_some_and(|ns| ns >= least_ns))
        .filter(|op| !wholes.contains(op.id.as_str()))
        .collect();
    long.sort_by_key(|op| Reverse(op.active_ns));
    long
}

/// Ids of operations that have a part of their own in flight, which says better than they what is being done.
pub fn wholes(ops: &[Op]) -> HashSet<&str> {
    ops.iter().filter_map(|op| op.parent.as_deref()).collect()
}

/// Whether its status says that it waits.
pub fn waits(op: &Op) -> bool {
    op.history.last().is_some_and(|last| last.class == Some("wait"))
}

/// Operations that tell what they do and have been active for long, the longest first, by their status.
pub fn long_by_status(report: &BoardReport) -> BTreeMap<&str, Vec<&Op>> {
    let mut by_status: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
    for one in at_it(&report.ops, LONG_NS).into_iter().filter(|op| op.told && !op.leaked) {
        let status = one.status.as_ref().map_or("", Label::raw);
        by_status.entry(status).or_default().push(one);
    }
    by_status
}

/// Ids of operations that are active for long and come on, each with what shows it; it ends a sentence. Of several in one
/// status nobody knows whose progress it is.
pub fn come_on(report: &BoardReport) -> BTreeMap<&str, String> {
    let alone = long_by_status(report).into_values().filter(|ops| ops.len() == 1).flatten();
    let mut alone: Vec<&Op> = alone.collect();
    alone.sort_by_key(|op| Reverse(op.active_ns));
    let times = Times::new(report);
    let closely = alone.into_iter().take(CLOSELY);
    closely.filter_map(|op| Some((op.id.as_str(), shown_by(report, op, &times)?))).collect()
}

/// What shows that an operation comes on: progress of its name; of who does not wait a status after another one, the last of
/// which is new; or new lines, of the first one of its kind: of how long such a one takes nothing is known.
fn shown_by(report: &BoardReport, op: &Op, times: &Times<'_>) -> Option<String> {
    if let Some(progress) = progress(report, op) {
        return Some(progress);
    }
    // It may go round in circles.
    if waits(op) || far_longer(op, times) {
        return None;
    }
    let status_is_new = op.history.len() > 1 && op.status_age_ns.is_some_and(|age| age < NEW_NS);
    let moves = status_is_new || is_first(report, op) && has_new_line(report, op);
    moves.then(String::new)
}

/// Progress that has the operation's kind in its name and grew lately.
fn progress(report: &BoardReport, op: &Op) -> Option<String> {
    let task = named_after(report, op).find(|task| task.advances)?;
    Some(format!(": {} {} of {}", task.name.raw(), whole(task.done), whole(task.total)))
}

/// Progress that has the operation's kind in its name, or the other way round.
fn named_after<'a>(report: &'a BoardReport, op: &Op) -> impl Iterator<Item = &'a Progress> {
    let kind = op.kind.raw().to_lowercase();
    report.progress.iter().take(TASKS).filter(move |task| {
        let name = task.name.raw().to_lowercase();
        !kind.is_empty() && !name.is_empty() && (name.contains(&kind) || kind.contains(&name))
    })
}

/// Who works on the only operation of a kind whose progress has grown since he came to his line does not stand, whatever
/// is seen of him: he loops through that line, or others do the work and he waits for them. Who wants a lock may be in the
/// way of himself.
pub(super) fn come_with_their_progress(report: &mut BoardReport) {
    let edges = report.waits.chains.iter().flat_map(|chain| &chain.edges);
    let locked = edges.filter(|edge| edge.target.what == "lock");
    let locked = locked.chain(report.waits.cycles.iter().flat_map(|cycle| &cycle.members));
    let locked: HashSet<u64> = locked.filter_map(|edge| edge.waiter.tid).collect();
    let mut of_kind: HashMap<&str, usize> = HashMap::new();
    for op in &report.ops {
        *of_kind.entry(op.kind.raw()).or_default() += 1;
    }
    let only = |op: &&Op| op.working && of_kind.get(op.kind.raw()) == Some(&1);
    let mut came: HashMap<u64, u64> = HashMap::new();
    for op in report.ops.iter().filter(only).take(CLOSELY) {
        let grew = named_after(report, op).filter_map(|task| task.grew_ns).min();
        if let Some((tid, grew)) = op.tid.zip(grew).filter(|(tid, _)| !locked.contains(tid)) {
            came.entry(tid).and_modify(|least| *least = grew.min(*least)).or_insert(grew);
        }
    }
    let not_idle =
        report.threads.iter_mut().filter(|one| matches!(one.class, Some("work" | "wait")));
    let waits_for_one =
        |one: &&mut ThreadReport| one.held_by.as_ref().is_some_and(|holder| holder.queue.is_none());
    for thread in not_idle.filter(|one| !waits_for_one(one)) {
        let came = came.get(&thread.tid).copied();
        if came.is_some_and(|grew| thread.since_ns.is_some_and(|since| grew < since)) {
            (thread.stalled, thread.standing) = (false, Some(AGAIN));
        }
    }
}

/// How long operations of each kind took that have ended, where that is known.
#[derive(Debug)]
pub struct Times<'a>(HashMap<&'a str, &'a Histogram>);

impl<'a> Times<'a> {
    /// Of all kinds.
    pub fn new(report: &'a BoardReport) -> Self {
        let mut times = HashMap::new();
        for one in report.histograms.iter().filter(|one| one.name.raw() == "op_time") {
            for kind in one.labels.values() {
                times.entry(kind.raw()).or_insert(one);
            }
        }
        Self(times)
    }

    /// Whether an operation of which nobody tells what it does takes longer than any of its kind did, of very many: a
    /// request, say. A connection may stay.
    pub fn is_unusual(&self, op: &Op) -> bool {
        self.of(op).is_some_and(|times| {
            let longest = times.values.since_start.max;
            times.count >= MANY && longest.is_some_and(|max| max < LONG_NS)
        })
    }

    /// Of an operation's kind.
    pub fn of(&self, op: &Op) -> Option<&'a Histogram> {
        self.0.get(op.kind.raw()).copied()
    }
}

/// Whether it takes far longer than any of its kind did.
fn far_longer(op: &Op, times: &Times<'_>) -> bool {
    times.of(op).filter(|times| times.count >= SOME).is_some_and(|times| {
        let longest = times.values.since_start.max;
        longest.is_some_and(|max| op.active_ns > Some(max.saturating_mul(FAR)))
    })
}

/// Whether none of its kind has ended, and no other one is in flight.
fn is_first(report: &BoardReport, op: &Op) -> bool {
    let of_kind = |kind: &&OpKind| kind.kind == op.kind;
    let others = report.ops.iter().filter(|other| other.kind == op.kind).count();
    let ended = report.op_kinds.iter().find(of_kind).map(|kind| kind.since_start);
    // Of a kind that found no room its ends are not counted.
    let none_seen = report.ended_ops.iter().all(|other| other.kind != op.kind);
    others == 1 && none_seen && ended.is_none_or(|ended| ended == OpEnds::default())
}

/// Whether the thread that works on it has come to another line since a moment.
fn has_new_line(report: &BoardReport, op: &Op) -> bool {
    let by = |one: &&ThreadReport| op.working && Some(one.tid) == op.tid;
    let thread = report.threads.iter().find(by);
    thread.is_some_and(|one| !one.stalled && one.since_ns.is_some_and(|ns| ns < NEW_NS))
}

/// Ids of threads each of which, without a pause, works through one long job: it serves no queue, has not finished two, and
/// has no others of its name. Nothing tells that more would wait for it.
pub fn at_one_long_job(report: &BoardReport) -> HashSet<u64> {
    let works =
        |one: &&ThreadReport| one.load.s10.or(one.load.s1).is_some() || one.class == Some("idle");
    let mut of_name: HashMap<&str, usize> = HashMap::new();
    for one in report.threads.iter().filter(works) {
        *of_name.entry(stem(one.name.raw())).or_default() += 1;
    }
    let serving: HashSet<u64> =
        report.queues.iter().flat_map(|queue| queue.served_by.iter().copied()).collect();
    let has_others = |one: &&ThreadReport| {
        let all = of_name.get(stem(one.name.raw())).copied().unwrap_or(0);
        all > usize::from(works(one))
    };
    let long = report.threads.iter().filter(|one| one.jobs.is_none_or(|jobs| jobs < JOBS));
    let alone = long.filter(|one| !serving.contains(&one.tid) && !has_others(one));
    alone.map(|one| one.tid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Whether a thread that has been at a line for five seconds stands, where the progress of its operation grew within so
    /// many.
    fn stands(grew_s: u64, change: impl FnOnce(&mut BoardReport)) -> (bool, Option<&'static str>) {
        let mut report = BoardReport::for_tests("importd", 0);
        let thread = ThreadReport::for_tests("importer", Some("wait"));
        let since_ns = Some(5 * SECOND);
        let op = Op { kind: Label::from("import"), tid: Some(thread.tid), ..Op::default() };
        report.ops = vec![Op { working: true, ..op }];
        let standing = Some("still");
        report.threads = vec![ThreadReport { since_ns, standing, stalled: true, ..thread }];
        report.progress = vec![Progress {
            name: Label::from("import_rows"),
            done: 7,
            total: 100,
            unit: None,
            advances: true,
            grew_ns: Some(grew_s * SECOND),
        }];
        change(&mut report);
        come_with_their_progress(&mut report);
        (report.threads[0].stalled, report.threads[0].standing)
    }

    #[test]
    fn whose_progress_grows_while_he_is_there_does_not_stand() {
        assert_eq!(stands(4, |_| {}), (false, Some("again")));
        // It grew before he came there, and not since.
        assert_eq!(stands(5, |_| {}), (true, Some("still")));
        assert!(stands(4, |board| board.progress[0].grew_ns = None).0);
        // Whose progress it is nobody knows, or it is not his.
        assert!(stands(4, |board| board.ops.push(board.ops[0].clone())).0);
        assert!(stands(4, |board| board.progress[0].name = Label::from("export")).0);
        assert!(stands(4, |board| board.ops[0].working = false).0);
    }

    /// A board may have as many operations as it has room for, each in a status of its own.
    #[test]
    fn of_very_many_a_number_is_looked_at_closely_and_the_longest_of_them() {
        let mut report = BoardReport::for_tests("importd", 0);
        report.progress = (0..2 * TASKS as u64)
            .map(|number| Progress {
                name: Label::from(format!("import-{number:03}").as_str()),
                done: 7,
                total: 100,
                unit: None,
                advances: true,
                grew_ns: None,
            })
            .collect();
        let ops = 0..2 * CLOSELY as u64;
        report.ops = ops
            .map(|number| Op {
                id: number.to_string(),
                kind: Label::from("import"),
                status: Some(Label::from(format!("part {number}").as_str())),
                told: true,
                active_ns: Some((number + 1) * SECOND),
                ..Op::default()
            })
            .collect();
        let on = come_on(&report);
        assert_eq!(on.len(), CLOSELY);
        let longest = (CLOSELY..2 * CLOSELY).map(|number| number.to_string());
        assert!(longest.into_iter().all(|id| on.contains_key(id.as_str())), "{on:?}");
        report.progress.rotate_left(TASKS);
        report.progress[..TASKS].iter_mut().for_each(|task| task.advances = false);
        assert!(come_on(&report).is_empty());
    }
}
