//! Rules of workers and of the queues that they serve.

use std::collections::HashMap;

use super::finding::{Finding, Weight, by_tid, command, percent, seconds, thread};
use super::found::Found;
use super::threads::place;
use crate::derive::active::at_one_long_job;
use crate::derive::groups::{FULL, FullGroup, full_groups};
use crate::liveness::State;
use crate::model::{BoardReport, LockReport, Queue, ThreadReport};
use crate::words::human::time;
use crate::words::label::Label;

/// Time that an item at the head of a queue may wait, and that half of all may (RFC 8289 calls a queue standing when
/// even the shortest wait of 100 ms is above a target).
const STANDING_NS: u64 = 1_000_000_000;
const WAIT_NS: u64 = 100_000_000;
/// Items that wait for so long, while all who serve them rest, wait for nothing that is on its way.
const HUNG_NS: u64 = 3_000_000_000;
/// Load over ten seconds of those who serve a queue, below which it was empty now and then: items came in bursts.
const DRAINS: f64 = 0.8;

/// Workers without room: one of a group, or all of it.
pub(super) fn saturated(report: &BoardReport, found: &mut Found) {
    if report.state != State::Live {
        return;
    }
    let long_jobs = at_one_long_job(report);
    let waits = waits_for(report);
    // Who has no room since it waits for another stands behind that one.
    let held_up = |group: &FullGroup<'_>| group.full.iter().all(|one| waits.contains_key(&one.tid));
    let (victims, causes): (Vec<_>, Vec<_>) = full_groups(report).into_iter().partition(held_up);
    for group in causes.into_iter().chain(victims) {
        let Some(&first) = group.full.first() else { continue };
        let finding = match group.others {
            None => {
                let long_job = long_jobs.contains(&first.tid);
                all_full(&group, first, long_job, waits.get(&first.tid))
            }
            Some(mean) => {
                let title = format!(
                    "{} of {} workers {} are saturated while the others are at {:.0} %: work is \
                     spread badly",
                    group.full.len(),
                    group.workers,
                    group.name,
                    mean * 100.0
                );
                Finding::new("one-saturated", Weight::Warning, 0.85, title).with(
                    "mean load of the others",
                    percent(mean),
                    Some("%"),
                )
            }
        };
        found.push(
            finding
                .against("load over 10 s", percent(group.load), Some("%"), percent(FULL))
                .at(thread(report, first))
                .next(command(ask(first), report))
                .next(command("", report)),
        );
    }
}

/// Of the threads that wait for another one of the process (a lock, room in a channel, its end), for whom.
fn waits_for(report: &BoardReport) -> HashMap<u64, &Label> {
    let edges = report.waits.chains.iter().flat_map(|chain| &chain.edges);
    let for_another = edges.filter_map(|edge| {
        let (waiter, holder) = (edge.waiter.tid?, edge.held_by.first()?);
        let for_it = edge.target.what != "queue" && edge.target.mode != Some("receive");
        (for_it && holder.tid != Some(waiter)).then_some((waiter, holder.thread.as_ref()?))
    });
    for_another.collect()
}

/// All of a group without room.
fn all_full(
    group: &FullGroup<'_>,
    first: &ThreadReport,
    long_job: bool,
    waits_for: Option<&&Label>,
) -> Finding {
    let (one, name) = (first.name.raw(), group.name);
    let (weight, title) = match group.workers {
        1 if waits_for.is_some() => {
            let whom = waits_for.map_or("another", |holder| holder.raw());
            (
                Weight::Warning,
                format!("the only worker {one} has no room left: it waits for {whom}"),
            )
        }
        1 if !long_job => (Weight::Warning, format!("the only worker {one} has no room left")),
        1 => (
            Weight::Notice,
            format!("{one} works at one long job without a pause: no queue waits for it"),
        ),
        n => {
            (Weight::Warning, format!("all {n} workers {name} are saturated: more work will wait"))
        }
    };
    Finding::new("all-saturated", weight, 0.9, title)
}

/// What tells more of a worker: samples of one that does not move are all alike.
fn ask(worker: &ThreadReport) -> &'static str {
    match worker.stalled || worker.class == Some("wait") {
        true => "waits",
        false => "profile -d 5s",
    }
}

