//! Why operations of one kind are slow.

use serde::Serialize;

use crate::words::label::Label;

/// One answer of `ops --why-slow`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WhySlowDocument {
    /// Version of this form: 1.
    pub schema: u32,
    /// When it was made, RFC 3339 in UTC.
    pub taken_at: String,
    /// One for each board that has operations of that kind.
    pub why_slow: Vec<WhySlow>,
}

/// Where the time of a kind goes, of all and of the slowest tenth.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WhySlow {
    /// The board's name.
    pub board: Label,
    /// Its process.
    pub pid: u64,
    /// The kind.
    pub kind: Label,
    /// Operations that are known: in flight, or ended and still there.
    pub operations: u64,
    /// Those of them in flight, whose time goes on.
    pub in_flight: u64,
    /// The slowest tenth of them, at least one.
    pub slowest: u64,
    /// Half of them were at something for so long at least.
    pub median_ns: u64,
    /// Each of the slowest for so long at least.
    pub slowest_from_ns: u64,
    /// Statuses by line: what the slowest have most more of comes first. What is idle is left out.
    pub statuses: Vec<SlowStatus>,
}

/// A status, taken at a line.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SlowStatus {
    /// The status, or `(no status)` for the time before the first.
    pub status: Label,
    /// File of the line at which it was taken.
    pub file: Option<Label>,
    /// The line; null for what is older than an operation's history.
    pub line: Option<u32>,
    /// Of all of them.
    pub all: SlowPart,
    /// Of the slowest tenth.
    pub slowest: SlowPart,
}

/// A part of the time of some operations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SlowPart {
    /// Of all of their time at something, 0 to 1.
    pub share: f64,
    /// Of one of them on average, ns.
    pub mean_ns: u64,
}
