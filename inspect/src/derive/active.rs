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
/// So many operations of a kind that have ended tell how long one takes, and so many times as long as the longest of them
/// is far longer.
const SOME: u64 = 10;
const FAR: u64 = 10;
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
    alone.filter_map(|op| Some((op.id.as_str(), shown_by(report, op)?))).collect()
}

/// What shows that an operation comes on: progress of its name; of who does not wait a status after another one, the last of
/// which is new; or new lines, of the first one of its kind: of how long such a one takes nothing is known.
fn shown_by(report: &BoardReport, op: &Op) -> Option<String> {
    if let Some(progress) = progress(report, op) {
        return Some(progress);
    }
    // It may go round in circles.
    if waits(op) || far_longer(report, op) {
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
    report.progress.iter().filter(move |task| {
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
    let mut came: HashMap<u64, u64> = HashMap::new();
    for op in report.ops.iter().filter(|op| op.working) {
        let alone = || report.ops.iter().filter(|other| other.kind == op.kind).count() == 1;
        let grew = named_after(report, op).filter_map(|task| task.grew_ns).min();
        let Some((tid, grew)) = op.tid.zip(grew).filter(|(tid, _)| !locked.contains(tid)) else {
            continue;
        };
        if alone() {
            came.entry(tid).and_modify(|least| *least = grew.min(*least)).or_insert(grew);
        }
    }
    let not_idle =
        report.threads.iter_mut().filter(|one| matches!(one.class, Some("work" | "wait")));
    for thread in not_idle.filter(|one| one.held_by.is_none()) {
        let came = came.get(&thread.tid).copied();
        if came.is_some_and(|grew| thread.since_ns.is_some_and(|since| grew < since)) {
            (thread.stalled, thread.standing) = (false, Some(AGAIN));
        }
    }
}

/// How long operations of its kind took that have ended, where that is known.
pub fn of_its_kind<'a>(report: &'a BoardReport, op: &Op) -> Option<&'a Histogram> {
    report.histograms.iter().find(|times| {
        times.name.raw() == "op_time" && times.labels.values().any(|kind| *kind == op.kind)
    })
}

/// Whether it takes far longer than any of its kind did.
fn far_longer(report: &BoardReport, op: &Op) -> bool {
    of_its_kind(report, op).filter(|times| times.count >= SOME).is_some_and(|times| {
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

/// Whether a thread without a pause works through one long job: it serves no queue, has not finished two, and has no others
/// of its name. Nothing tells that more would wait for it.
pub fn has_one_long_job(report: &BoardReport, thread: &ThreadReport) -> bool {
    let name = stem(thread.name.raw());
    let works =
        |one: &&ThreadReport| one.load.s10.or(one.load.s1).is_some() || one.class == Some("idle");
    let others = report.threads.iter().filter(|one| one.tid != thread.tid).filter(works);
    let serves = report.queues.iter().any(|queue| queue.served_by.contains(&thread.tid));
    !serves
        && thread.jobs.is_none_or(|jobs| jobs < JOBS)
        && others.filter(|one| stem(one.name.raw()) == name).count() == 0
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
}
