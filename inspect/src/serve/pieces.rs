//! What the pieces of a board are. Texts that never change (units, help) are pieces of their own, so that a
//! number that grows says its value alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::shown::Shown;
use crate::model::{BoardReport, Heartbeat, Op, OpKind, Place, Queue, ThreadReport};
use crate::render::json;
use crate::words::label::Label;

/// The kinds of pieces, as they are called in the stream.
pub(super) const KINDS: [&str; 15] = [
    "head",
    "threads",
    "ops",
    "ended",
    "kinds",
    "statuses",
    "counters",
    "gauges",
    "ratios",
    "histograms",
    "queues",
    "heartbeats",
    "progress",
    "facts",
    "meaning",
];

/// Moments that are part of a piece, ms by the monotonic clock; of a process that ended, before its end.
pub(super) type Moments = [Option<i64>; 3];

/// A piece as it is now: its text is made once its moments are settled.
pub(super) struct New<'a> {
    pub(super) key: Arc<str>,
    pub(super) moments: Moments,
    pub(super) text: Box<dyn FnOnce(Moments) -> String + 'a>,
}

impl<'a> New<'a> {
    fn timed(
        key: impl Into<Arc<str>>,
        moments: Moments,
        text: impl FnOnce(Moments) -> String + 'a,
    ) -> Self {
        Self { key: key.into(), moments, text: Box::new(text) }
    }

    fn plain(key: impl Into<Arc<str>>, value: &'a impl Serialize) -> Self {
        Self::timed(key, [None; 3], move |_| text(value))
    }
}

fn text(value: &impl Serialize) -> String {
    json::line(value).unwrap_or_else(|_| "null".to_owned())
}

