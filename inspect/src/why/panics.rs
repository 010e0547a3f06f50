//! Rules of panics: those that somebody caught, and threads that died of one.

use super::finding::{Finding, Weight, command, seconds, thread};
use super::found::Found;
use crate::derive::active::LONG_NS;
use crate::liveness::State;
use crate::model::{BoardReport, Heartbeat, OpEnds, OpKind};
use crate::words::human::time;
use crate::words::label::Label;

/// A panic that was caught so long ago is told as a notice.
const RECENT_NS: u64 = 3_600_000_000_000;

/// What waits for a thread that died comes to stand so soon.
const AFTER_NS: u64 = 10_000_000_000;
/// What hangs because of a panic has done so since then, give or take.
const SOON_NS: u64 = 1_000_000_000;
/// Share of a kind that is nearly all of it.
const ALL: f64 = 0.9;

/// Panics that somebody caught.
pub(super) fn panics(report: &BoardReport, found: &mut Found) {
    if report.panics == 0 || report.state == State::Dead {
        return;
    }
    let plural = if report.panics == 1 { "panic" } else { "panics" };
    let last = report.last_panic.as_ref();
    let ago = last.map_or_else(String::new, |last| format!(", the last {} ago", time(last.age_ns)));
    let died = last.and_then(|last| last.tid).is_some_and(|tid| is_gone(report, tid));
    let (id, title) = match last.filter(|_| died) {
        Some(last) => (
            "thread-died",
            format!("a thread died of a panic {} ago: {}", time(last.age_ns), start(&last.text)),
        ),
        None => (
            "panics",
            format!("{} {plural} since the start{ago}: the process goes on", report.panics),
        ),
    };
    // What was long ago is no alarm for the rest of its life.
    let weight = match last {
        Some(last) if died && stands_since(report, last.age_ns) => Weight::Critical,
        Some(last) if last.age_ns > RECENT_NS => Weight::Notice,
        _ => Weight::Warning,
    };
    let mut finding = Finding::new(id, weight, 0.9, title)
        .with("panics", report.panics, None)
        .next(command("", report));
    finding.first = last.is_some_and(|last| fails_since(report, last.age_ns));
    if let Some(last) = last {
        if !died {
            finding = finding.with("the last", start(&last.text).as_str(), None);
        }
        finding = finding.with("that long ago", seconds(last.age_ns), Some("s"));
        let thread_of = report.threads.iter().find(|one| Some(one.tid) == last.tid && !died);
        finding.places.extend(thread_of.map(|one| thread(report, one)));
    }
    found.push(finding);
}

/// Whether something came to stand just after this long ago: it waits for who died, most likely.
fn stands_since(report: &BoardReport, ago_ns: u64) -> bool {
    let after = |ns: Option<u64>| {
        ns.and_then(|ns| ago_ns.checked_sub(ns)).is_some_and(|later| later <= AFTER_NS)
    };
    let mut queues = report.queues.iter().filter(|queue| queue.depth > 0);
    let mut threads = report.threads.iter().filter(|one| one.stalled);
    // A job that it did ran for the last time just before.
    let mut beats = report.heartbeats.iter().filter(|beat| beat.overdue);
    let before = |beat: &Heartbeat| {
        let since = beat.age_ns.and_then(|age| age.checked_sub(ago_ns));
        since.is_some_and(|since| since <= beat.every_ns.saturating_mul(2))
    };
    queues.any(|queue| after(queue.oldest_age_ns))
        || threads.any(|one| after(one.since_ns))
        || beats.any(before)
}

/// Whether operations fail or hang because of a panic so long ago, most likely: it was just now, and they fail; or it was in
/// one of a kind of which nearly all have failed since (what it held is poisoned); or they have hung since then.
fn fails_since(report: &BoardReport, ago_ns: u64) -> bool {
    let fails = report.op_kinds.iter().filter_map(|kind| Some((kind, kind.rates?.per_s)));
    let mut fails = fails.filter(|(_, now)| now.error + now.panicked > 0.0);
    let by_it = |(kind, now): (&OpKind, OpEnds<f64>)| {
        let bad = now.error + now.panicked;
        ago_ns < AFTER_NS && now.panicked > 0.0
            || kind.since_start.panicked > 0 && bad >= ALL * (now.ok + now.cancelled + bad)
    };
    let mut hang = report.ops.iter().filter_map(|op| op.active_ns.filter(|&ns| ns >= LONG_NS));
    fails.any(by_it) || hang.any(|ns| ago_ns.abs_diff(ns) <= SOON_NS)
}

/// Whether the process has no such thread any more, as far as that is to be seen.
fn is_gone(report: &BoardReport, tid: u64) -> bool {
    match report.threads.iter().find(|one| one.tid == tid) {
        Some(one) => one.exists == Some(false),
        None => report
            .unprobed_threads
            .as_ref()
            .is_some_and(|all| all.iter().all(|task| u64::from(task.tid) != tid)),
    }
}

/// The beginning of a panic's words.
pub(super) fn start(text: &Label) -> String {
    text.raw().chars().take(120).collect()
}
