//! Operations.

use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::words::known::{self, Word};
use crate::words::label::Label;

/// An operation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Op {
    /// Its record and generation: no other operation of this process ever has it.
    pub id: String,
    /// Kind.
    pub kind: Label,
    /// What it is called; null when nothing was said, or it is not to be seen.
    pub label: Option<Label>,
    /// The label was longer.
    pub label_cut: bool,
    /// The peer was longer.
    pub peer_cut: bool,
    /// The label was called sensitive and is not on the board.
    pub sensitive: bool,
    /// Whom it is for.
    pub peer: Option<Label>,
    /// Id of the operation that it is part of.
    pub parent: Option<String>,
    /// Its place in a trace that others began: said of it, or of what it is part of; null when of neither.
    pub trace: Option<Box<OpTrace>>,
    /// From its beginning to now, or to its end.
    pub age_ns: u64,
    /// Since it last rested, in a status that is idle, or since its beginning; null while it rests.
    pub active_ns: Option<u64>,
    /// Current status, or the last.
    pub status: Option<Label>,
    /// Its program says what it does: not so of a span without a status, which may wait for whatever it likes.
    pub told: bool,
    /// Time in it.
    pub status_age_ns: Option<u64>,
    /// Thread that works on it, or did last.
    pub thread: Option<Label>,
    /// That thread's id.
    pub tid: Option<u64>,
    /// Some thread works on it: a future is being polled.
    pub working: bool,
    /// Since it was last taken up or let go, to 50 ms; null after its end.
    pub turned_ns: Option<u64>,
    /// It is carried by a future.
    pub future: bool,
    /// Its thread is gone, or nobody has polled it for a minute.
    pub leaked: bool,
    /// File where it is: its thread's, else the last status's, else where it began.
    pub file: Option<Label>,
    /// Line of that.
    pub line: Option<u32>,
    /// File where it began.
    pub begun_file: Option<Label>,
    /// Line of that.
    pub begun_line: Option<u32>,
    /// What it served.
    pub served: u64,
    /// It can be cancelled.
    pub cancellable: bool,
    /// It was asked to, or ended so.
    pub cancelled: bool,
    /// `ok`, `error`, `cancelled` or `panicked`; null while it is in flight.
    #[serde(default, deserialize_with = "known::maybe")]
    pub outcome: Option<Word>,
    /// Since it ended; null while it is in flight.
    pub ended_ago_ns: Option<u64>,
    /// Time in each status; rare ones share `(others)`.
    pub totals: Vec<OpTotal>,
    /// The last statuses, the oldest of them first.
    pub history: Vec<OpStatus>,
}

/// The place of an operation in a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct OpTrace {
    /// Id of the trace, 32 hexadecimal digits.
    pub trace_id: String,
    /// Id of the operation's own span, 16 digits: wherever it is exported, it has this one.
    pub span_id: String,
    /// The span that it is part of, 16 digits: the caller's, or that of the operation that it is part of; null when
    /// the trace alone is known.
    pub parent_span_id: Option<String>,
    /// That span is the caller's, beyond this process or in another library's hands.
    pub remote: bool,
    /// Those who began the trace keep it.
    pub sampled: bool,
}

/// A status that an operation went through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct OpStatus {
    /// The status.
    pub status: Label,
    /// `work`, `wait` or `idle`; null when its site is not known.
    #[serde(default, deserialize_with = "known::maybe")]
    pub class: Option<Word>,
    /// From the operation's beginning.
    pub at_ns: u64,
    /// How long, up to now for the current one.
    pub for_ns: u64,
    /// Where in the source.
    pub place: Option<Place>,
}

/// Time of an operation in one status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpTotal {
    /// The status.
    pub status: Label,
    /// Time in it.
    pub ns: u64,
}

/// Time of all operations in one status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusTotal {
    /// The status.
    pub status: Label,
    /// It is idle: nothing is being done in it.
    pub idle: bool,
    /// Operations in it have parts of their own in flight.
    pub in_parts: bool,
    /// What of `total_ns` counts in a share of the time of all: nothing of what is idle, and of what has parts
    /// only what these do not tell by statuses of their own.
    pub counted_ns: u64,
    /// Operations in it now.
    pub in_flight: u64,
    /// The longest of those.
    pub oldest_ns: Option<u64>,
    /// Times that it was taken, ever.
    pub taken: u64,
    /// Time in it, ever.
    pub total_ns: u64,
}

/// Operations of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpKind {
    /// The kind.
    pub kind: Label,
    /// Operations in flight.
    pub in_flight: u64,
    /// Age of the oldest of those.
    pub oldest_ns: Option<u64>,
    /// How many ended in which way a second, lately.
    pub rates: Option<OpRates>,
    /// How many did, ever.
    pub since_start: OpEnds<u64>,
}

/// How many operations ended in which way a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpRates {
    /// In each way.
    #[serde(flatten)]
    pub per_s: OpEnds<f64>,
    /// The time that it covers: as for quantiles, the last 10 to 20 s.
    pub over_ns: u64,
}

/// Something of each way in which an operation ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpEnds<T> {
    /// As it should.
    pub ok: T,
    /// As an error.
    pub error: T,
    /// Given up.
    pub cancelled: T,
    /// By a panic.
    pub panicked: T,
}
