//! Why a verb failed.

use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::OpenError;
use crate::words::term::term;

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
        let text = term(&error.sentence());
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

/// What is wrong with one of these files, which the sentence begins with: the option that named it stands in front. Where
/// it is there and may not be read nothing is wrong in what was asked for, but who asks.
pub(super) fn wrong_file(files: &[(&str, Option<&Path>)], why: &str) -> Failure {
    let begins = |path: &Path| why.starts_with(&format!("{}: ", path.display()));
    let meant = files.iter().find(|(_, path)| path.is_some_and(begins));
    let option = meant.map(|(option, _)| format!("{option}: ")).unwrap_or_default();
    let text = format!("{option}{}", term(why));
    let may_not = meant.and_then(|(_, path)| *path).is_some_and(may_not_read);
    if may_not { Failure { code: 4, text } } else { Failure::usage(text) }
}

fn may_not_read(path: &Path) -> bool {
    let mut options = std::fs::OpenOptions::new();
    // A pipe in its place must not hold the answer up.
    let opened = options.read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
    opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_that_named_the_file_is_said() {
        let files = [("--one", Some(Path::new("a"))), ("--two", Some(Path::new("a.b")))];
        assert_eq!(wrong_file(&files, "a.b: mode 0644").text, "--two: a.b: mode 0644");
        assert_eq!(wrong_file(&files, "a: mode 0644").text, "--one: a: mode 0644");
        assert_eq!(wrong_file(&files, "no certificate here").text, "no certificate here");
    }
}
