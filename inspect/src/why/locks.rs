//! Rules of what is held: who waits for it, and for how long.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Weight, by_tid, command, seconds, thread};
use super::found::Found;
use super::seen::Seen;
use super::threads;
use crate::liveness::State;
use crate::model::{BoardReport, Edge, LockReport, Party, ThreadReport};
use crate::words::human::time;
use crate::words::label::Label;

/// Threads that wait for one holder before it is a convoy (Blasgen, Gray, Mitoma, Price: The convoy phenomenon, 1979).
const CONVOY: usize = 3;
/// One of them waits for so long at least.
const CONVOY_NS: u64 = 100_000_000;
/// Waiting for a lock for so long is worth a word, whatever its holder does meanwhile.
const HELD_NS: u64 = 1_000_000_000;

/// Those who wait for what others hold: many for one, and one for long. Threads that were told as waiters of many.
pub(super) fn held(report: &BoardReport, seen: &Seen, found: &mut Found) -> BTreeSet<u64> {
    let mut told = at_locks(report, found);
    told.extend(by_tags(report, &told, found));
    long_holds(report, seen, &told, found);
    told
}

/// Convoys by what tags say: waits with the key of another thread's scope. Threads that were told as waiters.
fn by_tags(report: &BoardReport, told: &BTreeSet<u64>, found: &mut Found) -> BTreeSet<u64> {
    let mut also = BTreeSet::new();
    let mut behind: BTreeMap<u64, Vec<&ThreadReport>> = BTreeMap::new();
    for one in report.threads.iter().filter(|one| !told.contains(&one.tid)) {
        // Who waits in a queue waits for his turn.
        if let Some(holder) = one.held_by.as_ref().filter(|holder| holder.queue.is_none()) {
            behind.entry(holder.tid).or_default().push(one);
        }
    }
    let all = by_tid(report);
    for (tid, waiters) in behind.into_iter().filter(|(_, waiters)| waiters.len() >= CONVOY) {
        let Some(&holder) = all.get(&tid) else { continue };
        let title = format!(
            "{} threads wait for what {} holds, which is in {}",
            waiters.len(),
            holder.name.raw(),
            threads::place(holder)
        );
        also.extend(waiters.iter().map(|one| one.tid));
        let longest = waiters.iter().filter_map(|thread| thread.since_ns).max().unwrap_or(0);
        if longest < CONVOY_NS {
            continue;
        }
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
fn long_holds(report: &BoardReport, seen: &Seen, told: &BTreeSet<u64>, found: &mut Found) {
    if report.state != State::Live {
        return;
    }
    let all = by_tid(report);
    let by_tid = |tid: Option<u64>| all.get(&tid?).copied();
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
        let starved = threads::reason(holder, seen) == "starved";
        let title = format!(
            "{waits} for {}, held by {}, which {}, for {}",
            lock.raw(),
            holder.name.raw(),
            if starved { "gets no processor" } else { "comes on" },
            time(edge.since_ns)
        );
        let next = match starved {
            true => threads::processors(report),
            false => command("profile --blame -d 5s", report),
        };
        found.push(
            Finding::new("long-hold", Weight::Critical, 0.8, title)
                .against("waits for", seconds(edge.since_ns), Some("s"), seconds(HELD_NS))
                .with("waiters", count, None)
                .at(thread(report, holder))
                .at(thread(report, waiter))
                .next(command("waits", report))
                .next(next),
        );
    }
}

/// By what locks say of themselves. Threads that were told as waiters of one.
fn at_locks(report: &BoardReport, found: &mut Found) -> BTreeSet<u64> {
    let mut told = BTreeSet::new();
    // Who waits to be told waits for no holder.
    let many = |lock: &&LockReport| lock.waiters as usize >= CONVOY && lock.kind != "condvar";
    let waits = Waits::of(report);
    for lock in report.waits.locks.iter().filter(many) {
        let edges = waits.for_what.get(&lock.name).map(Vec::as_slice).unwrap_or_default();
        let longest = edges.iter().map(|edge| edge.since_ns).max();
        // Of short waits there are always some at once where a lock is wanted often.
        let short = longest.is_some_and(|ns| ns < CONVOY_NS);
        if short || waits.deadlocked.contains(&lock.name) || idle(report, lock, edges, &waits) {
            continue;
        }
        told.extend(edges.iter().filter_map(|edge| edge.waiter.tid));
        let by = edges.iter().find_map(|edge| edge.held_by.first());
        let holder = lock.holder.as_ref().or(lock.readers.first()).or(by);
        let how = match (&lock.holder, lock.kind) {
            (_, "channel") => "for",
            (Some(_), _) | (_, "semaphore") => "held by",
            // One waits to write, and the others for that one.
            (None, _) => "read by",
        };
        let held = match holder.map(|who| (&who.thread, &who.op)) {
            Some((Some(name), _)) => format!(", {how} {}", name.raw()),
            Some((None, Some(op))) => format!(", {how} operation {op}"),
            _ => unknown_holder(lock.kind).to_owned(),
        };
        let title = format!("{} wait for {} {}{held}", lock.waiters, lock.kind, lock.name.raw());
        let mut finding = Finding::new("lock-convoy", Weight::Critical, 0.9, title)
            .against("waiters", lock.waiters, None, CONVOY as u64)
            .with("waits that ended", lock.contended, None);
        if let Some(longest) = longest {
            finding = finding.against(
                "the longest waits",
                seconds(longest),
                Some("s"),
                seconds(CONVOY_NS),
            );
        }
        finding = finding.next(command("waits --by lock", report));
        finding.places.extend(holder.cloned());
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

/// Who a party is.
type Who<'a> = (Option<u64>, Option<&'a str>);

fn who(party: &Party) -> Who<'_> {
    (party.tid, party.op.as_deref())
}

/// The waits of a board, by what is asked of them for each of many locks.
struct Waits<'a> {
    /// Those of chains, by the name of what they are for.
    for_what: BTreeMap<&'a Label, Vec<&'a Edge>>,
    /// Names of what is waited for in a deadlock.
    deadlocked: BTreeSet<&'a Label>,
    /// Who waits for a message.
    receive: BTreeSet<Who<'a>>,
}

impl<'a> Waits<'a> {
    fn of(report: &'a BoardReport) -> Self {
        let (mut for_what, mut receive) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new());
        // A queue may be called as the channel is.
        let is_for = |edge: &&Edge| edge.target.what != "queue";
        for edge in report.waits.chains.iter().flat_map(|chain| &chain.edges).filter(is_for) {
            for_what.entry(&edge.target.name).or_default().push(edge);
            if edge.target.what == "channel" && edge.target.mode == Some("receive") {
                receive.insert(who(&edge.waiter));
            }
        }
        let members = report.waits.cycles.iter().flat_map(|cycle| &cycle.members).filter(is_for);
        Self { for_what, deadlocked: members.map(|edge| &edge.target.name).collect(), receive }
    }
}

/// Whether those who wait for it have nothing to do: they say so, or one of a pool has the lock of their channel and waits
/// for a job, and the others for the lock.
fn idle(report: &BoardReport, lock: &LockReport, edges: &[&Edge], waits: &Waits<'_>) -> bool {
    let holder_receives =
        lock.holder.as_ref().is_some_and(|holder| waits.receive.contains(&who(holder)));
    // Chains leave out who says that it is idle.
    let waiters: BTreeSet<Who<'_>> = edges.iter().map(|edge| who(&edge.waiter)).collect();
    let all = report.waits.chains_left_out == 0;
    holder_receives || all && waiters.len() < CONVOY
}
