//! Is the writer of a board alive? Several witnesses, one verdict; each alone has been shown wrong.
//!
//! ```text
//! witness   what each of them can say, and why one could say nothing
//! pulse     the heartbeat: does it move between two looks?
//! evidence  asks them, the dear ones only when their answer can change the verdict
//! table     all of what they can say together, row by row, and what it means
//! ```

mod evidence;
mod pulse;
mod table;
mod witness;

use serde::{Deserialize, Serialize};

pub use evidence::{Asking, Evidence};
pub use pulse::Memory;
pub use table::{Row, TABLE, judge, markdown, row_of};
pub use witness::{Beat, Process, Seen, Unseen, Witness};

/// What the writer of a board is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It runs.
    Live,
    /// It exists and is held: by SIGSTOP or a debugger.
    Stopped,
    /// It is gone for good.
    Dead,
    /// Nothing here can tell, or the board may not be read.
    Unreachable,
}

impl State {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stopped => "stopped",
            Self::Dead => "dead",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether the process exists.
    pub fn exists(self) -> bool {
        matches!(self, Self::Live | Self::Stopped)
    }
}

/// What the witnesses prove together: whoever removes boards goes by this, not by the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// One says that the writer lives.
    Life,
    /// One says that it is gone, and none that it lives.
    Death,
    /// Neither.
    #[default]
    Nothing,
}
