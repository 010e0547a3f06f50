//! Is the writer of a board alive? Several witnesses, one verdict; each alone has been shown wrong.
//!
//! ```text
//! witness   what each of them can say, and why one could say nothing
//! pulse     the heartbeat: does it move between two looks?
//! evidence  asks them, the dear ones only when their answer can change the verdict
//! state     what it does, what is proved
//! table     all of what they can say together, row by row, and what it means
//! ```

#[cfg(target_os = "linux")]
mod evidence;
mod pulse;
mod state;
mod table;
mod witness;

#[cfg(target_os = "linux")]
pub use evidence::{Asking, Evidence};
pub use pulse::Memory;
pub use state::{Proof, State};
pub use table::{Row, TABLE, judge, markdown, row_of};
pub use witness::{Beat, Process, Seen, Unseen, Witness};
