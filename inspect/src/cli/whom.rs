//! Which other hosts are meant: `--endpoints`, and what it takes to be answered by them.

use std::path::Path;

use super::args::Common;
use super::failure::{Failure, wrong_file};
use crate::endpoints::{List, Trust};

/// Which endpoints the command line names, and how they are asked; nothing where it names none.
pub(super) fn whom(common: &Common) -> Result<Option<(List, Trust)>, Failure> {
    let Some(endpoints) = &common.endpoints else { return Ok(None) };
    let file = endpoints.strip_prefix('@').map(Path::new);
    let wrong = |why: String| match wrong_file(&[("--endpoints", file)], &why) {
        whose if whose.text.starts_with("--endpoints: ") => whose,
        other => Failure { text: format!("--endpoints: {}", other.text), ..other },
    };
    let list = List::parse(endpoints).map_err(wrong)?;
    let (ca, token) = (common.endpoints_ca.as_deref(), common.endpoints_token.as_deref());
    let files = [("--endpoints-token", token), ("--endpoints-ca", ca)];
    let trust = Trust::read(ca, token).map_err(|why| wrong_file(&files, &why))?;
    Ok(Some((list, trust)))
}
