//! The one line that a person reads first: what is wrong, the worst of it first, or that all is well. Pure:
//! from a report alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::active::{LONG_NS, Times, at_one_long_job, come_on, waits};
pub use super::active::{at_it, wholes};
use super::groups::{full_groups, load};
use crate::liveness::State;
use crate::model::{BoardReport, Circle, Cycle, Headline, Op, Severity, ThreadReport};
use crate::words::human::{lasting, or_none, percent, time, whole};
use crate::words::label::Label;

/// In the verdict of a process whose keeper does not look any more.
pub(super) const SILENT: &str = "its keeper has been silent";
/// Members of a deadlock that are named.
const NAMED: usize = 4;
/// Things that are said before the rest becomes a number.
const CLAUSES: usize = 4;

/// The headline of a report whose numbers are filled in.
pub fn headline(report: &BoardReport) -> Headline {
    let mut said: Vec<(Severity, String)> = Vec::new();
    match report.state {
        State::Dead => return dead(report),
        State::Live => {}
        State::Stopped => said.push((Severity::Critical, "stopped: nothing moves".to_owned())),
        State::Unreachable => {
            said.push((Severity::Warning, "not known whether it lives".to_owned()));
        }
    }
    if let Some(age) = report.heartbeat_age_ns
        && report.verdict.contains(SILENT)
    {
        said.push((Severity::Warning, format!("nobody has looked inside for {}", time(age))));
    }
    deadlocks(report, &mut said);
    let stalled = stalled(report);
    let come_on = come_on(report);
    stalls(&stalled, &mut said);
    operations(report, (&stalled, &come_on), &mut said);
    for beat in report.heartbeats.iter().filter(|beat| beat.overdue) {
        let age = or_none(beat.age_ns, time);
        said.push((
            Severity::Critical,
            format!(
                "overdue heartbeat {}: {age} ago, due every {}",
                beat.name.raw(),
                time(beat.every_ns)
            ),
        ));
    }
    for queue in &report.queues {
        if let Some(age) = queue.oldest_age_ns.filter(|&age| age >= LONG_NS) {
            let (name, depth) = (queue.name.raw(), whole(queue.depth));
            said.push((
                Severity::Warning,
                format!("queue {name}: {depth} wait, the first for {}", time(age)),
            ));
        }
    }
    if report.fd_trend.as_ref().is_some_and(|trend| trend.growing) {
        said.push((Severity::Warning, "descriptors grow without an end".to_owned()));
    }
    if said.is_empty() { well(report, &come_on) } else { joined(said) }
}

/// The worst first, and not too many of them.
fn joined(mut said: Vec<(Severity, String)>) -> Headline {
    // Stable: within a severity what causes stands before what follows.
    said.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    let severity = said.first().map_or(Severity::Ok, |(severity, _)| *severity);
    let more = said.len().saturating_sub(CLAUSES);
    let mut words: Vec<String> = said.into_iter().take(CLAUSES).map(|(_, text)| text).collect();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    Headline { severity, text: words.join("; ") }
}

/// Threads that stand still, causes before what waits for them, then the longest first.
fn stalled(report: &BoardReport) -> Vec<&ThreadReport> {
    let mut stalled: Vec<_> = report.threads.iter().filter(|thread| thread.stalled).collect();
    let awaited = awaited(&report.threads);
    stalled.sort_by_key(|thread| rank(thread, &awaited));
    stalled
}

/// Where a stalled thread stands among others: who is waited for, then who works, then the longest.
pub fn rank(
    thread: &ThreadReport,
    awaited: &HashSet<u64>,
) -> (bool, bool, std::cmp::Reverse<Option<u64>>) {
    (
        !awaited.contains(&thread.tid),
        thread.class != Some("work"),
        std::cmp::Reverse(thread.since_ns),
    )
}

/// Ids of the threads that hold what others wait for.
pub fn awaited(all: &[ThreadReport]) -> HashSet<u64> {
    all.iter().filter_map(|other| other.held_by.as_ref()).map(|holder| holder.tid).collect()
}

/// What nobody will ever end.
pub(super) fn deadlocks(report: &BoardReport, said: &mut Vec<(Severity, String)>) {
    for cycle in &report.waits.cycles {
        let severity = if cycle.may_end() { Severity::Warning } else { Severity::Critical };
        said.push((severity, deadlock(cycle)));
    }
    for one in &report.waits.circles {
        said.push((
            Severity::Critical,
            format!("{}, for {}", circle(one), time(one.first_seen_ns)),
        ));
    }
}

