//! From a name to a board, and what is left of it: at an exit, in a panic, in a forked child.
//!
//! ```text
//! config  what a daemon asks for                        init  from a name to a board
//! environment  what its environment asks for
//! fork    the child's board                             end   exit and panic
//! remarks  what `probe` has to say, also on the board
//! process_context  what profilers of others find
//! ```

pub(crate) mod config;
pub(crate) mod end;
mod environment;
pub(crate) mod fork;
pub(crate) mod init;
mod process_context;
pub(crate) mod remarks;
