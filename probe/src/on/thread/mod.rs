//! What a thread knows of itself.
//!
//! ```text
//! local    its place, in thread-local memory    place    what a place is made of
//! cursor   where it stands                      nest     scopes that nest
//! line     a line to come back to               shard    its counters
//! private  a place off the board                registrar  who gives it a place
//! trail    its last tags, in order              note     noting one
//! ```
//!
//! Here a probe is a word, the tag that names it: what else it is stands above.

pub(crate) mod cursor;
pub(crate) mod line;
pub(crate) mod local;
pub(crate) mod nest;
#[cfg(feature = "trail")]
pub(crate) mod note;
pub(crate) mod place;
pub(crate) mod private;
pub(crate) mod registrar;
pub(crate) mod shard;
#[cfg(feature = "trail")]
pub(crate) mod trail;