/// Queues that do not become empty, and those in which items wait because they come all at once.
pub(super) fn queues(report: &BoardReport, found: &mut Found) {
    if report.state == State::Dead {
        return;
    }
    let threads = by_tid(report);
    for queue in &report.queues {
        let age = queue.oldest_age_ns.filter(|_| queue.depth > 0).unwrap_or(0);
        let wait = queue.wait_ns.recent.p50.unwrap_or(0);
        let (what, value, limit) = match (age, wait) {
            (age, _) if age >= STANDING_NS => ("the first waits for", age, STANDING_NS),
            (_, wait) if wait >= WAIT_NS => ("half of all wait", wait, WAIT_NS),
            _ => continue,
        };
        let load = queue.utilization.s10;
        // One of them without a pause drains nothing, however little the others have to do.
        let all_drain =
            || queue.served_by.iter().all(|tid| !threads.get(tid).is_some_and(|one| is_full(one)));
        let drains = load.filter(|&load| load < DRAINS && age < STANDING_NS && all_drain());
        let name = queue.name.raw();
        let mut finding = if let Some(load) = drains {
            let title = format!(
                "queue {name}: {what} {}, and it drains: items come in bursts",
                time(value)
            );
            Finding::new("bursty-queue", Weight::Warning, 0.8, title).against(
                "load of its workers over 10 s",
                percent(load),
                Some("%"),
                percent(DRAINS),
            )
        } else if queue.depth > 0 {
            standing(report, &threads, queue, &format!("{what} {}", time(value)))
        } else {
            continue;
        };
        let next = if drains.is_some() { "capacity" } else { "" };
        finding = finding
            .against(what, seconds(value), Some("s"), seconds(limit))
            .with("depth", queue.depth, None)
            .next(command(next, report));
        if let Some(rate) = queue.rate_per_s {
            finding = finding.with("completions", rate, Some("/s"));
        }
        found.push(finding);
    }
}

/// A worker that had no pause for ten seconds.
fn is_full(worker: &ThreadReport) -> bool {
    worker.load.s10.is_some_and(|load| load >= FULL)
}

/// A queue that stands, with what is known of who should take its items.
fn standing(
    report: &BoardReport,
    threads: &HashMap<u64, &ThreadReport>,
    queue: &Queue,
    what: &str,
) -> Finding {
    let servers = queue.served_by.iter().filter_map(|tid| threads.get(tid).copied());
    let full = |one: &ThreadReport| one.load.s1.is_some_and(|load| load >= FULL);
    let rests = |one: &&ThreadReport| one.class == Some("idle") && !full(one);
    let (idle, at_work): (Vec<&ThreadReport>, Vec<&ThreadReport>) = servers.partition(rests);
    let longest = at_work.iter().max_by_key(|one| one.since_ns).copied();
    let hung = if longest.is_none() { hung(report, queue, &idle) } else { None };
    let by = match (longest, idle.as_slice()) {
        _ if queue.starts == 0 && queue.completions == 0 => {
            "; nobody has taken one since the start".to_owned()
        }
        (Some(_), _) | (None, []) => String::new(),
        (None, [one]) => format!("; its worker {} is idle at {}", one.name.raw(), place(one)),
        (None, [one, ..]) => match hung {
            Some((lock, holder)) => format!(
                "; its {} workers hang: {} holds {} {} and waits at {}, the others wait for that lock",
                idle.len(),
                holder.name.raw(),
                lock.kind,
                lock.name.raw(),
                place(holder)
            ),
            None => {
                let (count, name) = (idle.len(), one.name.raw());
                format!("; its {count} workers are idle, {name} at {}", place(one))
            }
        },
    };
    let title = format!("queue {}: {} wait, {what}{by}", queue.name.raw(), queue.depth);
    let weight = if hung.is_some() { Weight::Critical } else { Weight::Warning };
    let mut finding = Finding::new("standing-queue", weight, 0.85, title);
    if let Some((lock, _)) = hung {
        finding = finding
            .with("wait for the lock", lock.waiters, None)
            .next(command("waits --by lock", report));
    }
    let told = longest.or(hung.map(|(_, holder)| holder)).or(idle.first().copied());
    finding.places.extend(told.map(|one| thread(report, one)));
    finding
}

/// Whether all who serve a queue whose items have waited for long rest for one lock, which one of them has: who waits for
/// a message with the lock of its channel in hand keeps the others from looking. With nothing to do that is an idle pool;
/// with items it is one that nobody wakes.
fn hung<'a>(
    report: &'a BoardReport,
    queue: &Queue,
    idle: &[&'a ThreadReport],
) -> Option<(&'a LockReport, &'a ThreadReport)> {
    let rest = |one: &&ThreadReport| one.since_ns >= Some(STANDING_NS);
    if queue.oldest_age_ns < Some(HUNG_NS) || idle.is_empty() || !idle.iter().all(rest) {
        return None;
    }
    let idle_by_tid: HashMap<u64, &ThreadReport> =
        idle.iter().rev().map(|one| (one.tid, *one)).collect();
    let locks = report.waits.locks.iter().filter(|lock| lock.waiters > 0 && lock.kind != "condvar");
    let mut held = locks.filter_map(|lock| {
        let tid = lock.holder.as_ref()?.tid?;
        Some((lock, *idle_by_tid.get(&tid)?))
    });
    held.find(|(lock, _)| lock.waiters + 1 >= idle.len() as u64)
}
