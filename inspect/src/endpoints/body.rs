//! An answer's body: bounded, checked for its version, every text in it harmless.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use crate::words::term::{printable, term};

/// The version that is read here.
const SCHEMA: u32 = 1;

/// What every answer has.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    taken_at: Option<String>,
}

/// What an endpoint says when it does not answer as asked.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
}

/// An answer as text, harmless, and when it was taken by the clock of who gave it.
///
/// # Errors
/// It is none, or of a version that is not read here.
pub(super) fn checked(bytes: &[u8]) -> Result<(Cow<'_, str>, Option<String>), Failure> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| Failure::other("its answer is not that of `inspect serve`"))?;
    let head: Head = serde_json::from_str(text).map_err(|error| {
        let what = format!("its answer is not that of `inspect serve`: {error}");
        Failure::other(&what)
    })?;
    if head.schema != SCHEMA {
        let what = format!("it speaks schema {}, and this program schema {SCHEMA}", head.schema);
        return Err(Failure::other(&what));
    }
    let taken_at = head.taken_at.filter(|text| text.len() < 40);
    if is_harmless(text) {
        return Ok((Cow::Borrowed(text), taken_at));
    }
    let mut value: Value = serde_json::from_str(text)
        .map_err(|error| Failure::other(&format!("its answer is no JSON: {error}")))?;
    spell_out(&mut value);
    Ok((Cow::Owned(value.to_string()), taken_at))
}

/// Whether no text in it can hold what a terminal would obey. Escapes of quotes and backslashes are harmless.
fn is_harmless(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        let fine = match char {
            ' '..='[' | ']'..='~' | '\n' => true,
            '\\' => matches!(chars.next(), Some('"' | '\\' | '/')),
            other => printable(other),
        };
        if !fine {
            return false;
        }
    }
    true
}

/// Spells out what is not printable, in every text and name. How deep it may be was bounded by the parser.
fn spell_out(value: &mut Value) {
    match value {
        Value::String(text) => *text = term(text),
        Value::Array(all) => all.iter_mut().for_each(spell_out),
        Value::Object(fields) => {
            if fields.keys().any(|name| name.chars().any(|char| !printable(char))) {
                let all = std::mem::take(fields);
                fields.extend(all.into_iter().map(|(name, value)| (term(&name), value)));
            }
            fields.values_mut().for_each(spell_out);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_of_this_schema_are_read_and_their_texts_are_harmless() {
        let read = |text: &str| checked(text.as_bytes()).map(|(text, _)| text.into_owned());
        let plain = r#"{"schema":1,"a":"größe \"x\" \\ 表"}"#;
        assert_eq!(read(plain).as_deref(), Ok(plain));
        let hostile = "{\"schema\":1,\"k\\u001b\":[\"\\u001b[31m\",\"\u{202e}x\",\"\\n\"]}";
        let text = read(hostile).expect("read");
        assert!(text.chars().all(printable) && is_harmless(&text), "{text}");
        assert!(text.contains("\\\\x1b[31m"), "{text}");
        for (wrong, says) in [
            ("", "not that of"),
            ("<html>", "not that of"),
            ("[]", "not that of"),
            ("{}", "schema"),
            ("{\"schema\":2}", "schema 2"),
            ("{\"schema\":\"1\"}", "not that of"),
            (&"[".repeat(100_000), "not that of"),
            (&format!("{{\"schema\":1,\"x\":\"\\u001b\",\"y\":{}", "[".repeat(100_000)), "not"),
        ] {
            let failure = checked(wrong.as_bytes()).expect_err(says);
            assert!(failure.text.contains(says), "{failure:?}");
            assert_eq!(failure.state, super::super::standing::State::Version);
        }
        assert!(checked(b"\xff").is_err());
    }
}
