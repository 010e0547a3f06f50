//! What is said of a board: JSON schema 1, as structs. Absent values are `null`, never 0; times are
//! nanoseconds and say so in their names.

mod ops;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::liveness::State;
use crate::proc::{Task, Vitals};
use crate::snapshot::{Effort, Label};
pub use ops::{Op, OpEnds, OpKind, OpRates, OpStatus, OpTotal, StatusTotal};

/// One answer: every board that was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// Version of this form: 1.
    pub schema: u32,
    /// When it was made, RFC 3339 in UTC.
    pub taken_at: String,
    /// The boards.
    pub boards: Vec<BoardReport>,
}

/// One board.
#[derive(Clone, Debug, Serialize)]
pub struct BoardReport {
    /// Board name.
    pub name: Label,
    /// Process id, in the writer's pid namespace.
    pub pid: u64,
    /// Effective user id of the writer.
    pub uid: u64,
    /// What the writer is doing.
    pub state: State,
    /// The same in words, with the reason.
    pub verdict: String,
    /// `major.minor`.
    pub layout_version: String,
    /// The run of the daemon, a number of its own.
    pub instance: u64,
    /// What was built.
    pub build: Option<Label>,
    /// Path of the program.
    pub program: Option<Label>,
    /// When the board was made, RFC 3339.
    pub started_at: String,
    /// From the board's making to now, or to the last sign of life.
    pub uptime_ns: u64,
    /// Age of the keeper's last beat; null without a keeper.
    pub heartbeat_age_ns: Option<u64>,
    /// Where the board was found.
    pub path: String,
    /// Bytes.
    pub size_bytes: u64,
    /// The moment that all of this is of, by this host's wall clock, RFC 3339.
    pub seen_at: String,
    /// When the process ended, or gave its last sign of life; null while it lives.
    pub ended_at: Option<String>,
    /// What a person should read first.
    pub headline: crate::derive::headline::Headline,
    /// Moment of saving, for a saved board.
    pub saved_at: Option<String>,
    /// How full the tables are.
    pub capacity: BTreeMap<&'static str, Capacity>,
    /// What could not be recorded, by cause.
    pub lost: BTreeMap<&'static str, u64>,
    /// Looks that the keeper skipped because it woke late.
    pub keeper_skipped: u64,
    /// How hard the board was to read.
    pub reader: Effort,
    /// Rows of each kind that the board says there are and that this view leaves out: there is a bound to what
    /// is kept of a board. Empty but for enormous ones.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Parts that could not be believed.
    pub remarks: Vec<String>,
    /// How the process is doing, from `/proc`.
    pub vitals: Option<Vitals>,
    /// Open descriptors over its life, by the keeper's looks.
    pub fd_trend: Option<crate::derive::descriptors::FdTrend>,
    /// Threads with a slot.
    pub threads: Vec<ThreadReport>,
    /// Threads without one.
    pub unprobed_threads: Option<Vec<Task>>,
    /// Panics so far, also those that were caught.
    pub panics: u64,
    /// What is known of the end.
    pub end: Option<End>,
    /// Lines that were passed by count, or at which a thread is.
    pub lines: Vec<LineReport>,
    /// Counters.
    pub counters: Vec<Counter>,
    /// Gauges.
    pub gauges: Vec<Gauge>,
    /// Ratios of counters.
    pub ratios: Vec<Ratio>,
    /// Histograms.
    pub histograms: Vec<Histogram>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Periodic jobs.
    pub heartbeats: Vec<Heartbeat>,
    /// Long tasks.
    pub progress: Vec<Progress>,
    /// Named texts.
    pub facts: BTreeMap<Label, Label>,
    /// Operations in flight, the oldest first.
    pub ops: Vec<Op>,
    /// Operations that ended and are still there, the last first: the last few of each thread, and the
    /// slowest of each kind.
    pub ended_ops: Vec<Op>,
    /// Operations by kind: in flight, and how they ended.
    pub op_kinds: Vec<OpKind>,
    /// Time in each status over all operations.
    pub op_statuses: Vec<StatusTotal>,
}

