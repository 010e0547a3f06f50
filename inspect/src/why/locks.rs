//! Rules of what is held: who waits for it, and for how long.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Weight, command, seconds, thread};
use super::threads;
use crate::liveness::State;
use crate::model::{BoardReport, Edge, LockReport, Party, ThreadReport};
use crate::words::human::time;
use crate::words::label::Label;

/// Threads that wait for one holder before it is a convoy (Blasgen, Gray, Mitoma, Price: The convoy phenomenon, 1979).
const CONVOY: usize = 3;
/// Waiting for a lock for so long is worth a word, whatever its holder does meanwhile.
const HELD_NS: u64 = 1_000_000_000;

/// Those who wait for what others hold: many for one, and one for long. Threads that were told as waiters of many.
pub(super) fn held(report: &BoardReport, found: &mut Vec<Finding>) -> BTreeSet<u64> {
    let mut told = at_locks(report, found);
    told.extend(by_tags(report, &told, found));
    long_holds(report, &told, found);
    told
}

/// Convoys by what tags say: waits with the key of another thread's scope. Threads that were told as waiters.
fn by_tags(report: &BoardReport, told: &BTreeSet<u64>, found: &mut Vec<Finding>) -> BTreeSet<u64> {
    let mut also = BTreeSet::new();
    let mut behind: BTreeMap<u64, Vec<&ThreadReport>> = BTreeMap::new();
    for one in report.threads.iter().filter(|one| !told.contains(&one.tid)) {
        // Who waits in a queue waits for his turn.
        if let Some(holder) = one.held_by.as_ref().filter(|holder| holder.queue.is_none()) {
            behind.entry(holder.tid).or_default().push(one);
        }
    }
    for (tid, waiters) in behind.into_iter().filter(|(_, waiters)| waiters.len() >= CONVOY) {
        let Some(holder) = report.threads.iter().find(|thread| thread.tid == tid) else { continue };
        let title = format!(
            "{} threads wait for what {} holds, which is in {}",
            waiters.len(),
            holder.name.raw(),
            threads::place(holder)
        );
        also.extend(waiters.iter().map(|one| one.tid));
        let longest = waiters.iter().filter_map(|thread| thread.since_ns).max().unwrap_or(0);
        found.push(
            Finding::new("lock-convoy", Weight::Critical, 0.8, title)
                .against("waiters", waiters.len() as u64, None, CONVOY as u64)
                .with("the longest waits", seconds(longest), Some("s"))
                .at(thread(report, holder))
                .next(command("waits", report)),
        );
    }
    also
}

/// A lock that is held for long by a thread that comes on meanwhile: nobody stands but who waits for it. Who holds it and
/// stands is told for that.
fn long_holds(report: &BoardReport, told: &BTreeSet<u64>, found: &mut Vec<Finding>) {
    if report.state != State::Live {
        return;
    }
    let by_tid = |tid: Option<u64>| report.threads.iter().find(|one| Some(one.tid) == tid);
    // By the lock: who waits for it for the longest time, who holds it, and how many wait.
    let mut locks: BTreeMap<&Label, (&Edge, &ThreadReport, &ThreadReport, u64)> = BTreeMap::new();
    for edge in report.waits.chains.iter().flat_map(|chain| &chain.edges) {
        let holder = edge.held_by.first().and_then(|holder| by_tid(holder.tid));
        let Some((waiter, holder)) = by_tid(edge.waiter.tid).zip(holder) else { continue };
        let stands = waiter.stalled && !told.contains(&waiter.tid);
        if edge.target.what != "lock" || !stands || holder.stalled || edge.since_ns < HELD_NS {
            continue;
        }
        let entry = locks.entry(&edge.target.name).or_insert((edge, waiter, holder, 0));
        entry.3 += 1;
        if edge.since_ns > entry.0.since_ns {
            (entry.0, entry.1) = (edge, waiter);
        }
    }
    for (lock, (edge, waiter, holder, count)) in locks {
        let waits = match count {
            1 => format!("{} waits", waiter.name.raw()),
            n => format!("{} and {} more wait", waiter.name.raw(), n - 1),
        };
        let title = format!(
            "{waits} for {}, held by {}, which comes on, for {}",
            lock.raw(),
            holder.name.raw(),
            time(edge.since_ns)
        );
        found.push(
            Finding::new("long-hold", Weight::Critical, 0.8, title)
                .against("waits for", seconds(edge.since_ns), Some("s"), seconds(HELD_NS))
                .with("waiters", count, None)
                .at(thread(report, holder))
                .at(thread(report, waiter))
                .next(command("waits", report))
                .next(command("profile --blame -d 5s", report)),
        );
    }
}

