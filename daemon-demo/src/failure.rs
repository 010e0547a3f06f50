//! Why a verb failed, in one line: what, why, and what to do about it.

use std::fmt;

/// A failure made for a person; the process ends with exit code 1.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    hint: &'static str,
}

impl Failure {
    /// `what` names what was tried and why it failed; `hint` says what to do, or is empty.
    pub(crate) fn new(what: impl Into<String>, hint: &'static str) -> Self {
        Self {
            what: what.into(),
            hint,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
