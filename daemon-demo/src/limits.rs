//! What one connection, and all of them together, may use.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::metrics::CLIENT_BYTES;

/// Limits of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Largest key, value or other argument.
    pub(crate) bulk_bytes: usize,
    /// Most arguments of a command.
    pub(crate) arguments: usize,
    /// Largest request, and largest reply.
    pub(crate) request_bytes: usize,
    /// Unsent output at which a connection is not read any more.
    pub(crate) output_bytes: usize,
}

/// Memory of all connections' buffers together.
#[derive(Debug)]
pub(crate) struct ClientMemory {
    limit_bytes: usize,
    /// An account, not a lock: nothing is read because of it, so Relaxed.
    used_bytes: AtomicUsize,
}

impl ClientMemory {
    /// A connection with no more than this is never closed for lack of memory.
    pub(crate) const MODEST_BYTES: usize = 16 << 10;

    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, used_bytes: AtomicUsize::new(0) }
    }

    /// A connection's buffers grew or shrank.
    pub(crate) fn account(&self, before_bytes: usize, after_bytes: usize) {
        if before_bytes != after_bytes {
            self.used_bytes.fetch_add(after_bytes.wrapping_sub(before_bytes), Ordering::Relaxed);
            probe::adjust!(CLIENT_BYTES, signed(after_bytes) - signed(before_bytes));
        }
    }

    /// Whether a connection with so much may keep it.
    pub(crate) fn allows(&self, own_bytes: usize) -> bool {
        own_bytes <= Self::MODEST_BYTES
            || self.used_bytes.load(Ordering::Relaxed) <= self.limit_bytes
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
