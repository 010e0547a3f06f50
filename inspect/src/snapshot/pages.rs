//! Records of a board that is read by system calls, a stretch of them at a time: one call for each word of a
//! table of 64 MiB would take seconds, whatever is in it.
//!
//! A stretch is copied three times. What each record's first and last copies agree on did not change while
//! the middle one was made, so that one is as good as a reading of that record's own, count and words
//! alike. Records that did change are read word by word, by their own protocol, as on a mapped board.

use super::board::{Board, Sect};
use crate::source::Source;

/// Bytes of a stretch.
const STRETCH: u64 = 64 << 10;
/// A record that is longer is read word by word: who has such records has few of them.
const LONGEST: u64 = 16 << 10;

/// The records of one section.
pub(super) struct Pages<'a> {
    source: &'a Source,
    sect: &'a Sect,
    /// Records of a stretch; 0 where words are read in place.
    of_stretch: u64,
    /// The first record of the stretch in hand.
    first: Option<u64>,
    words: Vec<u64>,
    /// What it was before and after that copy.
    around: [Vec<u64>; 2],
    /// Which of its records did not change.
    still: Vec<bool>,
}

/// One record.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    source: &'a Source,
    at: u64,
    stride: u64,
    held: Option<&'a [u64]>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(board: &'a Board, sect: &'a Sect) -> Self {
        let by_calls = board.source.is_called() && sect.stride <= LONGEST && sect.stride >= 8;
        let of_stretch = if by_calls { (STRETCH / sect.stride).max(1) } else { 0 };
        let source = &board.source;
        let (words, around, still) = (Vec::new(), Default::default(), Vec::new());
        Self { source, sect, of_stretch, first: None, words, around, still }
    }

    /// A record; `None` past the capacity.
    pub(super) fn record(&mut self, index: u64) -> Option<Record<'_>> {
        let at = self.sect.at(index)?;
        let mut held = None;
        if let Some(number) = index.checked_rem(self.of_stretch) {
            let first = index - number;
            if self.first != Some(first) {
                self.load(first);
            }
            let number = number as usize;
            let long = (self.sect.stride / 8) as usize;
            held = self.words.get(number * long..(number + 1) * long);
            held = held.filter(|_| self.still.get(number) == Some(&true));
        }
        Some(Record { source: self.source, at, stride: self.sect.stride, held })
    }

    fn load(&mut self, first: u64) {
        let count = self.of_stretch.min(self.sect.capacity - first);
        let long = (self.sect.stride / 8) as usize;
        let at = self.sect.offset + first * self.sect.stride;
        self.words.resize(count as usize * long, 0);
        self.still.clear();
        if self.source.is_still() {
            self.source.words(at, &mut self.words);
            self.still.resize(count as usize, true);
        } else {
            let [before, after] = &mut self.around;
            before.resize(self.words.len(), 0);
            after.resize(self.words.len(), 0);
            for copy in [&mut *before, &mut self.words, &mut *after] {
                self.source.words(at, copy);
                self.source.fence();
            }
            let copies = before.chunks(long).zip(after.chunks(long)).zip(self.words.chunks(long));
            self.still.extend(copies.map(|((a, c), b)| a == b && b == c));
        }
        self.first = Some(first);
    }
}

impl Record<'_> {
    /// Bytes from it to the next one.
    pub(super) fn stride(&self) -> u64 {
        self.stride
    }

    /// As [`Source::fence`].
    pub(super) fn fence(&self) {
        self.source.fence();
    }

    /// The word at so many bytes into the record.
    pub(super) fn word(&self, offset: u64) -> u64 {
        match self.held.and_then(|held| held.get((offset / 8) as usize)) {
            Some(word) => *word,
            None => self.source.word(self.at + offset),
        }
    }

    /// Words from so many bytes on; what the record does not have comes as zeros.
    pub(super) fn words(&self, offset: u64, words: &mut [u64]) {
        let there = words.len().min((self.stride.saturating_sub(offset) / 8) as usize);
        words[there..].fill(0);
        let first = (offset / 8) as usize;
        match self.held.and_then(|held| held.get(first..first + there)) {
            Some(held) => words[..there].copy_from_slice(held),
            None => _ = self.source.words(self.at + offset, &mut words[..there]),
        }
    }
}
