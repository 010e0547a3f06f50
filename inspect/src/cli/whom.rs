//! Which other hosts are meant: `--endpoints`, and what it takes to be answered by them.

use std::path::Path;

use super::args::Common;
use super::failure::Failure;
use crate::endpoints::{List, Trust};
use crate::words::term::term;

/// Which endpoints the command line names, and how they are asked; nothing where it names none.
pub(super) fn whom(common: &Common) -> Result<Option<(List, Trust)>, Failure> {
    let Some(endpoints) = &common.endpoints else { return Ok(None) };
    let wrong = |why: String| Failure::usage(format!("--endpoints: {}", term(&why)));
    let list = List::parse(endpoints).map_err(wrong)?;
    let (ca, token) = (common.endpoints_ca.as_deref(), common.endpoints_token.as_deref());
    let files = [("--endpoints-token", token), ("--endpoints-ca", ca)];
    let trust = Trust::read(ca, token).map_err(|why| wrong_file(&files, &why))?;
    Ok(Some((list, trust)))
}

/// What is wrong with one of these files, which the sentence begins with: the option that named it stands in front.
pub(super) fn wrong_file(files: &[(&str, Option<&Path>)], why: &str) -> Failure {
    let begins = |path: &Path| why.starts_with(&format!("{}: ", path.display()));
    let meant = files.iter().find(|(_, path)| path.is_some_and(begins));
    let option = meant.map(|(option, _)| format!("{option}: ")).unwrap_or_default();
    Failure::usage(format!("{option}{}", term(why)))
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
