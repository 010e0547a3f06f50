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
//! - Work: [`queue_arrive!`], [`queue_start!`], [`queue_complete!`], [`queue_leave!`], [`queue_pass!`], [`queue_head!`], [`busy!`].
//! - What is in flight: [`op!`], [`begin_op!`], [`op_async!`], [`op_status!`], [`op_asked!`].
//! - Who waits for whom: locks and channels of [`sync`], joins of [`mod@thread`], and as features of `parking_lot`, `crossbeam`
//!   and `tokio`; names by [`mutex!`] and [`rwlock!`].
//! - Existing code, without an edit: spans of `tracing` (feature `tracing`), requests of `tower` services
//!   (feature `tower`).
//! - The board: [`init!`], [`Config`], [`status`](fn@status), [`dump_on_signal`].
//!
//! # Libraries
//!
//! A library puts probes in for whoever makes a board: it calls no `init!` and sets no feature. One without `std` says
//! `default-features = false`; its probes are in when its program's are. The feature `std` carries [`init!`],
//! [`Config`], what they return, and the layers.
//!
//! # All macros
//!
//! A macro is a verb with the thing first and what is said of it behind: `verb!(THING, value)`. What belongs to a queue
//! or an operation has that in its name. `[…]` may be left out. Costs are on a registered thread; with probes out there
//! are none, and arguments are looked at and not evaluated.
//!
//! | macro | arguments | cost | when |
//! | --- | --- | --- | --- |
//! | [`init!`] | `"name" [, closure over Config]` | milliseconds, once | at the start, after daemonizing |
//! | [`metrics!`] | declarations | none | where numbers are declared |
//! | [`tag!`] | `[class,] [hits,] [group = "g",] ["label" [, argument]]` | 5 instructions | the thread is at this line |
//! | [`scope!`] | as `tag!` | 16 instructions | until the guard is dropped |
//! | [`scoped!`] | `future, …` as `tag!` | 16 instructions a poll | the position belongs to a future |
//! | [`count!`] | `COUNTER [, n]` | 5 instructions | something happened |
//! | [`set!`] | `GAUGE, level` | a store, a compare | a level is known |
//! | [`adjust!`] | `GAUGE, by` | an atomic add, a compare | a level moved |
//! | [`hold!`] | `GAUGE [, by]` | twice `adjust!` | a level is higher until the guard is dropped |
//! | [`record!`] | `HISTOGRAM, value` | two adds, a compare | a time or a size was measured |
//! | [`beat!`] | `HEARTBEAT` | a clock read, two stores | a periodic job ran |
//! | [`progress!`] | `PROGRESS, done, total` | two stores | a long task came so far |
//! | [`member!`] | `FAMILY, label` | slow: keep the handle | a label is known at run time |
//! | [`fact!`] | `"key", text` | slow | a text is worth knowing |
//! | [`now!`] | none | a clock read | one time for several events |
//! | [`busy!`] | none | two clock reads | the thread has work until the guard is dropped |
//! | [`queue_arrive!`] | `QUEUE [, now]` | a clock read, an atomic add | an item enters |
//! | [`queue_serve!`] | `QUEUE, arrived [, now]` | as the next two | its service, until the guard is dropped |
//! | [`queue_start!`] | `QUEUE, arrived [, now]` | a clock read, some stores | its service begins |
//! | [`queue_complete!`] | `QUEUE, started [, now]` | a clock read, some stores | its service ends |
//! | [`queue_leave!`] | `QUEUE [, n]` | an atomic add | items leave without service |
//! | [`queue_pass!`] | `QUEUE [, n]` | 5 instructions | items enter and leave at once: superseded, refused |
//! | [`queue_head!`] | `QUEUE, Option<Stamp>` | a store | another item is the oldest |
//! | [`op!`] | `"kind" [, sensitive] [, peer = p] [, parent = id] [, label]` | two clock reads, about 50 stores | an operation, until the guard is dropped |
//! | [`begin_op!`] | as `op!` | the same | one to be handed on |
//! | [`op_async!`] | `future, …` as `op!` | the same, and a little a poll | a future is one |
//! | [`op_status!`] | `[op,] [class,] "label"` | a clock read, 15 stores | it does something else |
//! | [`op_label!`] | `[op,] "format", …` | the formatting | more is known of it |
//! | [`op_peer!`] | `[op,] who` | the formatting | for whom it is, is known |
//! | [`op_trace!`] | `[op,] context` | a thread-local look and six stores | a trace of others' is known that it belongs to |
//! | [`op_asked!`] | none | a few loads | in long loops: was its end asked for? |
//! | [`mutex!`] | `"name", value` | none | a [`sync::Mutex`] with a name |
//! | [`rwlock!`] | `"name", value` | none | a [`sync::RwLock`] with a name |
//! | [`compute_here!`] | `value` | a trip through memory | a value must be computed on this side of a tag |
//!
//! # Reading a board
//!
//! With the feature `layout` the records of a board (`layout`) and the algorithms that read them
//! (`protocol`) are there also where probes are out. They are all that `inspect` uses.

#![cfg_attr(not(feature = "std"), no_std)]

mod macros;
mod number;
mod outcome;
mod trace;

#[cfg(any(feature = "layout", all(probe_can, any(debug_assertions, feature = "enable"))))]
mod atomics;
#[cfg(any(feature = "layout", all(probe_can, any(debug_assertions, feature = "enable"))))]
#[cfg_attr(not(feature = "layout"), doc(hidden))]
pub mod layout;
#[cfg(any(feature = "layout", all(probe_can, any(debug_assertions, feature = "enable"))))]
#[cfg_attr(not(feature = "layout"), doc(hidden))]
pub mod protocol;

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

#[cfg(feature = "crossbeam")]
pub mod crossbeam;
#[cfg(feature = "parking_lot")]
pub mod parking_lot;
#[cfg(feature = "std")]
pub mod sync;
#[cfg(feature = "std")]
pub mod thread;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub mod tracing;

pub use outcome::{Asked, Cancelled, Outcome};
pub use probe_macros::instrument;
pub use trace::TraceContext;

/// Whether this build has probes.
pub const ENABLED: bool = cfg!(all(probe_can, any(debug_assertions, feature = "enable")));
