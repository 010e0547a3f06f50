//! The commands: who runs for which name, and what is checked before. The table of them is handed in by whoever
//! serves.

pub(crate) mod counted;
mod debug;
mod keys;
pub(crate) mod name;
pub(crate) mod refusal;
pub(crate) mod run;
mod server;
pub(crate) mod spec;
mod strings;
pub(crate) mod table;
