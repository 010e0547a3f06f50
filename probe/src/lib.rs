//! Look at a running daemon without touching it: the daemon's side.
//!
//! At interesting points a daemon writes one word into its thread's slot of a shared-memory *board*: which
//! source line it is at. Counters, gauges, queues, loads and heartbeats stand there too. A separate
//! program, `inspect`, maps the board read-only and shows it, while the daemon runs, hangs, or after
//! it died. Probes never wait, allocate, panic or print, and a plain release build holds none of them.
//!
//! ```
//! probe::metrics! {
//!     /// Requests answered.
//!     pub counter ANSWERED = "answered", "requests";
//! }
//!
//! # #[derive(Clone, Copy)] struct Request { id: u64 }
//! # fn answer(_: Request) {}
//! # fn next() -> Option<Request> {
//! #     use std::sync::atomic::{AtomicU64, Ordering};
//! #     static LEFT: AtomicU64 = AtomicU64::new(3);
//! #     let id = LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).ok()?;
//! #     Some(Request { id })
//! # }
//! # fn main() {
//! probe::init!("mydaemon");
//! loop {
//!     probe::tag!(idle, "wait for a request");
//!     let Some(request) = next() else { break };
//!     let _scope = probe::scope!("answer", request.id);
//!     answer(request);
//!     probe::count!(ANSWERED);
//! }
//! # }
//! ```
//!
//! - Where a thread is: [`tag!`], [`scope!`], [`scoped!`], [`macro@instrument`].
//! - Numbers: [`metrics!`] declares them; [`count!`], [`set!`], [`adjust!`], [`record!`], [`beat!`],
//!   [`progress!`], [`member!`] and [`fact!`] change them.
//! - Work: [`arrive!`], [`start!`], [`complete!`], [`leave!`], [`head!`], [`busy!`].
//! - What is in flight: [`op!`], [`begin_op!`], [`op_async!`], [`status!`], [`asked!`].
//! - Existing code, without an edit: spans of `tracing` (feature `tracing`), requests of `tower` services
//!   (feature `tower`).
//! - The board: [`init!`], [`Config`], [`status`](fn@status), [`dump_on_signal`].
//!
//! # Reading a board
//!
//! With the feature `layout` the records of a board (`layout`) and the algorithms that read them
//! (`protocol`) are there also where probes are out. They are all that `inspect` uses.

mod macros;
mod number;
mod outcome;

#[cfg(any(feature = "layout", all(probe_can, any(debug_assertions, feature = "enable"))))]
#[cfg_attr(not(feature = "layout"), doc(hidden))]
pub mod layout;
#[cfg(any(feature = "layout", all(probe_can, any(debug_assertions, feature = "enable"))))]
#[cfg_attr(not(feature = "layout"), doc(hidden))]
pub mod protocol;
#[cfg(any(feature = "layout", all(probe_can, any(debug_assertions, feature = "enable"))))]
mod sync;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod on;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
#[doc(hidden)]
pub use on::emit as __private;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub use on::*;

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
mod off;
#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
#[doc(hidden)]
pub use off::private as __private;
#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub use off::*;

#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub mod tracing;

pub use outcome::{Asked, Cancelled, Outcome};
pub use probe_macros::instrument;

/// Whether this build has probes.
pub const ENABLED: bool = cfg!(all(probe_can, any(debug_assertions, feature = "enable")));
