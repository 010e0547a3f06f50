//! The board: where it may be, its memory, and that memory as typed tables.
//!
//! ```text
//! place    where a board may be              store    shared memory or a file
//! object   named shared memory, new
//! segment  the only casts                    tables   the board as typed tables
//! records  those made of parts               contents which sections there are
//! lost     what could not be recorded        trail_ring  a thread's last tags
//! sweep    boards of ended processes         earlier  the board of the image before an exec
//! ```

pub(crate) mod contents;
pub(crate) mod earlier;
pub(crate) mod lost;
mod object;
pub(crate) mod place;
pub(crate) mod records;
pub(crate) mod segment;
pub(crate) mod store;
pub(crate) mod sweep;
pub(crate) mod tables;
#[cfg(feature = "trail")]
pub(crate) mod trail_ring;
