//! How an endpoint stands: whether it answered, how old its answer is, and how far its clock is off.

use serde::{Deserialize, Serialize};

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It answered.
    Ok,
    /// It is there and did not answer in time.
    Slow,
    /// It cannot be reached.
    Down,
    /// It answered that it does not: it wants a token, does not know this name of its own, has too much to do.
    Refused,
    /// What answers is no `inspect serve`, or one of a version that cannot be read here.
    Version,
}

impl State {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Slow => "slow",
            Self::Down => "down",
            Self::Refused => "refused",
            Self::Version => "version",
        }
    }
}

/// One endpoint, as it stands beside the rows of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Standing {
    /// Its address.
    pub endpoint: String,
    /// How it stands.
    pub state: State,
    /// Why, where it is not `ok`; printable.
    pub error: Option<String>,
    /// How old what it said is: from its look at the boards to now. Null where it said nothing.
    pub age_ns: Option<u64>,
    /// How far its wall clock is ahead of this host's, within half the time that the question took; null where it
    /// did not say. Moments in its rows are corrected by it.
    pub skew_ns: Option<i64>,
}

impl Standing {
    /// The same in few columns, for a table.
    pub fn short(&self) -> &str {
        super::address::short(&self.endpoint)
    }
}
