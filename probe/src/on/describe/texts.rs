//! The strings section: each text once, there before anything refers to it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::layout::{SectionKind, TextRef, WORD, pack_byte};
use crate::on::board::lost::lost;
use crate::on::board::tables::Board;

/// The strings of a board, as far as they are written.
#[derive(Debug)]
pub(super) struct Texts {
    /// Bytes in use.
    length: usize,
    /// Those of the last word, when it is not full.
    last: u64,
    room: usize,
    /// Ordered, not hashed: a leak checker finds what a tree holds.
    known: BTreeMap<String, u64>,
}

impl Texts {
    pub(super) fn new(room: usize) -> Self {
        // Offset 0 with length 0 means "no text".
        Self { length: 1, last: 0, room, known: BTreeMap::new() }
    }

    /// The reference of a text; 0 when it is empty or finds no room.
    pub(super) fn add(&mut self, board: &Board, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        if let Some(&word) = self.known.get(text) {
            return word;
        }
        let place = u32::try_from(self.length).ok().zip(u32::try_from(text.len()).ok());
        let Some((offset, length)) = place.filter(|_| self.length + text.len() <= self.room) else {
            lost(|lost| &lost.strings);
            return 0;
        };
        self.append(board, text);
        let word = TextRef { offset, length }.to_word();
        self.known.insert(text.to_owned(), word);
        word
    }

    /// Writes behind what is there. A reader that looks at the last word meanwhile finds the bytes that it
    /// knows of as they were.
    fn append(&mut self, board: &Board, text: &str) {
        let store = |length: usize, word: u64| {
            if let Some(to) = board.strings.get(length / WORD) {
                to.store(word, Ordering::Relaxed);
            }
        };
        for &byte in text.as_bytes() {
            pack_byte(core::slice::from_mut(&mut self.last), self.length % WORD, byte);
            if self.length % WORD == WORD - 1 {
                store(self.length, std::mem::take(&mut self.last));
            }
            self.length += 1;
        }
        if !self.length.is_multiple_of(WORD) {
            store(self.length, self.last);
        }
        board.raise_used(SectionKind::Strings, self.length);
    }
}
