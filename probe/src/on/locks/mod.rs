//! Locks that show themselves: who holds one, who waits for it, since when.
//!
//! ```text
//! watched  what stands beside a lock      wait   one wait, from beginning to end
//! shared   what a thread holds shared     place  where locks are made and waited for
//! table    the records                me     this thread as a holder
//! ends     who is at a channel        future one that waits
//! holders  who holds what several may
//! ```

pub(crate) mod ends;
#[cfg(feature = "tokio")]
pub(crate) mod future;
#[cfg(feature = "tokio")]
pub(crate) mod holders;
mod me;
mod place;
pub(crate) mod shared;
pub(crate) mod table;
pub(crate) mod wait;
pub(crate) mod watched;
