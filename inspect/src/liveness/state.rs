//! What a writer does, and what is proved of it.

use serde::{Deserialize, Serialize};

/// What the writer of a board is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum Proof {
    /// One says that the writer lives.
    Life,
    /// One says that it is gone, and none that it lives.
    Death,
    /// Neither.
    #[default]
    Nothing,
}
