//! Text from a board: bytes of unknown honesty, kept apart from text that may be printed.

use std::sync::Arc;

use probe::layout::TextRef;
use serde::{Serialize, Serializer};

/// Bytes of a text that are kept; longer ones are cut.
const MAX_TEXT: usize = 1024;

/// Text that came from a board. It has no `Display`: it leaves the program through a sink that makes
/// it harmless (`render::term`, or JSON), never raw.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(Arc<str>);

impl Label {
    /// A label from bytes; what is not UTF-8 becomes U+FFFD.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(MAX_TEXT)];
        Self(String::from_utf8_lossy(bytes).into())
    }

    /// The raw text, for comparing and for sinks; never for printing.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Label {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Escaped, so harmless, but for bidi marks; only ever seen in test failures.
        write!(out, "Label({:?})", self.0)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The strings section, copied.
#[derive(Clone, Debug, Default)]
pub struct Strings(pub(crate) Vec<u8>);

impl Strings {
    /// The text that a word refers to; `None` for "no text" and for a reference outside.
    pub fn get(&self, word: u64) -> Option<Label> {
        self.bytes(word).map(Label::from_bytes)
    }

    /// The parts of a text that line feeds separate, at most 64 of them.
    pub fn lines(&self, word: u64) -> Vec<Label> {
        let bytes = self.bytes(word).unwrap_or_default();
        bytes
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .take(64)
            .map(Label::from_bytes)
            .collect()
    }

    fn bytes(&self, word: u64) -> Option<&[u8]> {
        let text = TextRef::from_word(word);
        let start = text.offset as usize;
        let bytes = self.0.get(start..start.checked_add(text.length as usize)?)?;
        (!bytes.is_empty()).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_outside_the_section_are_no_text() {
        let strings = Strings(b"one\ntwo".to_vec());
        let word = |offset, length| TextRef { offset, length }.to_word();
        assert_eq!(strings.get(word(0, 3)).as_ref().map(Label::raw), Some("one"));
        assert_eq!(strings.lines(word(0, 7)).len(), 2);
        for outside in [word(0, 8), word(7, 1), word(u32::MAX, u32::MAX), 0] {
            assert_eq!(strings.get(outside), None);
        }
    }
}
