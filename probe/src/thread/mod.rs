//! The standard library's threads, which show who waits for their end.
//!
//! `use probe::thread` for `use std::thread`: `spawn`, `Builder` and `JoinHandle` are wrapped, the rest is std's own. With
//! probes out all of it is.

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
#[path = "out.rs"]
mod which;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
#[path = "wrapped.rs"]
mod which;

pub use std::thread::*;

pub use which::{Builder, JoinHandle, spawn};
