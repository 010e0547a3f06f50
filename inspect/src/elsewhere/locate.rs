//! Where no daemon has a board in reach, a board is a file that the user names.

use std::path::PathBuf;

use crate::error::OpenError;
pub use crate::target::{Candidate, Run, Target, named, parse_name};

/// Directories that are searched: none.
pub fn directories() -> Vec<PathBuf> {
    Vec::new()
}

/// The candidates for a target: the file that it names.
///
/// # Errors
/// [`OpenError::Elsewhere`] for every other target.
pub fn find(target: &Target) -> Result<Vec<Candidate>, OpenError> {
    match target {
        Target::File(path) => Ok(vec![named(path)?]),
        _ => Err(not_found(target)),
    }
}

/// The error for a target that nothing matches.
pub fn not_found(target: &Target) -> OpenError {
    OpenError::Elsewhere { wanted: target.words() }
}
