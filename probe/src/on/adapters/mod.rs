//! Others' ways to say what a program does, and to ask it.
//!
//! ```text
//! spans  of `tracing`        requests  of `tower` services        polls  load, by these two
//! dump   a list on a signal
//! ```

pub(crate) mod dump;
#[cfg(any(feature = "tracing", feature = "tower"))]
mod polls;
#[cfg(feature = "tower")]
pub(crate) mod requests;
#[cfg(feature = "tracing")]
pub(crate) mod spans;
