//! Numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::threads::Windows;
use crate::words::label::Label;

/// A counter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RatioTotal {
    /// Sum of numerators over sum of denominators; null over 0.
    pub value: Option<f64>,
    /// The time covered, ns.
    pub over_ns: u64,
}

/// A histogram.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// The same since the start, by bucket, for tools that keep many; in JSON quantiles say it in less room.
    #[serde(skip)]
    pub counts: Counts,
    /// Help.
    pub help: Option<Label>,
}

/// Values by the board's own bucket ([`probe::layout::bucket_span`]), those with any.
pub type Counts = Vec<(u16, u64)>;

/// Quantiles over one stretch of time. Each is the middle of a bucket, so within 1/32 of a value when it is
/// of all time (1/8 from 2^44 on), within 1/8 over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quantiles {
    /// Values recorded in that time. In JSON `recorded`: a histogram's `count` stands beside it.
    #[serde(rename = "recorded")]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Distribution {
    /// The last seconds; since the start where the board does not keep them (`over_ns` tells).
    #[serde(flatten)]
    pub recent: Quantiles,
    /// Since the start.
    pub since_start: Quantiles,
    /// Values from here on are not told apart: a quantile of this size means "this or more".
    pub limit: u64,
    /// Sum of the values since the start; in JSON beside it, where a histogram is a number of its own.
    #[serde(skip)]
    pub sum: u64,
    /// How many values since the start were below 4^k, at place k: exact, since the board's buckets meet there.
    /// For tools that keep buckets; in JSON quantiles say the same in less room.
    #[serde(skip)]
    pub below: [u64; POWERS],
}

/// Powers of 4 at which a [`Distribution`] counts: 4^0 to 4^22, in nanoseconds 4 h 53 min.
pub const POWERS: usize = 23;

/// A queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// The first of them by bucket, as of a histogram.
    #[serde(skip)]
    pub wait_counts: Counts,
    /// And the second.
    #[serde(skip)]
    pub service_counts: Counts,
    /// Mean load of the threads that serve it.
    pub utilization: Windows<Option<f64>>,
    /// Help.
    pub help: Option<Label>,
    /// Ids of the threads that took an item of it as the last thing that they took. Not in JSON.
    #[serde(skip)]
    pub served_by: Vec<u64>,
}

/// A periodic job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// Times that it ran within the last minute, and the time that they are counted over, ns: from a moment on at which it
    /// had run before. Not in JSON.
    #[serde(skip)]
    pub lately: Option<(u64, u64)>,
}

/// A long task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Name.
    pub name: Label,
    /// Done.
    pub done: u64,
    /// Of how many.
    pub total: u64,
    /// Unit.
    pub unit: Option<Label>,
    /// More was done in the last seconds; not in JSON.
    #[serde(skip)]
    pub advances: bool,
    /// It grew within the last so many ns, by the looks that are kept; not in JSON.
    #[serde(skip)]
    pub grew_ns: Option<u64>,
}
