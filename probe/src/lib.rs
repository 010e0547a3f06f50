//! Look at a running daemon without touching it: the daemon's side.

mod macros;
mod number;

#[cfg(any(not(probe_off), feature = "layout"))]
pub mod layout;
#[cfg(any(not(probe_off), feature = "layout"))]
pub mod protocol;
#[cfg(any(not(probe_off), feature = "layout"))]
mod sync;

#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
mod on;
#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
#[doc(hidden)]
pub use on::emit as __private;
#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
pub use on::*;

#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
mod off;
#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
#[doc(hidden)]
pub use off::private as __private;
#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
pub use off::*;

pub use probe_macros::instrument;

/// Whether this build has probes.
pub const ENABLED: bool = cfg!(all(not(probe_off), any(debug_assertions, feature = "enable")));
