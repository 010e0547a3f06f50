//! The text of a board.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use probe::layout::TextRef;

use crate::words::label::Label;

/// The strings section, copied. Each text is made once, however many records refer to it; and all of them
/// together are no longer than the section is, for a writer stores each once: references that overlap
/// could make gigabytes of a few words.
#[derive(Debug, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    made: Mutex<Made>,
}

/// Texts by the word that refers to them, and their bytes.
#[derive(Clone, Debug, Default)]
struct Made {
    texts: HashMap<u64, Label>,
    lists: HashMap<u64, Arc<[Label]>>,
    bytes: usize,
    /// What stands for those that are left out.
    other: Option<Label>,
}

/// Bytes that texts may have beyond the section's: short ones overlap where a record names a part.
const SPARE: usize = 64 << 10;

impl Clone for Strings {
    fn clone(&self) -> Self {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { bytes: self.bytes.clone(), made: Mutex::new(made) }
    }
}

impl Strings {
    /// The section's bytes.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, made: Mutex::default() }
    }

    /// Bytes of the texts that were made.
    #[cfg(test)]
    fn made(&self) -> usize {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// The text that a word refers to; `None` for "no text" and for a reference outside. A text beyond what a
    /// section can hold is `(text left out)`.
    pub fn get(&self, word: u64) -> Option<Label> {
        let bytes = self.bytes(word)?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.texts.get(&word) {
            return Some(known.clone());
        }
        if made.bytes > self.bytes.len() + SPARE {
            return Some(made.other.get_or_insert_with(|| Label::from("(text left out)")).clone());
        }
        let label = Label::from_bytes(bytes);
        made.bytes += label.raw().len();
        made.texts.insert(word, label.clone());
        Some(label)
    }

    /// The parts of a text that line feeds separate, at most 64 of them.
    pub fn lines(&self, word: u64) -> Vec<Label> {
        self.list(word).to_vec()
    }

    /// The same, made once; none beyond what a section can hold.
    pub(crate) fn list(&self, word: u64) -> Arc<[Label]> {
        let bytes = self.bytes(word).unwrap_or_default();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.lists.get(&word) {
            return Arc::clone(known);
        }
        if made.bytes > self.bytes.len() + SPARE {
            return Arc::default();
        }
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let list: Arc<[Label]> = lines.take(64).map(Label::from_bytes).collect();
        // All of it was looked at.
        made.bytes += bytes.len();
        made.lists.insert(word, Arc::clone(&list));
        list
    }

    fn bytes(&self, word: u64) -> Option<&[u8]> {
        let text = TextRef::from_word(word);
        let start = text.offset as usize;
        let bytes = self.bytes.get(start..start.checked_add(text.length as usize)?)?;
        (!bytes.is_empty()).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_outside_the_section_are_no_text() {
        let strings = Strings::new(b"one\ntwo".to_vec());
        let word = |offset, length| TextRef { offset, length }.to_word();
        assert_eq!(strings.get(word(0, 3)).as_ref().map(Label::raw), Some("one"));
        assert_eq!(strings.lines(word(0, 7)).len(), 2);
        for outside in [word(0, 8), word(7, 1), word(u32::MAX, u32::MAX), 0] {
            assert_eq!(strings.get(outside), None);
        }
    }

    /// Naively each of sixteen thousand ratios looked through all of the section.
    #[test]
    fn lists_that_overlap_are_no_more_than_their_section() {
        let strings = Strings::new(vec![b'\n'; 1 << 20]);
        for offset in 0..1 << 14 {
            assert!(strings.list(TextRef { offset, length: 1 << 19 }.to_word()).is_empty());
        }
        assert!(strings.made() <= (1 << 20) + SPARE + (1 << 19), "{} bytes", strings.made());
    }

    #[test]
    fn texts_that_overlap_are_no_more_than_their_section() {
        let strings = Strings::new(vec![b'x'; 1 << 20]);
        let word = |offset| TextRef { offset, length: 1024 }.to_word();
        // A gigabyte, if each were made; twice each, as from records that say the same.
        for offset in (0..1 << 19).chain(0..1 << 19) {
            assert!(strings.get(word(offset)).is_some());
        }
        assert!(strings.made() <= (1 << 20) + SPARE + 1024, "{} bytes", strings.made());
        assert_eq!(strings.get(word(1 << 18)).as_ref().map(Label::raw), Some("(text left out)"));
        let (one, again) = (strings.get(word(0)), strings.get(word(0)));
        let same = one.zip(again).is_some_and(|(one, again)| std::ptr::eq(one.raw(), again.raw()));
        assert!(same, "made once");
    }
}
