//! What a thread knows of itself.
//!
//! ```text
//! cursor   where it stands, where it counts      private  the same off the board
//! trail    its last tags, in order
//! ```

pub(crate) mod cursor;
pub(crate) mod private;
#[cfg(feature = "trail")]
pub(crate) mod trail;
