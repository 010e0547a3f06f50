//! What two looks at a process's threads and limits came to.

use std::collections::BTreeMap;

/// Times of one thread between the looks, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// On a processor.
    pub ran_ns: u64,
    /// Ready, and waiting for one.
    pub waited_ns: u64,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Between the looks, ns; 0 where nothing was seen.
    pub over_ns: u64,
    /// By thread id.
    pub threads: BTreeMap<u64, Ran>,
    /// The time that its control group was throttled, ns.
    pub throttled_ns: Option<u64>,
    /// Memory of the tightest control group: in use and the limit, bytes.
    pub memory: Option<(u64, u64)>,
    /// What could not be seen.
    pub not_known: Vec<String>,
}