/// How full a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// Records in use.
    pub used: u64,
    /// Records that fit.
    pub max: u64,
}

/// A value for each of the three windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Windows<T> {
    /// Over 1 s.
    #[serde(rename = "1s")]
    pub s1: T,
    /// Over 10 s.
    #[serde(rename = "10s")]
    pub s10: T,
    /// Over 60 s.
    #[serde(rename = "60s")]
    pub s60: T,
}

/// One place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Source file, as the compiler saw it.
    pub file: Option<Label>,
    /// Line.
    pub line: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label, or `unknown site 0x…`.
    pub label: Option<Label>,
    /// Argument.
    pub arg: Option<u64>,
}

/// Who holds what a thread waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Thread name.
    pub thread: Label,
    /// Thread id.
    pub tid: u64,
    /// File of the scope that it holds.
    pub file: Option<Label>,
    /// Line of that scope.
    pub line: Option<u32>,
}

/// One thread.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadReport {
    /// Name, as the kernel has it.
    pub name: Label,
    /// Thread id, in the writer's pid namespace.
    pub tid: u64,
    /// `work`, `wait` or `idle`.
    pub class: Option<&'static str>,
    /// Source file.
    pub file: Option<Label>,
    /// Line.
    pub line: Option<u32>,
    /// Column.
    pub column: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label, or `unknown site 0x…`.
    pub label: Option<Label>,
    /// Argument.
    pub arg: Option<u64>,
    /// Every look since then found it here: a bound, since a loop through one place looks the same.
    pub since_ns: Option<u64>,
    /// The keeper has not looked since it came here: `since_ns` is then at most, not at least.
    pub since_at_most: bool,
    /// The last tags, the newest first; empty when the daemon keeps no trails.
    pub trail: Vec<Place>,
    /// Outermost first.
    pub stack: Vec<Place>,
    /// Share of time at work.
    pub load: Windows<Option<f64>>,
    /// The time that each load really covers.
    pub load_covered_ns: Windows<Option<u64>>,
    /// It is in no scope and at no line: file, line and label are of what it did last, and it has no class.
    pub left: bool,
    /// Not idle, and unmoved for a second.
    pub stalled: bool,
    /// Whether the process still has this thread; null when `/proc` does not say.
    pub exists: Option<bool>,
    /// Its frames changed at every try: the position is not known.
    pub torn: bool,
    /// Who holds what it waits for.
    pub held_by: Option<Holder>,
    /// Jobs finished, when it ever held one.
    pub jobs: Option<u64>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineReport {
    /// Source file, as the compiler saw it.
    pub file: Option<Label>,
    /// Line.
    pub line: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label.
    pub label: Option<Label>,
    /// `work`, `wait` or `idle`.
    pub class: Option<&'static str>,
    /// Passes since the board was made; null where they are not counted.
    pub hits: Option<u64>,
    /// Threads that are there.
    pub threads: u64,
}

/// How the process ended.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    /// Its exit handlers ran and the code was 0.
    pub clean: bool,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// The last panic's message and place.
    pub panic: Option<Label>,
    /// When, RFC 3339.
    pub at: Option<String>,
}

/// A counter.
#[derive(Clone, Debug, Serialize)]
pub struct Counter {
    /// Name.
    pub name: Label,
    /// Labels of a family member.
    pub labels: BTreeMap<Label, Label>,
    /// Total.
    pub value: u64,
    /// Growth a second over `rate_over_ns`.
    pub rate_per_s: Option<f64>,
    /// The time that the rate covers.
    pub rate_over_ns: Option<u64>,
    /// Unit.
    pub unit: Option<Label>,
    /// Help.
    pub help: Option<Label>,
}

/// A gauge.
#[derive(Clone, Debug, Serialize)]
pub struct Gauge {
    /// Name.
    pub name: Label,
    /// Labels of a family member.
    pub labels: BTreeMap<Label, Label>,
    /// Level.
    pub value: i64,
    /// Highest level so far.
    pub max: i64,
    /// Unit.
    pub unit: Option<Label>,
    /// Help.
    pub help: Option<Label>,
}

