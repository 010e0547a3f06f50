//! Rules of threads: who stands, and why.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::blocked;
use super::finding::{Finding, Weight, command, percent, seconds, thread};
use super::found::Found;
use super::seen::Seen;
use crate::derive::headline;
use crate::liveness::State;
use crate::model::{BoardReport, Heartbeat, ThreadReport, WaitTarget};
use crate::words::human::time;
use crate::words::label::Label;
use crate::words::place::{short_file, short_function};

/// Share of a look on a processor, or ready to be, from which on a thread runs hot: on a busy machine a loop gets what
/// there is.
const HOT: f64 = 0.8;
/// Share of a look ready and without a processor from which on a thread starves, when it ran less than the other.
const STARVED: f64 = 0.5;
const RAN: f64 = 0.1;
/// A thread that runs and is at one line for so long does not come on.
const LONG_NS: u64 = 3_000_000_000;
/// Overdue jobs that are held against each place at which threads stand, at most.
const BEATS: usize = 64;

/// What nobody will ever end.
pub(super) fn deadlocks(report: &BoardReport, found: &mut Found) {
    for cycle in &report.waits.cycles {
        // One look at the dead is as good as two: nothing moves there.
        let twice = report.waits.looks >= 2 || report.state == State::Dead;
        let (weight, sure) = match cycle.may_end() {
            true => (Weight::Warning, 0.6),
            false if twice => (Weight::Critical, 1.0),
            false => (Weight::Critical, 0.7),
        };
        let mut finding = Finding::new("deadlock", weight, sure, headline::deadlock(cycle))
            .with("members", cycle.members.len() as u64, None)
            .with("for", seconds(cycle.first_seen_ns), Some("s"))
            .next(command("waits", report));
        finding.places = cycle.members.iter().map(|edge| edge.waiter.clone()).collect();
        found.push(finding);
    }
}

/// Those who wait for each other through a queue.
pub(super) fn circles(report: &BoardReport, found: &mut Found) {
    for circle in &report.waits.circles {
        let for_ns = circle.first_seen_ns;
        let title = format!("{}, for {}", headline::circle(circle), time(for_ns));
        // By hand, and whoever has not served the queue yet could.
        let mut finding = Finding::new("queue-circle", Weight::Critical, 0.8, title)
            .with("members", circle.members.len() as u64, None)
            .with("for", seconds(for_ns), Some("s"));
        for queue in report.waits.queues.iter().filter(|one| circle.queues.contains(&one.name)) {
            finding = finding
                .with("of those who serve it with a job in hand", queue.at_work, None)
                .with("items that wait in it", queue.depth, None);
        }
        finding.places = circle.members.iter().map(|edge| edge.waiter.clone()).collect();
        found.push(finding.next(command("waits", report)));
    }
}

/// Threads that have not moved for a second or longer: each for its reason. Who only waits for a stalled one is not
/// told again, nor who was told as one of many.
pub(super) fn stalled(report: &BoardReport, seen: &Seen, told: &BTreeSet<u64>, found: &mut Found) {
    if report.state != State::Live {
        return;
    }
    let members = report.waits.cycles.iter().flat_map(|cycle| &cycle.members);
    let deadlocked: HashSet<u64> = members.filter_map(|edge| edge.waiter.tid).collect();
    let targets = targets(report);
    // Of several at one place the longest stands for all.
    let mut places: BTreeMap<(String, &'static str), (&ThreadReport, u64)> = BTreeMap::new();
    let stands = |one: &&ThreadReport| {
        one.held_by.is_none()
            && !deadlocked.contains(&one.tid)
            && !told.contains(&one.tid)
            && one.standing != Some("again")
    };
    for one in report.threads.iter().filter(stands) {
        let reason = reason(one, seen);
        // Who uses the processor is not stalled: it computes, or it loops.
        // Also who says that it waits: it looks again and again whether that is over.
        let long = matches!(one.class, Some("work" | "wait")) && one.since_ns >= Some(LONG_NS);
        if one.stalled || long && ["hot", "starved"].contains(&reason) {
            let spot = match reason {
                "waits" => {
                    let target = targets.get(&one.tid).and_then(|target| waits_for(target));
                    target.unwrap_or_else(|| format!("in {}", place(one)))
                }
                _ => place(one),
            };
            let (first, count) = places.entry((spot, reason)).or_insert((one, 0));
            *count += 1;
            if one.since_ns > first.since_ns {
                *first = one;
            }
        }
    }
    for ((spot, reason), (one, count)) in places {
        found.push(at_rest(report, seen, one, (&spot, reason, count)));
    }
}

/// Why a thread does not move.
pub(super) fn reason(one: &ThreadReport, seen: &Seen) -> &'static str {
    let share = |ns: u64| ns as f64 / seen.over_ns.max(1) as f64;
    match seen.threads.get(&one.tid) {
        Some(ran) if share(ran.waited_ns) >= STARVED && share(ran.ran_ns) < RAN => "starved",
        Some(ran) if share(ran.ran_ns + ran.waited_ns) >= HOT => "hot",
        _ if one.class == Some("wait") => "waits",
        Some(_) => "blocked",
        None => "unknown",
    }
}

