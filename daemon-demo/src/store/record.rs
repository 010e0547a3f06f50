//! One record, and what can happen to it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tables of a store: the databases that SELECT knows.
pub(crate) const TABLES: usize = 16;

/// A value with its time to live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The bytes; shared, so that a copy taken under a lock is cheap.
    pub(crate) value: Arc<[u8]>,
    /// Milliseconds of the UNIX epoch at which the record ends; 0 is never.
    pub(crate) expires_ms: u64,
}

impl Record {
    /// Whether the record still counts at `now_ms`.
    pub(crate) fn is_live(&self, now_ms: u64) -> bool {
        self.expires_ms == 0 || self.expires_ms > now_ms
    }
}

/// What a job does to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// The record is now this.
    Put(Record),
    /// The record is gone.
    Delete,
}

impl Update {
    /// Memory that the update holds while it waits, its key included; an estimate of what the maps add.
    pub(crate) fn bytes(&self, key: &[u8]) -> usize {
        const OVERHEAD: usize = 96;
        OVERHEAD
            + key.len()
            + match self {
                Self::Put(record) => record.value.len(),
                Self::Delete => 0,
            }
    }
}

/// Milliseconds of the UNIX epoch: times to live outlast the process, so they are wall-clock times.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
