//! One board, and an answer of several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::descriptors::FdTrend;
use super::headline::Headline;
use super::numbers::{Counter, Gauge, Heartbeat, Histogram, Progress, Queue, Ratio};
use super::ops::{Op, OpKind, StatusTotal};
use super::threads::{LineReport, ThreadReport};
use super::waits::Waits;
use crate::liveness::State;
use crate::snapshot::Effort;
use crate::vitals::{Task, Vitals};
use crate::words::known::{self, Word};
use crate::words::label::Label;

/// One answer: every board that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// Version of this form: 1.
    pub schema: u32,
    /// When it was made, RFC 3339 in UTC.
    pub taken_at: String,
    /// The boards.
    pub boards: Vec<BoardReport>,
}

/// One board.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BoardReport {
    /// Board name.
    pub name: Label,
    /// Process id, in the writer's pid namespace.
    pub pid: u64,
    /// Effective user id of the writer.
    #[serde(default)]
    pub uid: u64,
    /// What the writer is doing.
    pub state: State,
    /// The same in words, with the reason.
    pub verdict: String,
    /// `major.minor`.
    pub layout_version: String,
    /// The run of the daemon, a number of its own.
    #[serde(default)]
    pub instance: u64,
    /// What was built.
    pub build: Option<Label>,
    /// Path of the program.
    pub program: Option<Label>,
    /// When the board was made, RFC 3339.
    pub started_at: String,
    /// The same, ns since 1970: what is so much younger began so much later.
    #[serde(skip)]
    pub started_wall_ns: u64,
    /// From the board's making to now, or to the last sign of life.
    pub uptime_ns: u64,
    /// Age of the keeper's last beat; null without a keeper.
    pub heartbeat_age_ns: Option<u64>,
    /// Where the board was found.
    pub path: String,
    /// Bytes.
    #[serde(default)]
    pub size_bytes: u64,
    /// The moment that all of this is of, by this host's wall clock, RFC 3339.
    pub seen_at: String,
    /// When the process ended, or gave its last sign of life; null while it lives.
    pub ended_at: Option<String>,
    /// What a person should read first.
    pub headline: Headline,
    /// Moment of saving, for a saved board.
    pub saved_at: Option<String>,
    /// How full the tables are.
    #[serde(default, deserialize_with = "known::keys")]
    pub capacity: BTreeMap<Word, Capacity>,
    /// What could not be recorded, by cause.
    #[serde(default, deserialize_with = "known::keys")]
    pub lost: BTreeMap<Word, u64>,
    /// Looks that the keeper skipped because it woke late.
    #[serde(default)]
    pub keeper_skipped: u64,
    /// How hard the board was to read.
    #[serde(default)]
    pub reader: Effort,
    /// Rows of each kind that the board says there are and that this view leaves out: there is a bound to what
    /// is kept of a board. Empty but for enormous ones.
    #[serde(default, deserialize_with = "known::keys")]
    pub left_out: BTreeMap<Word, u64>,
    /// Parts that could not be believed.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// How the process is doing, from `/proc`.
    pub vitals: Option<Vitals>,
    /// Open descriptors over its life, by the keeper's looks.
    pub fd_trend: Option<FdTrend>,
    /// Threads with a slot.
    #[serde(default)]
    pub threads: Vec<ThreadReport>,
    /// Threads without one.
    pub unprobed_threads: Option<Vec<Task>>,
    /// Panics so far, also those that were caught.
    #[serde(default)]
    pub panics: u64,
    /// What is known of the end.
    pub end: Option<End>,
    /// Lines that were passed by count, or at which a thread is.
    #[serde(default)]
    pub lines: Vec<LineReport>,
    /// Counters.
    #[serde(default)]
    pub counters: Vec<Counter>,
    /// Gauges.
    #[serde(default)]
    pub gauges: Vec<Gauge>,
    /// Ratios of counters.
    #[serde(default)]
    pub ratios: Vec<Ratio>,
    /// Histograms.
    #[serde(default)]
    pub histograms: Vec<Histogram>,
    /// Queues.
    #[serde(default)]
    pub queues: Vec<Queue>,
    /// Periodic jobs.
    #[serde(default)]
    pub heartbeats: Vec<Heartbeat>,
    /// Long tasks.
    #[serde(default)]
    pub progress: Vec<Progress>,
    /// Named texts.
    #[serde(default)]
    pub facts: BTreeMap<Label, Label>,
    /// Operations in flight, the oldest first.
    #[serde(default)]
    pub ops: Vec<Op>,
    /// Operations that ended and are still there, the last first: the last few of each thread, and the
    /// slowest of each kind.
    #[serde(default)]
    pub ended_ops: Vec<Op>,
    /// Operations by kind: in flight, and how they ended.
    #[serde(default)]
    pub op_kinds: Vec<OpKind>,
    /// Who waits for whom: threads, operations, locks, channels.
    #[serde(default)]
    pub waits: Waits,
    /// Time in each status over all operations.
    #[serde(default)]
    pub op_statuses: Vec<StatusTotal>,
    /// The last panic, also one that was caught.
    #[serde(default)]
    pub last_panic: Option<LastPanic>,
}

