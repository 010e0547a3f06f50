//! Probes in: rooms, each of which uses only those below it.
//!
//! ```text
//! emit       what a macro becomes
//! adapters   others' ways: tracing, tower, a list on a signal
//! start      from a name to a board, fork, exit
//! keeper     one thread of our own
//! locks      who holds, who waits
//! describe   what a board says of itself
//! slots      a thread comes, and goes
//! ops        operations, from beginning to end
//! sites      probes in the source
//! numbers    what is declared, and counted
//! thread     what a thread knows of itself
//! board      a board's memory and its tables
//! ground     clock, limits, a line to the operator
//! ```

pub(crate) mod adapters;
mod board;
mod describe;
#[doc(hidden)]
pub mod emit;
pub(crate) mod ground;
mod keeper;
pub(crate) mod locks;
mod numbers;
pub(crate) mod ops;
mod sites;
mod slots;
mod start;
mod thread;

pub use adapters::dump::{dump_on, dump_on_signal};
pub use ground::clock::Stamp;
pub use ground::say::remarks;
pub use numbers::family::{CounterFamily, CounterMember, GaugeFamily, GaugeMember};
pub use numbers::fifo::Fifo;
pub use numbers::metric::{Counter, Gauge, Heartbeat, Histogram, Progress, Ratio};
pub use numbers::queue::{Busy, Queue, Serving};
pub use numbers::verbs::Held;
pub use ops::{Entered, Op, OpId, Operation, Tracked, TrackedCancellable};
pub use sites::scope::{Scope, Scoped};
pub use start::config::Config;
pub use start::end::note_panic;
pub use start::init::{Status, status};