/// A circle through queues in a clause.
pub fn circle(circle: &Circle) -> String {
    let names: Vec<&str> = circle.queues.iter().take(NAMED).map(Label::raw).collect();
    let (queues, names) = match circle.queues.len() {
        1 => ("queue", names.join(", ")),
        n if n > NAMED => ("queues", format!("{} and {} more", names.join(", "), n - NAMED)),
        _ => ("queues", names.join(", ")),
    };
    let who = match circle.members.len() {
        1 => "one waits for itself".to_owned(),
        n => format!("{n} wait for each other"),
    };
    format!("{who} through {queues} {names}, which nobody else is known to serve")
}

/// A deadlock in a clause.
pub fn deadlock(cycle: &Cycle) -> String {
    let names: Vec<String> = cycle
        .members
        .iter()
        .map(|edge| match (&edge.waiter.thread, &edge.waiter.op) {
            (Some(thread), _) => thread.raw().to_owned(),
            (None, op) => format!("op {}", op.as_deref().unwrap_or("?")),
        })
        .collect();
    let more = names.len().saturating_sub(NAMED);
    let mut named = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    let unless = if cycle.may_end() { ", unless one of them gives up" } else { "" };
    format!("deadlock for {}: {named}{unless}", time(cycle.first_seen_ns))
}

fn stalls(stalled: &[&ThreadReport], said: &mut Vec<(Severity, String)>) {
    let Some(first) = stalled.first() else { return };
    let mut text = format!(
        "{} stalled {} in {}",
        first.name.raw(),
        or_none(first.since_ns, time),
        spot(first.label.as_ref(), first.function.as_ref(), first.file.as_ref(), first.line)
    );
    let waiting = stalled
        .iter()
        .filter(|other| other.held_by.as_ref().is_some_and(|holder| holder.tid == first.tid));
    let waiting = waiting.count();
    match (waiting, &first.held_by) {
        // Whom it waits for comes on, or would stand before it.
        (0, Some(holder)) => text.push_str(&format!(", waits for {}", holder.thread.raw())),
        (0, None) => {}
        (1, _) => text.push_str(", 1 thread waits for it"),
        _ => text.push_str(&format!(", {waiting} threads wait for it")),
    }
    let more = stalled.len() - 1 - waiting.min(stalled.len() - 1);
    if more > 0 {
        text.push_str(&format!(", {more} more stalled"));
    }
    said.push((Severity::Critical, text));
}

/// The shortest name of a place.
fn spot(
    label: Option<&Label>,
    function: Option<&Label>,
    file: Option<&Label>,
    line: Option<u32>,
) -> String {
    if let Some(label) = label {
        return label.raw().to_owned();
    }
    if let Some(function) = function {
        return crate::words::place::short_function(function.raw());
    }
    match (file, line) {
        (Some(file), Some(line)) => {
            format!("{}:{line}", crate::words::place::short_file(file.raw()))
        }
        _ => "an unknown place".to_owned(),
    }
}

/// Operations that have been active for long and do not come on. An operation whose part is in flight is not counted beside it.
fn operations(
    report: &BoardReport,
    (stalled, come_on): (&[&ThreadReport], &BTreeMap<&str, String>),
    said: &mut Vec<(Severity, String)>,
) {
    let leaked = report.ops.iter().filter(|op| op.leaked).count();
    if leaked > 0 {
        let plural = if leaked == 1 { "operation" } else { "operations" };
        said.push((Severity::Warning, format!("{leaked} {plural} suspected leaked")));
    }
    let mut long = at_it(&report.ops, LONG_NS);
    let times = Times::new(report);
    long.retain(|op| op.told || times.is_unusual(op));
    long.retain(|op| !come_on.contains_key(op.id.as_str()));
    let waiting = long.iter().filter(|op| waits(op)).count();
    // What a stalled thread has in hand is said with the thread.
    let tids: HashSet<u64> = stalled.iter().map(|thread| thread.tid).collect();
    let in_hand = |op: &&&Op| op.tid.is_some_and(|tid| tids.contains(&tid));
    let by_stalled = |op: &&&Op| in_hand(op) && !waits(op);
    let others = long.len() - long.iter().filter(by_stalled).count();
    let elsewhere = long.len() - long.iter().filter(in_hand).count();
    if !stalled.is_empty() {
        match (waiting, others) {
            (_, 0) => {}
            (1, 1) if elsewhere == 0 => {}
            (1, 1) => said.push((Severity::Critical, "1 operation waits".to_owned())),
            (n, m) if n == m => said.push((Severity::Critical, format!("{n} operations wait"))),
            _ => match elsewhere {
                0 => {}
                1 => said.push((Severity::Critical, "1 other operation takes long".to_owned())),
                n => said.push((Severity::Critical, format!("{n} other operations take long"))),
            },
        }
        return;
    }
    let Some(first) = long.first() else { return };
    let status = first.status.as_ref().map(|text| format!(" in {}", text.raw()));
    let name = first.label.as_ref().map(|text| format!(" {}", text.raw()));
    let mut text = format!(
        "{}{} active for {}{}",
        first.kind.raw(),
        name.unwrap_or_default(),
        or_none(first.active_ns, time),
        status.unwrap_or_default()
    );
    if long.len() > 1 {
        text.push_str(&format!(", {} more over {}", long.len() - 1, time(LONG_NS)));
    }
    said.push((Severity::Warning, text));
}