/// How full a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capacity {
    /// Records in use.
    pub used: u64,
    /// Records that fit.
    pub max: u64,
}

/// How the process ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct End {
    /// Its exit handlers ran and the code was 0.
    pub clean: bool,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// The last panic's message and place; [`BoardReport::last_panic`] tells how long before the end it was.
    pub panic: Option<Label>,
    /// When it ended, RFC 3339: as it said, or its last sign of life.
    pub at: Option<String>,
}

/// A panic. Who lives on has caught it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastPanic {
    /// Message and place.
    pub text: Label,
    /// Its thread's id, in the daemon's pid namespace; null where the daemon's library does not tell it.
    pub tid: Option<u64>,
    /// When, RFC 3339.
    pub at: String,
    /// How long ago, ns; of the dead, how long before their end.
    pub age_ns: u64,
}

#[cfg(test)]
impl BoardReport {
    /// A board of which nothing is known.
    pub(crate) fn for_tests(name: &str, started_wall_ns: u64) -> Self {
        Self {
            name: Label::from(name),
            pid: 1,
            uid: 0,
            state: State::Live,
            verdict: String::new(),
            layout_version: String::new(),
            instance: 7,
            build: None,
            program: None,
            started_at: String::new(),
            started_wall_ns,
            uptime_ns: 0,
            heartbeat_age_ns: None,
            path: String::new(),
            size_bytes: 0,
            seen_at: String::new(),
            ended_at: None,
            headline: Headline { severity: super::headline::Severity::Ok, text: String::new() },
            saved_at: None,
            capacity: BTreeMap::new(),
            lost: BTreeMap::new(),
            keeper_skipped: 0,
            reader: Effort::default(),
            left_out: BTreeMap::new(),
            remarks: Vec::new(),
            vitals: None,
            fd_trend: None,
            threads: Vec::new(),
            unprobed_threads: None,
            panics: 0,
            end: None,
            lines: Vec::new(),
            counters: Vec::new(),
            gauges: Vec::new(),
            ratios: Vec::new(),
            histograms: Vec::new(),
            queues: Vec::new(),
            heartbeats: Vec::new(),
            progress: Vec::new(),
            facts: BTreeMap::new(),
            ops: Vec::new(),
            ended_ops: Vec::new(),
            op_kinds: Vec::new(),
            waits: Waits::default(),
            op_statuses: Vec::new(),
            last_panic: None,
        }
    }

    /// So many operations of one kind ended well.
    pub(crate) fn ended(&mut self, ok: u64) {
        let since_start = super::ops::OpEnds { ok, ..Default::default() };
        let kind = Label::from("request");
        self.op_kinds =
            vec![OpKind { kind, in_flight: 0, oldest_ns: None, rates: None, since_start }];
    }
}