/// By what locks say of themselves. Threads that were told as waiters of one.
fn at_locks(report: &BoardReport, found: &mut Vec<Finding>) -> BTreeSet<u64> {
    let mut told = BTreeSet::new();
    // Who waits to be told waits for no holder.
    let many = |lock: &&LockReport| lock.waiters as usize >= CONVOY && lock.kind != "condvar";
    for lock in report.waits.locks.iter().filter(many) {
        let chains = report.waits.chains.iter().flat_map(|chain| &chain.edges);
        // A queue may be called as the channel is.
        let is_for = |edge: &&Edge| edge.target.name == lock.name && edge.target.what != "queue";
        let edges: Vec<&Edge> = chains.filter(is_for).collect();
        let cycles = report.waits.cycles.iter();
        let deadlocked = |edge: &Edge| is_for(&edge);
        if cycles.flat_map(|cycle| &cycle.members).any(deadlocked) || idle(report, lock, &edges) {
            continue;
        }
        told.extend(edges.iter().filter_map(|edge| edge.waiter.tid));
        let by = edges.iter().find_map(|edge| edge.held_by.first());
        let who = lock.holder.as_ref().or(lock.readers.first()).or(by);
        let how = match (&lock.holder, lock.kind) {
            (_, "channel") => "for",
            (Some(_), _) | (_, "semaphore") => "held by",
            // One waits to write, and the others for that one.
            (None, _) => "read by",
        };
        let holder = match who.map(|who| (&who.thread, &who.op)) {
            Some((Some(name), _)) => format!(", {how} {}", name.raw()),
            Some((None, Some(op))) => format!(", {how} operation {op}"),
            _ => unknown_holder(lock.kind).to_owned(),
        };
        let title = format!("{} wait for {} {}{holder}", lock.waiters, lock.kind, lock.name.raw());
        let mut finding = Finding::new("lock-convoy", Weight::Critical, 0.9, title)
            .against("waiters", lock.waiters, None, CONVOY as u64)
            .with("waits that ended", lock.contended, None)
            .next(command("waits --by lock", report));
        finding.places.extend(who.cloned());
        found.push(finding);
    }
    told
}

/// What is said where nobody is known who could end the waits.
fn unknown_holder(kind: &str) -> &'static str {
    match kind {
        "channel" => "; who is at its other end is not known",
        "semaphore" => "; who has its permits is not known: leaked, or held outside of operations",
        _ => "; who holds it is not known",
    }
}

/// Whether those who wait for it have nothing to do: they say so, or one of a pool has the lock of their channel and waits
/// for a job, and the others for the lock.
fn idle(report: &BoardReport, lock: &LockReport, edges: &[&Edge]) -> bool {
    let same = |one: &Party, other: &Party| (one.tid, &one.op) == (other.tid, &other.op);
    let holder_receives = report.waits.chains.iter().flat_map(|chain| &chain.edges).any(|edge| {
        let receives = edge.target.what == "channel" && edge.target.mode == Some("receive");
        receives && lock.holder.as_ref().is_some_and(|holder| same(holder, &edge.waiter))
    });
    // Chains leave out who says that it is idle.
    let mut waiters: Vec<&Party> = Vec::new();
    for edge in edges {
        if !waiters.iter().any(|known| same(known, &edge.waiter)) {
            waiters.push(&edge.waiter);
        }
    }
    let all = report.waits.chains_left_out == 0;
    holder_receives || all && waiters.len() < CONVOY
}
