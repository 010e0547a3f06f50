//! The slots of a board: a thread comes, is told apart, and goes.
//!
//! ```text
//! register  a thread comes, and goes         take    a slot, taken and filled
//! held      who holds which                  mode    board, none, or one to come
//! exit      noticing a thread's end          kernel  ids and names of threads
//! ```

mod exit;
pub(crate) mod held;
mod kernel;
pub(crate) mod mode;
pub(crate) mod register;
mod take;
