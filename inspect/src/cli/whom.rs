//! Which other hosts are meant: `--endpoints`, and what it takes to be answered by them.

use super::args::Common;
use super::failure::Failure;
use crate::endpoints::{List, Trust};
use crate::words::term::term;

/// Which endpoints the command line names, and how they are asked; nothing where it names none.
pub(super) fn whom(common: &Common) -> Result<Option<(List, Trust)>, Failure> {
    let Some(endpoints) = &common.endpoints else { return Ok(None) };
    let wrong = |name: &str, why: String| Failure::usage(format!("--{name}: {}", term(&why)));
    let list = List::parse(endpoints).map_err(|why| wrong("endpoints", why))?;
    let trust = Trust::read(common.endpoints_ca.as_deref(), common.endpoints_token.as_deref());
    let trust = trust.map_err(|why| wrong("endpoints-token, --endpoints-ca", why))?;
    Ok(Some((list, trust)))
}
