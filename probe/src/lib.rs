//! Look at a running daemon without touching it: the daemon's side.
#![doc = "TODO-LIB"]

mod macros;
mod number;

#[cfg(any(not(probe_off), feature = "layout"))]
pub mod layout;

mod off;
pub use off::*;

pub use probe_macros::instrument;

/// Whether this build has probes.
pub const ENABLED: bool = false;

#[doc(hidden)]
pub use off::private as __private;
