//! Why an endpoint has no answer.

use super::standing::State;
use crate::words::term::{cut, term};

/// Columns of a reason: it stands in a row.
const LONGEST: usize = 200;

/// Why an endpoint has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) state: State,
    /// In words; printable, and no longer than a line.
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(state: State, text: &str) -> Self {
        Self { state, text: cut(&term(text), LONGEST) }
    }

    pub(super) fn down(text: &str) -> Self {
        Self::new(State::Down, text)
    }

    /// What answers is none of ours.
    pub(super) fn other(text: &str) -> Self {
        Self::new(State::Version, text)
    }
}

/// What the system says, without its number.
pub(super) fn said(error: &std::io::Error) -> String {
    let text = error.to_string();
    let at = text.find(" (os error").unwrap_or(text.len());
    let mut words = text[..at].to_owned();
    // As a clause in a row.
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    words
}