/// The pieces of a board, by kind.
pub(super) fn of(shown: &Shown) -> [Vec<New<'_>>; KINDS.len()] {
    let mut all: [Vec<New<'_>>; KINDS.len()] = Default::default();
    let now = shown.now_ms.unwrap_or(0);
    let at = |age_ns: Option<u64>| {
        age_ns.map(|ns| now - i64::try_from(ns / 1_000_000).unwrap_or(i64::MAX / 4))
    };
    let Some(report) = &shown.report else {
        all[0].push(New::timed("", [None; 3], move |_| unread(shown)));
        return all;
    };
    let moments = [at(Some(report.uptime_ns)), at(report.heartbeat_age_ns), None];
    all[0].push(New::timed("", moments, move |moments| head(shown, report, moments)));
    all[1].extend(report.threads.iter().enumerate().map(|(slot, thread)| {
        let moments = [at(thread.since_ns), None, None];
        New::timed(format!("{slot}"), moments, move |[since, ..]| {
            text(&Thread::new(thread, slot, since))
        })
    }));
    all[2].extend(report.ops.iter().map(|op| {
        let moments = [at(Some(op.age_ns)), at(op.active_ns), at(op.status_age_ns)];
        New::timed(&*op.id, moments, move |moments| text(&Operation::new(op, moments, None)))
    }));
    all[3].extend(report.ended_ops.iter().map(|op| {
        let moments = [at(op.ended_ago_ns), None, None];
        New::timed(&*op.id, moments, move |[ended, ..]| {
            text(&Operation::new(op, [None; 3], Some((ended, op.age_ns))))
        })
    }));
    all[4].extend(report.op_kinds.iter().map(|kind| {
        let moments = [at(kind.oldest_ns), None, None];
        New::timed(kind.kind.raw(), moments, move |[oldest, ..]| of_kind(kind, oldest))
    }));
    all[5].extend(report.op_statuses.iter().map(|one| {
        // A status whose parts tell of it is a row of its own.
        let parts = if one.in_parts { " (in parts)" } else { "" };
        New::plain(format!("{}{parts}", one.status.raw()), one)
    }));
    numbers(report, &mut all);
    all[10].extend(report.queues.iter().map(|queue| {
        let moments = [at(queue.oldest_age_ns), None, None];
        New::timed(queue.name.raw(), moments, move |[oldest, ..]| of_queue(queue, oldest))
    }));
    all[11].extend(report.heartbeats.iter().map(|beat| {
        let moments = [at(beat.age_ns), None, None];
        New::timed(beat.name.raw(), moments, move |[last, ..]| of_beat(beat, last))
    }));
    all[12].extend(report.progress.iter().map(|one| New::plain(one.name.raw(), one)));
    all[13].extend(report.facts.iter().map(|(key, fact)| New::plain(key.raw(), fact)));
    all
}

/// What a number is called, with its labels: in a family no two are the same.
fn called(name: &Label, labels: &BTreeMap<Label, Label>) -> String {
    let labels: Vec<String> =
        labels.iter().map(|(key, value)| format!("{}={:?}", key.raw(), value.raw())).collect();
    if labels.is_empty() {
        return name.raw().to_owned();
    }
    format!("{}{{{}}}", name.raw(), labels.join(","))
}

fn numbers<'a>(report: &'a BoardReport, all: &mut [Vec<New<'a>>; KINDS.len()]) {
    let mut meaning: BTreeMap<&str, (Option<&Label>, Option<&Label>)> = BTreeMap::new();
    for one in &report.counters {
        meaning.insert(one.name.raw(), (one.unit.as_ref(), one.help.as_ref()));
        all[6].push(New::timed(called(&one.name, &one.labels), [None; 3], move |_| {
            text(&json!({ "name": one.name, "labels": one.labels, "value": one.value,
                "rate_per_s": one.rate_per_s, "rate_over_ns": one.rate_over_ns }))
        }));
    }
    for one in &report.gauges {
        meaning.insert(one.name.raw(), (one.unit.as_ref(), one.help.as_ref()));
        all[7].push(New::timed(called(&one.name, &one.labels), [None; 3], move |_| {
            text(&json!({ "name": one.name, "labels": one.labels, "value": one.value, "max": one.max }))
        }));
    }
    for one in &report.ratios {
        meaning.insert(one.name.raw(), (None, one.help.as_ref()));
        all[8].push(New::timed(one.name.raw(), [None; 3], move |_| {
            text(&json!({ "name": one.name, "value": one.value, "value_over_ns": one.value_over_ns,
                "since_start": one.since_start.value }))
        }));
    }
    for one in &report.histograms {
        meaning.insert(one.name.raw(), (one.unit.as_ref(), one.help.as_ref()));
        all[9].push(New::timed(called(&one.name, &one.labels), [None; 3], move |_| {
            text(&json!({ "name": one.name, "labels": one.labels, "count": one.count,
                "recent": one.values.recent, "since_start": one.values.since_start,
                "limit": one.values.limit }))
        }));
    }
    for queue in &report.queues {
        meaning.insert(queue.name.raw(), (None, queue.help.as_ref()));
    }
    for beat in &report.heartbeats {
        meaning.insert(beat.name.raw(), (None, beat.help.as_ref()));
    }
    all[14].extend(meaning.into_iter().map(|(name, (unit, help))| {
        New::timed(name, [None; 3], move |_| text(&json!({ "unit": unit, "help": help })))
    }));
}

fn head(shown: &Shown, report: &BoardReport, [begun, beat, _]: Moments) -> String {
    text(&json!({
        "endpoint": shown.endpoint,
        "name": report.name, "pid": report.pid, "uid": report.uid, "owner": shown.row.owner,
        "state": report.state, "verdict": report.verdict, "headline": report.headline,
        "still": shown.now_ms.is_none(), "begun_at_ms": begun, "beat_at_ms": beat,
        "build": report.build, "program": report.program, "path": report.path,
        "instance": report.instance.to_string(), "layout_version": report.layout_version,
        "size_bytes": report.size_bytes, "started_at": report.started_at,
        "ended_at": report.ended_at, "saved_at": report.saved_at, "end": report.end,
        "capacity": report.capacity, "lost": report.lost, "left_out": report.left_out,
        "remarks": report.remarks, "reader": report.reader, "vitals": report.vitals,
        "fd_trend": report.fd_trend, "panics": report.panics,
        // Its age changes all the time, and when it was does not.
        "last_panic": report.last_panic.as_ref().map(|last| json!({ "text": last.text, "at": last.at })),
        "unprobed_threads": report.unprobed_threads.as_ref().map(Vec::len),
    }))
}

fn unread(shown: &Shown) -> String {
    let row = &shown.row;
    text(&json!({
        "endpoint": shown.endpoint,
        "name": row.name, "pid": row.pid, "uid": row.uid, "owner": row.owner, "state": row.state,
        "verdict": row.verdict, "path": row.path, "size_bytes": row.size_bytes, "still": true,
        "unread": true,
    }))
}

fn of_kind(kind: &OpKind, oldest: Option<i64>) -> String {
    text(&json!({ "kind": kind.kind, "in_flight": kind.in_flight, "oldest_at_ms": oldest,
        "rates": kind.rates, "since_start": kind.since_start }))
}

fn of_queue(queue: &Queue, oldest: Option<i64>) -> String {
    text(&json!({ "name": queue.name, "depth": queue.depth, "depth_max": queue.depth_max,
        "oldest_at_ms": oldest, "arrivals": queue.arrivals, "completions": queue.completions,
        "removed": queue.removed, "rate_per_s": queue.rate_per_s, "rate_over_ns": queue.rate_over_ns,
        "wait_ns": queue.wait_ns.recent, "service_ns": queue.service_ns.recent,
        "utilization": queue.utilization }))
}

fn of_beat(beat: &Heartbeat, last: Option<i64>) -> String {
    text(&json!({ "name": beat.name, "every_ns": beat.every_ns, "last_at_ms": last,
        "count": beat.count, "overdue": beat.overdue }))
}

/// A load to a thousandth: more is noise, and would be said at every tick.
fn rounded(load: Option<f64>) -> Option<f64> {
    load.map(|load| (load * 1000.0).round() / 1000.0)
}

#[derive(Serialize)]
struct Thread<'a> {
    slot: usize,
    name: &'a Label,
    tid: u64,
    class: Option<&'static str>,
    file: &'a Option<Label>,
    line: Option<u32>,
    function: &'a Option<Label>,
    label: &'a Option<Label>,
    arg: Option<u64>,
    since_at_ms: Option<i64>,
    since_at_most: bool,
    standing: Option<&'static str>,
    stack: &'a [Place],
    trail: &'a [Place],
    load: [Option<f64>; 3],
    left: bool,
    stalled: bool,
    exists: Option<bool>,
    torn: bool,
    held_by: &'a Option<crate::model::Holder>,
    jobs: Option<u64>,
}

