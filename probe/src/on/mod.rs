//! Probes in.
//!
//! ```text
//! emit     what a macro becomes        site     one probe in the source
//! local    this thread's cursor        thread   a thread comes, goes, is told apart
//! scope    tags that nest              flow     queues and the threads that serve them
//! fifo     queues that know their head
//! metric   counters, gauges, …         family   members that come and go
//! fact     named texts                 clock    the cheapest stamp another process can read
//! init     from a name to a board      describe what a board says of itself
//! store    shared memory or a file     board    the board as typed tables
//! place    where a board may be         mounts   what may hang is known before it is touched
//! segment  the only casts              limits   what could kill while a board is made
//! say      a line on stderr that harms nobody
//! trail    the last tags, in order      ops      operations, from beginning to end
//! spread   a histogram over threads
//! keeper   the last minute             end      exit and panic
//! ours     whether a descriptor still is
//! stay     never unmapped
//! fork     the child's board           sweep    boards of the dead
//! dump     what is going on, on a signal
//! late     sites made at run time       spans    spans of `tracing`
//! windows  histograms a while ago        earlier the board of the image before an exec
//! requests  requests of `tower` services
//! ```

mod board;
mod clock;
mod config;
mod describe;
mod descriptors;
mod dump;
mod earlier;
pub mod emit;
mod end;
mod fact;
mod family;
mod fifo;
mod filter;
mod flow;
mod fork;
mod init;
mod keeper;
mod late;
mod limits;
mod local;
mod memory;
mod metric;
mod mounts;
mod ops;
mod ours;
mod place;
mod placed;
#[cfg(feature = "tower")]
mod requests;
mod say;
mod scope;
mod segment;
mod site;
#[cfg(feature = "tracing")]
mod spans;
mod spread;
mod stay;
mod store;
mod sweep;
mod thread;
#[cfg(feature = "trail")]
mod trail;
mod windows;

pub use clock::Stamp;
pub use config::Config;
#[cfg(any(feature = "tracing", feature = "tower"))]
pub(crate) use config::is_off;
pub use dump::{dump_on, dump_on_signal};
pub use end::note_panic;
pub use fact::Fact;
pub use family::{CounterFamily, CounterMember, GaugeFamily, GaugeMember};
pub use fifo::Fifo;
pub use flow::{Busy, Queue, Serving};
pub use init::{Status, status};
pub use metric::{Counter, Gauge, Heartbeat, Held, Histogram, Progress, Ratio};
pub use ops::{Entered, Kind, Label, Op, OpId, Operation, Spent, Tracked, TrackedCancellable};
pub use say::remarks;
pub use scope::{Scope, Scoped};
pub use site::{Function, Gate, Hits, Site};