fn well(report: &BoardReport, come_on: &BTreeMap<&str, String>) -> Headline {
    // Who works through one long job lacks no room, nor does one of several while the others have some.
    let long_jobs = at_one_long_job(report);
    let full: HashSet<u64> = full_groups(report)
        .into_iter()
        .flat_map(|group| group.full)
        .map(|thread| thread.tid)
        .filter(|tid| !long_jobs.contains(tid))
        .collect();
    let is_full = |thread: &ThreadReport| full.contains(&thread.tid);
    // Of equals the first, so that the name stands still.
    let busiest =
        report.threads.iter().rev().filter(|thread| load(thread).is_some()).max_by(|a, b| {
            let loads = load(a).unwrap_or(0.0).total_cmp(&load(b).unwrap_or(0.0));
            is_full(a).cmp(&is_full(b)).then(loads)
        });
    let full = busiest.is_some_and(is_full);
    let mut text = match busiest {
        Some(thread) => {
            let share = or_none(load(thread), percent);
            format!("busiest {} {share}", thread.name.raw())
        }
        None => {
            let at_work = report.threads.iter().filter(|thread| thread.class == Some("work"));
            format!("{} of {} threads at work", at_work.count(), report.threads.len())
        }
    };
    let mut active = at_it(&report.ops, 0);
    active.retain(|op| op.told || op.working);
    if let Some(longest) = active.first() {
        let plural = if active.len() == 1 { "operation" } else { "operations" };
        let age = or_none(longest.active_ns, lasting);
        text.push_str(&format!("; {} {plural} active, the longest {age}", active.len()));
        if let Some(how) = come_on.get(longest.id.as_str()) {
            text.push_str(&format!(", which comes on{how}"));
        }
    }
    match full {
        true => Headline { severity: Severity::Warning, text: format!("no room left: {text}") },
        false => Headline { severity: Severity::Ok, text: format!("all well: {text}") },
    }
}

/// Threads of a dead process that were not idle at its end: of several that stood, who has been there longest is rather
/// the cause than who waited for it.
pub fn at_its_end(report: &BoardReport) -> Vec<&ThreadReport> {
    let busy = |thread: &&ThreadReport| matches!(thread.class, Some("work" | "wait"));
    let mut at: Vec<&ThreadReport> = report.threads.iter().filter(busy).collect();
    at.sort_by_key(|thread| {
        (!thread.stalled, thread.class != Some("work"), Reverse(thread.since_ns))
    });
    at
}

/// What it did when it died.
fn dead(report: &BoardReport) -> Headline {
    if report.end.as_ref().is_some_and(|end| end.clean) {
        return Headline { severity: Severity::Ok, text: "it ended in order".to_owned() };
    }
    let at = at_its_end(report);
    let mut text = match at.first() {
        _ if !report.waits.cycles.is_empty() => {
            let all = report.waits.cycles.iter().map(deadlock);
            format!("at its end {}", all.collect::<Vec<_>>().join("; "))
        }
        Some(first) => {
            let place = spot(
                first.label.as_ref(),
                first.function.as_ref(),
                first.file.as_ref(),
                first.line,
            );
            format!("at its end {} was in {place}", first.name.raw())
        }
        None => "at its end every thread was idle".to_owned(),
    };
    match at.len() {
        _ if !report.waits.cycles.is_empty() => {}
        0 | 1 => {}
        2 => text.push_str(", 1 more thread not idle"),
        n => text.push_str(&format!(", {} more threads not idle", n - 1)),
    }
    let active = at_it(&report.ops, 0).len();
    match active {
        0 => {}
        1 => text.push_str("; 1 operation was active"),
        n => text.push_str(&format!("; {n} operations were active")),
    }
    Headline { severity: Severity::Critical, text }
}