impl<'a> Thread<'a> {
    fn new(of: &'a ThreadReport, slot: usize, since_at_ms: Option<i64>) -> Self {
        Self {
            slot,
            name: &of.name,
            tid: of.tid,
            class: of.class,
            file: &of.file,
            line: of.line,
            function: &of.function,
            label: &of.label,
            arg: of.arg,
            since_at_ms,
            since_at_most: of.since_at_most,
            standing: of.standing,
            stack: &of.stack,
            trail: &of.trail,
            load: [of.load.s1, of.load.s10, of.load.s60].map(rounded),
            left: of.left,
            stalled: of.stalled,
            exists: of.exists,
            torn: of.torn,
            held_by: &of.held_by,
            jobs: of.jobs,
        }
    }
}

#[derive(Serialize)]
struct Operation<'a> {
    id: &'a str,
    kind: &'a Label,
    label: &'a Option<Label>,
    peer: &'a Option<Label>,
    sensitive: bool,
    parent: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    begun_at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_at_ms: Option<i64>,
    status: &'a Option<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_at_ms: Option<i64>,
    thread: &'a Option<Label>,
    tid: Option<u64>,
    working: bool,
    leaked: bool,
    file: &'a Option<Label>,
    line: Option<u32>,
    served: u64,
    cancellable: bool,
    cancelled: bool,
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ns: Option<u64>,
}

impl<'a> Operation<'a> {
    fn new(
        op: &'a Op,
        [begun_at_ms, active_at_ms, status_at_ms]: Moments,
        ended: Option<(Option<i64>, u64)>,
    ) -> Self {
        Self {
            id: &op.id,
            kind: &op.kind,
            label: &op.label,
            peer: &op.peer,
            sensitive: op.sensitive,
            parent: &op.parent,
            begun_at_ms,
            active_at_ms,
            status: &op.status,
            status_at_ms,
            thread: &op.thread,
            tid: op.tid,
            working: op.working,
            leaked: op.leaked,
            file: &op.file,
            line: op.line,
            served: op.served,
            cancellable: op.cancellable,
            cancelled: op.cancelled,
            outcome: op.outcome,
            ended_at_ms: ended.and_then(|(at, _)| at),
            took_ns: ended.map(|(_, took)| took),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::listed::Row;
    use crate::locate::Candidate;
    use crate::model::StatusTotal;

    /// Naively the second of two rows of a status took the place of the first.
    #[test]
    fn a_status_in_which_parts_run_is_a_piece_of_its_own() {
        let row = |in_parts: bool| StatusTotal {
            status: Label::from("run"),
            idle: false,
            in_parts,
            counted_ns: 0,
            in_flight: 0,
            oldest_ns: None,
            taken: 1,
            total_ns: 1,
        };
        let mut report = BoardReport::for_tests("d", 1);
        report.op_statuses = vec![row(true), row(false)];
        let (name, path) = ("d".to_owned(), std::path::PathBuf::from("/dev/shm/d.1.1"));
        let candidate = Candidate { name, pid: 1, start: 1, path, id: (1, 1), held: false };
        let shown = Shown::new(candidate, Row::of(report.clone(), 0), Some(report), false, Some(0));
        let keys: HashSet<Arc<str>> = of(&shown)[5].iter().map(|one| one.key.clone()).collect();
        assert_eq!(keys.len(), 2, "{keys:?}");
    }
}