/// The rule, how sure it is, and what is said of one or of several who stand for this reason.
fn of_reason(reason: &str, several: bool) -> (&'static str, f64, &'static str) {
    match (reason, several) {
        ("starved", false) => ("thread-starved", 0.9, "is ready to run and gets no processor, at"),
        ("starved", true) => ("thread-starved", 0.9, "are ready to run and get no processor, at"),
        // A loop through one place looks the same as standing there.
        ("hot", false) => ("thread-hot", 0.7, "runs and does not move on, at"),
        ("hot", true) => ("thread-hot", 0.7, "run and do not move on, at"),
        ("waits", false) => ("slow-wait", 0.85, "waits"),
        ("waits", true) => ("slow-wait", 0.85, "wait"),
        ("blocked", false) => ("thread-blocked", 0.7, "says that it works, and is blocked, at"),
        ("blocked", true) => ("thread-blocked", 0.7, "say that they work, and are blocked, at"),
        (_, false) => ("thread-stalled", 0.6, "has not moved from"),
        (_, true) => ("thread-stalled", 0.6, "have not moved from"),
    }
}

fn at_rest(
    report: &BoardReport,
    seen: &Seen,
    one: &ThreadReport,
    (spot, reason, count): (&str, &'static str, u64),
) -> Finding {
    let age = one.since_ns.unwrap_or(0);
    let who = match count {
        1 => format!("thread {}", one.name.raw()),
        2 => format!("{} and 1 more thread", one.name.raw()),
        n => format!("{} and {} more threads", one.name.raw(), n - 1),
    };
    let ran = seen.threads.get(&one.tid).copied().unwrap_or_default();
    let share = |ns: u64| percent(ns as f64 / seen.over_ns.max(1) as f64);
    let (id, confidence, what) = of_reason(reason, count > 1);
    // Who runs may have come back to its line again and again.
    let (up_to, not_moved) = match one.since_at_most {
        true => ("up to ", "at this line for at most"),
        false => ("", "not moved for"),
    };
    let claims = match (reason, one.class) {
        ("hot", Some("wait")) => ", where the program says that it waits",
        _ => "",
    };
    let title = format!("{who} {what} {spot}, for {up_to}{}{claims}", time(age));
    let late = late_since(report, age);
    let (weight, least) = match (one.stalled, late) {
        (true, _) => (Weight::Critical, 1_000_000_000),
        (false, Some(_)) => (Weight::Critical, LONG_NS),
        (false, None) => (Weight::Warning, LONG_NS),
    };
    let mut finding = Finding::new(id, weight, confidence, title)
        .against(not_moved, seconds(age), Some("s"), seconds(least))
        .at(thread(report, one));
    if let Some(late) = late {
        finding = finding.with("since then overdue", late.name.raw(), None);
    }
    if seen.threads.contains_key(&one.tid) {
        finding = finding.with("on a processor", share(ran.ran_ns), Some("%"));
        if reason == "starved" {
            finding = finding.against(
                "ready without a processor",
                // What began before the first look is said when it is over.
                share(ran.waited_ns).min(100.0),
                Some("%"),
                percent(STARVED),
            );
        }
    }
    match reason {
        "hot" => finding.next(command("profile -d 5s --by stack", report)),
        "starved" => finding.next(processors(report)),
        // It does not run: samples of it are all alike. Who is waited for is told, and what it asks of the kernel.
        "blocked" | "unknown" => blocked::told(finding, report, seen, one),
        _ => finding.next(command("waits", report)).next(command("ops", report)),
    }
}

/// The command that shows who gets the processors: priorities, and where each thread ran last.
pub(super) fn processors(report: &BoardReport) -> String {
    format!("ps -L -o tid,cls,ni,rtprio,psr,pcpu,stat,comm -p {}", report.pid)
}

/// A job that ran for the last time just before a thread came to stand, so long ago: it waits for that one, most likely.
fn late_since(report: &BoardReport, age_ns: u64) -> Option<&Heartbeat> {
    report.heartbeats.iter().filter(|beat| beat.overdue).take(BEATS).find(|beat| {
        let before = beat.age_ns.and_then(|beaten| beaten.checked_sub(age_ns));
        before.is_some_and(|before| before <= beat.every_ns.saturating_mul(2))
    })
}

/// What each thread waits for, as the first chain has it.
fn targets(report: &BoardReport) -> HashMap<u64, &WaitTarget> {
    let edges = report.waits.chains.iter().flat_map(|chain| &chain.edges);
    let mut targets = HashMap::new();
    for edge in edges {
        edge.waiter.tid.map(|tid| targets.entry(tid).or_insert(&edge.target));
    }
    targets
}

/// What is waited for, where a lock or a channel tells.
fn waits_for(target: &WaitTarget) -> Option<String> {
    // A lock without a name is called by where it was made.
    let name = short_file(target.name.raw());
    match (target.what, target.mode) {
        ("channel", Some("send")) => Some(format!("to send to channel {name}")),
        ("channel", Some("receive")) => Some(format!("to receive from channel {name}")),
        ("lock", Some(_)) => Some(format!("for lock {name}")),
        ("queue", _) => Some(format!("in queue {name}; nobody is known who serves it now")),
        _ => None,
    }
}

/// The shortest name of where a thread is.
pub(super) fn place(thread: &ThreadReport) -> String {
    let label = thread.label.as_ref().map(Label::raw).filter(|label| !label.is_empty());
    match (label, &thread.function, &thread.file, thread.line) {
        (Some(label), ..) => label.to_owned(),
        (None, Some(function), ..) => short_function(function.raw()),
        (None, None, Some(file), Some(line)) => format!("{}:{line}", short_file(file.raw())),
        _ => "an unknown place".to_owned(),
    }
}
