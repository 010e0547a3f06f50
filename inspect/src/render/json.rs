//! JSON schema 1: one document for all boards.

use std::cell::RefCell;
use std::io::{BufWriter, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::form::Form;
use super::look::{Look, Sort};
use crate::clock::{Moment, rfc3339};
use crate::model::{BoardReport, Document};

/// The document for some boards, filtered and sorted as the table would be.
pub fn document(mut boards: Vec<BoardReport>, look: &Look) -> Document {
    for board in &mut boards {
        // A program finds what it looks for by name: threads stay as they came unless it asks.
        let sort = if look.sort == Sort::First { Sort::Slot } else { look.sort };
        let look = &Look { sort, ..look.clone() };
        if sort != Sort::Slot || look.filter.is_some() {
            board.threads = look.sorted(&board.threads).into_iter().cloned().collect();
        }
        if look.filter.is_some() {
            board.ops.retain(|op| super::ops::shows(op, look));
            board.ended_ops.retain(|op| super::ops::shows(op, look));
            board.counters.retain(|number| look.shows(&number.name));
            board.gauges.retain(|number| look.shows(&number.name));
            board.ratios.retain(|number| look.shows(&number.name));
            board.histograms.retain(|number| look.shows(&number.name));
            board.queues.retain(|number| look.shows(&number.name));
            board.heartbeats.retain(|number| look.shows(&number.name));
            board.progress.retain(|number| look.shows(&number.name));
            board.lines.retain(|line| {
                let texts = [&line.file, &line.function, &line.label];
                texts.into_iter().flatten().any(|text| look.shows(text))
            });
            board.facts.retain(|key, _| look.shows(key));
        }
    }
    Document { schema: 1, taken_at: rfc3339(Moment::now(false).wall_ns), boards }
}

/// A document as text. Whoever prints it on a terminal is as safe as with the table: what the table
/// spells out is written as JSON's own `\u` escapes, which every parser turns back.
///
/// # Errors
/// What the serializer said.
pub fn pretty(document: &impl Serialize) -> serde_json::Result<String> {
    text(document, Form::spread())
}

/// The same on one line, for a stream of documents.
///
/// # Errors
/// What the serializer said.
pub fn line(document: &impl Serialize) -> serde_json::Result<String> {
    text(document, Form::line())
}

fn text(document: &impl Serialize, form: Form) -> serde_json::Result<String> {
    let mut out = Vec::new();
    spelled(&mut out, document, form)?;
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

/// The same, written as it is made: a document may be much larger than what it is made of.
///
/// # Errors
/// What the serializer or `out` said.
pub fn write(
    out: &mut (impl Write + ?Sized),
    document: &impl Serialize,
    pretty: bool,
) -> serde_json::Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, out);
    spelled(&mut out, document, if pretty { Form::spread() } else { Form::line() })?;
    out.flush().map_err(serde_json::Error::io)
}

fn spelled(out: &mut impl Write, document: &impl Serialize, form: Form) -> serde_json::Result<()> {
    document.serialize(&mut serde_json::Serializer::with_formatter(out, form))
}

/// An object of which some fields are lists whose elements are made while they are written: as values all at once
/// they may take a hundred times what they are made of. To be written once.
pub struct Streamed<'a> {
    fields: Vec<(&'static str, Field<'a>)>,
}

enum Field<'a> {
    Value(Value),
    List(RefCell<Box<dyn Iterator<Item = Value> + 'a>>),
}

impl std::fmt::Debug for Streamed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|(name, _)| name)).finish()
    }
}

impl<'a> Streamed<'a> {
    /// An object without fields.
    pub(crate) fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// With a field.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, Field::Value(value.into())));
        self
    }

    /// With a list.
    #[must_use]
    pub(crate) fn list(
        mut self,
        name: &'static str,
        elements: impl Iterator<Item = Value> + 'a,
    ) -> Self {
        self.fields.push((name, Field::List(RefCell::new(Box::new(elements)))));
        self
    }
}

impl Serialize for Streamed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // In the order in which all other documents have their fields.
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by_key(|(name, _)| *name);
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, field) in fields {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::List(elements) => serializer.collect_seq(elements.borrow_mut().by_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::term;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_comes_back() {
        let hostile = "größe 表 \u{9b}31m\u{7f}\u{202e}\u{200b}\u{e0041}\x1b]0;X\x07 \"\\\n";
        let text = pretty(&[hostile]).expect("serializes");
        assert!(text.chars().all(|char| char == '\n' || term::printable(char)), "{text:?}");
        assert!(text.contains("größe 表 \\u009b31m\\u007f\\u202e\\u200b"), "{text}");
        let back: Vec<String> = serde_json::from_str(&text).expect("parses");
        assert_eq!(back, [hostile]);
    }
}
