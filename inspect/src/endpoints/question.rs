//! What is asked: a path with its parameters, and how long the answer may take.

use std::fmt::Write as _;
use std::time::Duration;

use crate::clock::rfc3339;

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
    /// The time that it is about, by this host's clock, ns since 1970.
    between: Option<(u64, u64)>,
}

impl Question {
    /// Asks for a path below `/api/v1/`. Parts of it that are texts of others are [`escaped`].
    pub fn get(path: &str) -> Self {
        let path = format!("/api/v1/{path}");
        Self { path, deadline: DEADLINE, post: false, separator: '?', between: None }
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

    /// About the time between two moments of this host's clock. Who is asked has a clock of its own, so what is sent is
    /// known when that is: see `by_clock`.
    #[must_use]
    pub fn between(self, from_ns: u64, to_ns: u64) -> Self {
        Self { between: Some((from_ns, to_ns)), ..self }
    }

    /// Whether it is another for another clock.
    pub(super) fn has_time(&self) -> bool {
        self.between.is_some()
    }

    /// As it is sent to who has a clock that is so far ahead.
    pub(super) fn by_clock(&self, ahead_ns: i64) -> Self {
        let Some((from_ns, to_ns)) = self.between else { return self.clone() };
        let there = |at: u64| rfc3339(at.saturating_add_signed(ahead_ns));
        let (since, until) = (there(from_ns), there(to_ns));
        self.clone().with("since", Some(&since)).with("until", Some(&until))
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

    #[test]
    fn a_time_is_said_by_the_clock_of_who_is_asked() {
        const START: u64 = 1_769_860_800 * 1_000_000_000;
        let question = Question::get("history").with("by", Some("line"));
        assert_eq!(question.by_clock(5).path, question.path);
        let question = question.between(START, START + 60_000_000_000);
        for (ahead_ns, since, until) in [
            (0, "12%3A00%3A00.000Z", "12%3A01%3A00.000Z"),
            (90_000_000_000, "12%3A01%3A30.000Z", "12%3A02%3A30.000Z"),
            (-1_500_000_000, "11%3A59%3A58.500Z", "12%3A00%3A58.500Z"),
        ] {
            let path = question.by_clock(ahead_ns).path;
            let said = format!("?by=line&since=2026-01-31T{since}&until=2026-01-31T{until}");
            assert!(path.ends_with(&said), "{ahead_ns}: {path}");
        }
    }
}
