//! Others' ways to say what a program does, and to ask it.
//!
//! ```text
//! spans  of `tracing`        requests  of `tower` services        dump  a list on a signal
//! ```

pub(crate) mod dump;
#[cfg(feature = "tower")]
pub(crate) mod requests;
#[cfg(feature = "tracing")]
pub(crate) mod spans;
