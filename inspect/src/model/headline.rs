//! The one line that a person reads first.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Nothing stands out.
    Ok,
    /// Worth a look.
    Warning,
    /// Something stands still, is late, or is dead.
    Critical,
}

/// What is the matter with a board, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Headline {
    /// The worst of what it says.
    pub severity: Severity,
    /// The line. Labels in it are as the daemon wrote them: whoever prints it makes it harmless.
    pub text: String,
}
