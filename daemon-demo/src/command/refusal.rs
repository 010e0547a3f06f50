//! Error replies.

use crate::resp::request::Request;
use crate::store::disk::StorageError;

/// An error reply in full.
#[derive(Debug)]
pub(crate) struct Refusal(pub(super) String);

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn syntax() -> Self {
        Self::new("ERR syntax error")
    }

    pub(super) fn not_an_integer() -> Self {
        Self::new("ERR value is not an integer or out of range")
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self(format!("ERR cannot read the data file: {}", error.0))
    }
}

/// The reply to a write when commits fail.
pub(crate) fn misconf(error: &str) -> String {
    format!(
        "MISCONF cannot write the data file: {error}. Writes are refused until that works again"
    )
}

/// The reply to a subcommand that is not known.
pub(super) fn subcommand(command: &str, request: &Request<'_>) -> Refusal {
    let name = String::from_utf8_lossy(request.word(1)).into_owned();
    let name: String = name.chars().take(128).collect();
    Refusal::new(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try COMMAND DOCS {command}."
    ))
}
