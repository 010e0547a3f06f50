//! One thread of our own, which writes what no hot path should.
//!
//! ```text
//! life         the thread, from start to exit   beat    one look: heartbeat and sums
//! ring         the last minute                  totals  of what is counted
//! watch        since when a thread stands there seconds the last seconds
//! descriptors  how many are open
//! ```

mod beat;
mod descriptors;
pub(crate) mod life;
pub(crate) mod ring;
mod seconds;
pub(crate) mod totals;
mod watch;
