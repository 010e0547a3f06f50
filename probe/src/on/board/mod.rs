//! The board: where it may be, its memory, and that memory as typed tables.
//!
//! ```text
//! place    where a board may be            store   shared memory or a file
//! segment  the only casts                  tables  the board as typed tables
//! sweep    boards of ended processes       earlier the board of the image before an exec
//! ```

pub(crate) mod earlier;
pub(crate) mod place;
pub(crate) mod segment;
pub(crate) mod store;
pub(crate) mod sweep;
pub(crate) mod tables;
