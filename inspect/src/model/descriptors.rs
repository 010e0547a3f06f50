//! Open descriptors.

use serde::{Deserialize, Serialize};

/// Open descriptors over the life of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FdTrend {
    /// The least of each stretch, the first first.
    pub least: Vec<u64>,
    /// Length of a stretch.
    pub stretch_ns: u64,
    /// The least grew from stretch to stretch: a leak, most likely.
    pub growing: bool,
}
