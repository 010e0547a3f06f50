//! Text from a board: bytes of unknown honesty, kept apart from text that may be printed.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a text that are kept; longer ones are cut.
const MAX_TEXT: usize = 1024;

/// Text that came from a board. It has no `Display`: it leaves the program through a sink that makes
/// it harmless (`words::term`, or JSON), never raw.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

    /// Bytes that it takes in JSON at most: what a terminal would obey is an escape there. Said of each row that says it,
    /// so of all of its bytes at once.
    pub(crate) fn in_json(&self) -> usize {
        let (mut quoted, mut wide, mut control) = (false, false, false);
        for byte in self.0.bytes() {
            quoted |= byte == b'"' || byte == b'\\';
            wide |= byte >= 0x80;
            control |= byte < b' ' || byte == 0x7f;
        }
        let most = match (control, wide, quoted) {
            (true, ..) => 6,
            // Two, three or four of them may be an escape, or two, of six.
            (_, true, _) => 3,
            (.., true) => 2,
            _ => 1,
        };
        2 + most * self.0.len()
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

impl<'de> Deserialize<'de> for Label {
    /// From JSON of another host: cut as one from a board is.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(from)?;
        Ok(Self::from_bytes(text.as_bytes()))
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
