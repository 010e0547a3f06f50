//! Conditions that a recording waits for: what they are written like, and when they hold.
//!
//! ```text
//! COND  = WHAT OP LIMIT | "ended"
//! WHAT  = "stalled" | "load" | "oldest" | "over"    any thread, thread, queue, operation
//!       | ("stalled" | "load" | "oldest" | "over") "(" GLOB ")"   those of the name, or the kind
//!       | "rate(" NAME ")"                          a counter's growth a second
//!       | NAME | "value(" NAME ")"                  a counter's or gauge's value
//! OP    = ">" | "<"                                 a time: ">" alone
//! LIMIT = a time for "stalled", "oldest" and "over", percent for "load", else a number
//! ```

mod condition;
mod watch;

pub use condition::{Condition, What};
pub use watch::{Excused, Level, Watch};
pub(crate) use watch::{total, value};
