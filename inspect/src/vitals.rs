//! How a process is doing, and its threads: what the kernel said of them.

use serde::{Deserialize, Serialize};

/// A thread of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// Thread id.
    pub tid: u32,
    /// Its name; empty when it was not asked for.
    pub name: String,
}

/// How the process is doing, whatever its board says. Absent where `/proc` does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Vitals {
    /// Processor time in percent of one processor, averaged over `cpu_pct_over_ns`: the last 10 to 20 s,
    /// where the daemon has a keeper or was looked at before, else since the process began.
    pub cpu_pct: Option<f64>,
    /// The time that `cpu_pct` is an average of.
    pub cpu_pct_over_ns: Option<u64>,
    /// The same since the process began.
    #[serde(default)]
    pub since_start: CpuTotal,
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open descriptors.
    pub fds: Option<u64>,
    /// Limit of open descriptors.
    pub fds_max: Option<u64>,
    /// TCP sockets by state; absent where `/proc` does not say, and for processes with more than
    /// [`SOCKETS_UP_TO`] descriptors, or on a host most of whose sockets are not the process's, where it is not cheap.
    pub sockets: Option<std::collections::BTreeMap<String, u64>>,
}

/// Processor time since a process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CpuTotal {
    /// In percent of one processor.
    pub cpu_pct: Option<f64>,
    /// Processor time, ns.
    pub cpu_ns: Option<u64>,
    /// Age of the process, ns.
    pub over_ns: Option<u64>,
}

/// A share of one processor in percent, to a tenth.
pub fn percent_of(ran_ns: u64, over_ns: u64) -> f64 {
    (ran_ns as f64 / over_ns.max(1) as f64 * 1000.0).round() / 10.0
}

/// Descriptors up to which sockets are sorted by state: a link is read for each of them.
pub const SOCKETS_UP_TO: usize = 65_536;

/// Sockets of others that are read through to find a process's own, and so many more for each that it has: the kernel
/// lists all of them at once, at about a microsecond each.
pub const OTHERS_SOCKETS: u64 = 5_000;
/// See [`OTHERS_SOCKETS`].
pub const OTHERS_SOCKETS_EACH: u64 = 4;