/// A ratio of counters.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// Name.
    pub name: Label,
    /// Growth of the numerators over growth of the denominators within `value_over_ns`; null over 0.
    pub value: Option<f64>,
    /// The time that the value covers.
    pub value_over_ns: Option<u64>,
    /// The same of the totals.
    pub since_start: RatioTotal,
    /// Counters above the line.
    pub numerator: Vec<Label>,
    /// Counters below the line.
    pub denominator: Vec<Label>,
    /// Help.
    pub help: Option<Label>,
}

/// A ratio since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RatioTotal {
    /// Sum of numerators over sum of denominators; null over 0.
    pub value: Option<f64>,
    /// The time covered, ns.
    pub over_ns: u64,
}

/// A histogram.
#[derive(Clone, Debug, Serialize)]
pub struct Histogram {
    /// Name.
    pub name: Label,
    /// Labels of a family member.
    pub labels: BTreeMap<Label, Label>,
    /// Unit.
    pub unit: Option<Label>,
    /// Values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// Their distribution.
    #[serde(flatten)]
    pub values: Distribution,
    /// Help.
    pub help: Option<Label>,
}

/// Quantiles over one stretch of time. Each is the middle of a bucket, so within 1/32 of a value when it is
/// of all time, within 1/8 over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Values recorded in that time.
    pub count: u64,
    /// Median; null when nothing was recorded in that time.
    pub p50: Option<u64>,
    /// 90 % are at most this.
    pub p90: Option<u64>,
    /// 99 % are at most this.
    pub p99: Option<u64>,
    /// 99.9 % are at most this.
    pub p999: Option<u64>,
    /// Highest: exact since the start, else the upper end of its bucket.
    pub max: Option<u64>,
    /// The time covered, ns; null when there is no such histogram.
    pub over_ns: Option<u64>,
}

/// A distribution of values: over the last 10 to 20 s, and since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// The last seconds; since the start where the board does not keep them (`over_ns` tells).
    #[serde(flatten)]
    pub recent: Quantiles,
    /// Since the start.
    pub since_start: Quantiles,
    /// Values from here on are not told apart: a quantile of this size means "this or more".
    pub limit: u64,
}

/// A queue.
#[derive(Clone, Debug, Serialize)]
pub struct Queue {
    /// Name.
    pub name: Label,
    /// Items waiting.
    pub depth: u64,
    /// Highest depth so far.
    pub depth_max: u64,
    /// Age of the item at the head; null when the queue is empty or does not say.
    pub oldest_age_ns: Option<u64>,
    /// Items that entered.
    pub arrivals: u64,
    /// Items whose service began.
    pub starts: u64,
    /// Items that left without service.
    pub removed: u64,
    /// Items whose service ended.
    pub completions: u64,
    /// Completions a second over `rate_over_ns`.
    pub rate_per_s: Option<f64>,
    /// The time that the rate covers.
    pub rate_over_ns: Option<u64>,
    /// From arrival to start.
    pub wait_ns: Distribution,
    /// From start to completion.
    pub service_ns: Distribution,
    /// Mean load of the threads that serve it.
    pub utilization: Windows<Option<f64>>,
    /// Help.
    pub help: Option<Label>,
}

/// A periodic job.
#[derive(Clone, Debug, Serialize)]
pub struct Heartbeat {
    /// Name.
    pub name: Label,
    /// How often it should run.
    pub every_ns: u64,
    /// Since it last ran; null before the first time.
    pub age_ns: Option<u64>,
    /// Times it ran.
    pub count: u64,
    /// Later than twice its period.
    pub overdue: bool,
    /// Help.
    pub help: Option<Label>,
}

/// A long task.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    /// Name.
    pub name: Label,
    /// Done.
    pub done: u64,
    /// Of how many.
    pub total: u64,
    /// Unit.
    pub unit: Option<Label>,
}
