//! Why a verb failed.

use std::io;

use crate::error::OpenError;

/// Why a verb failed: a sentence for stderr and an exit code.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// What, why, and what to do; empty when there is nothing to be said.
    pub text: String,
}

impl Failure {
    /// A failure of the general kind.
    pub fn new(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into() }
    }

    /// Wrong usage.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: 2, text: text.into() }
    }

    /// The system refused something: who may not is told by the code.
    pub fn system(error: &io::Error, text: impl Into<String>) -> Self {
        let code = if error.kind() == io::ErrorKind::PermissionDenied { 4 } else { 1 };
        Self { code, text: text.into() }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let code = error.exit_code();
        // Paths and names in it may come from a hostile directory.
        let text = crate::words::term::term(&error.sentence());
        Self { code, text }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever reads has seen enough: the end of the work, and no failure.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { code: 0, text: String::new() };
        }
        // The system's own words say nothing of the file; what says more is whole.
        match error.raw_os_error() {
            Some(_) => Self::system(&error, format!("writing failed: {error}")),
            None => Self::system(&error, error.to_string()),
        }
    }
}
