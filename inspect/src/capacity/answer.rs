//! What is said of the capacity of a board: the JSON schema.

use serde::{Deserialize, Serialize};

use crate::words::known::{self, Word};
use crate::words::label::Label;

/// Every group of every board that was asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// Version of this form: 1.
    pub schema: u32,
    /// When it was made, RFC 3339 in UTC.
    pub taken_at: String,
    /// Queues and groups of workers, in the order of their boards and names.
    pub groups: Vec<Group>,
}

/// A value and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Range {
    /// The value.
    pub value: f64,
    /// Lower end; null where the spread is not known.
    pub low: Option<f64>,
    /// Upper end; null likewise.
    pub high: Option<f64>,
}

/// What waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum QueueState {
    /// Nothing has waited for longer than the target.
    Empty,
    /// Some have, and in between none had to.
    Bursty,
    /// In nine of ten stretches of 100 ms everybody has.
    Standing,
}

/// A queue with the threads that serve it, or threads that work without one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// Its board's name.
    pub board: Label,
    /// The board's process.
    pub pid: u64,
    /// The queue's name, or that of the threads without their number.
    pub name: Label,
    /// `queue` or `workers`.
    #[serde(deserialize_with = "known::word")]
    pub kind: Word,
    /// Threads that have served it and still live.
    pub servers: u64,
    /// Items ended a second, over `over_ns`.
    pub throughput: Option<f64>,
    /// Busy share of the servers' time, 0 to 1, over `over_ns`.
    pub utilization: Option<f64>,
    /// Busy time of a server for each item, ns, over `over_ns`.
    pub demand_ns: Option<f64>,
    /// Where busy periods have a fixed part: that, ns.
    pub demand_fixed_ns: Option<f64>,
    /// And the part of each item, ns.
    pub demand_item_ns: Option<f64>,
    /// Items a second beyond which the queue grows for ever.
    pub saturation: Option<Range>,
    /// Saturation and headroom are lower bounds: it takes at least as much, and how much more is not known.
    #[serde(default)]
    pub at_least: bool,
    /// Saturation over throughput: it takes so many times the present load. Null of what has no present load: of a
    /// board whose process is dead or stopped, and where nothing ends.
    pub headroom: Option<f64>,
    /// Its 95 % interval: low end.
    #[serde(default)]
    pub headroom_low: Option<f64>,
    /// High end.
    #[serde(default)]
    pub headroom_high: Option<f64>,
    /// What waits; null for workers without a queue.
    pub queue: Option<QueueState>,
    /// Waiting above which an item has waited, ns.
    pub queue_target_ns: Option<u64>,
    /// Mean length of the queue over what arrivals and waiting times make of it, less 1; null where too little
    /// waited to tell.
    pub littles_law_error: Option<f64>,
    /// The difference is more than chance makes of it: the daemon's own data contradict each other.
    pub littles_law_holds: Option<bool>,
    /// The time that throughput, utilization and demand cover, ns.
    pub over_ns: Option<u64>,
    /// The time for which somebody looked again and again, ns; null by one look.
    pub looked_ns: Option<u64>,
    /// The time of which the model is, ns: busy periods are counted while somebody looks, the rest is `over_ns`.
    #[serde(default)]
    pub model_over_ns: Option<u64>,
    /// The load, or what an item takes, changed so long before the last look, ns; all numbers are of the time since.
    #[serde(default)]
    pub changed_ago_ns: Option<u64>,
    /// Items ended a second before that.
    #[serde(default)]
    pub throughput_before: Option<f64>,
    /// Share of the looks at servers with a job in hand that found them at a wait, 0 to 1.
    #[serde(default)]
    pub waiting_share: Option<f64>,
    /// What most of those waited for: `lock`, `channel`, `condvar`, `join`, or `outside` by their tags.
    #[serde(default, deserialize_with = "known::maybe")]
    pub waiting_what: Option<Word>,
    /// And its name.
    #[serde(default)]
    pub waiting_for: Option<Label>,
    /// By which model the saturation was foretold, or why it was not.
    pub model: String,
}

/// One answer of several boards' groups.
pub fn together(groups: impl IntoIterator<Item = Vec<Group>>, taken_at: String) -> Answer {
    Answer { schema: 1, taken_at, groups: groups.into_iter().flatten().collect() }
}
