//! Texts of a segment: each is said once and has a number from then on.

use std::collections::HashMap;

/// Bytes of a text.
pub(super) const MOST_TEXT: usize = 1024;

/// Texts that have a number in a segment, and those that are new in this record.
#[derive(Default)]
pub(super) struct Texts {
    known: HashMap<String, u64>,
    fresh: Vec<String>,
}

impl Texts {
    pub(super) fn number(&mut self, text: &str) -> u64 {
        let end = (0..=text.len().min(MOST_TEXT)).rev().find(|&at| text.is_char_boundary(at));
        let text = &text[..end.unwrap_or(0)];
        if let Some(&number) = self.known.get(text) {
            return number;
        }
        let number = self.known.len() as u64;
        self.known.insert(text.to_owned(), number);
        self.fresh.push(text.to_owned());
        number
    }

    /// Those that are new since this was last asked.
    pub(super) fn fresh(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fresh)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

/// The same, read.
#[derive(Default)]
pub(super) struct TextsRead(Vec<String>);

impl TextsRead {
    pub(super) fn push(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn text(&self, number: u64) -> Option<String> {
        self.0.get(usize::try_from(number).ok()?).cloned()
    }
}
