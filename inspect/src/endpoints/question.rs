//! What is asked: a path with its parameters, and how long the answer may take.

use std::fmt::Write as _;
use std::time::Duration;

/// How long anybody may take: nobody delays the others by more than a second.
const DEADLINE: Duration = Duration::from_millis(950);

/// A question to every endpoint.
#[derive(Clone, Debug)]
pub struct Question {
    pub(super) path: String,
    pub(super) deadline: Duration,
    /// It changes something: it is sent once, over a connection of its own.
    pub(super) post: bool,
    separator: char,
}

impl Question {
    /// Asks for a path below `/api/v1/`. Parts of it that are texts of others are [`escaped`].
    pub fn get(path: &str) -> Self {
        Self { path: format!("/api/v1/{path}"), deadline: DEADLINE, post: false, separator: '?' }
    }

    /// Demands something.
    pub fn post(path: &str) -> Self {
        Self { post: true, ..Self::get(path) }
    }

    /// With a parameter, if there is one.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            let _ = write!(self.path, "{}{name}={}", self.separator, escaped(value));
            self.separator = '&';
        }
        self
    }

    /// The same, with another deadline.
    pub(super) fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// Answered no earlier than after this time, which comes on top.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.deadline += time;
        self
    }
}

/// Everything but letters, digits and what is plain in an address.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_text_is_escaped() {
        assert_eq!(escaped("recordd*"), "recordd*");
        assert_eq!(escaped("a b&c=<ü>#"), "a%20b%26c%3D%3C%C3%BC%3E%23");
        let question = Question::get("ops").with("over", None).with("kind", Some("a&b"));
        assert_eq!(question.with("limit", Some("5")).path, "/api/v1/ops?kind=a%26b&limit=5");
    }
}
