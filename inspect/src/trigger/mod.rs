//! Conditions that a recording waits for: what they are written like, and when they hold.
//!
//! ```text
//! COND  = WHAT OP LIMIT | "ended"
//! WHAT  = "stalled" | "load" | "oldest"             any thread, thread, queue
//!       | ("stalled" | "load" | "oldest") "(" GLOB ")"   those of the name
//!       | "rate(" NAME ")"                          a counter's growth a second
//!       | NAME | "value(" NAME ")"                  a counter's or gauge's value
//! OP    = ">" | "<"                                 "stalled" and "oldest": ">" alone
//! LIMIT = a time for "stalled" and "oldest", percent for "load", else a number
//! ```

mod condition;
mod watch;

pub use condition::{Condition, What};
pub use watch::{Level, Watch};
pub(crate) use watch::{total, value};
