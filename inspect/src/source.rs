//! One interface over a live board and a saved one, so that nothing beyond it needs a daemon.

use std::sync::atomic::{Ordering, fence};

use crate::board_file::{BoardFile, Mapping};

/// Where the words of a board come from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Source {
    /// A live board of one's own, mapped: words change while they are read.
    Map(Mapping, BoardFile),
    /// A live board of somebody else's: every read is a copy into private memory.
    Copy(BoardFile),
    /// A saved board, read where it lies in its file: it is as large as a board.
    Saved {
        /// The file.
        file: BoardFile,
        /// Where in it the board begins, a multiple of 8.
        base: u64,
        /// Bytes of the board.
        bytes: u64,
        /// It was written on a machine of the other byte order: each word is turned round.
        swapped: bool,
    },
    /// A board in memory.
    Memory(Vec<u64>),
}

impl Source {
    /// Reads words from a byte offset (a multiple of 8) on. Words that the board does not have come
    /// as zeros; the answer is whether all of them were there.
    pub fn words(&self, offset: u64, words: &mut [u64]) -> bool {
        debug_assert!(offset.is_multiple_of(8), "callers validate offsets");
        match self {
            Self::Map(map, _) => {
                let Ok(first) = usize::try_from(offset / 8) else {
                    words.fill(0);
                    return false;
                };
                map.load(first, words)
            }
            Self::Copy(file) => file.pread(offset, words),
            Self::Saved { file, base, bytes, swapped } => {
                // What follows the board in the file is none of it.
                let there = bytes.saturating_sub(offset) / 8;
                let there = words.len().min(usize::try_from(there).unwrap_or(usize::MAX));
                words[there..].fill(0);
                let whole = file.pread(base + offset, &mut words[..there]);
                if *swapped {
                    words[..there].iter_mut().for_each(|word| *word = word.swap_bytes());
                }
                whole && there == words.len()
            }
            Self::Memory(all) => {
                let first = usize::try_from(offset / 8).unwrap_or(usize::MAX);
                let rest = all.get(first..).unwrap_or(&[]);
                let there = rest.len().min(words.len());
                words[..there].copy_from_slice(&rest[..there]);
                words[there..].fill(0);
                there == words.len()
            }
        }
    }

    /// Whether its words are read in place.
    pub fn is_mapped(&self) -> bool {
        matches!(self, Self::Map(..))
    }

    /// One word.
    pub fn word(&self, offset: u64) -> u64 {
        let mut word = [0];
        self.words(offset, &mut word);
        word[0]
    }

    /// Orders the reads before it before the reads after it: pairs with the writer's release stores
    /// and fences, by way of the Relaxed loads before it.
    pub fn fence(&self) {
        fence(Ordering::Acquire);
    }

    /// Bytes of the board now; for a live one the file is asked again.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Map(_, file) | Self::Copy(file) => file.bytes_now(),
            Self::Saved { file, base, bytes, .. } => {
                file.bytes_now().saturating_sub(*base).min(*bytes)
            }
            Self::Memory(all) => all.len() as u64 * 8,
        }
    }

    /// Whether every read is a call of the system.
    pub fn is_called(&self) -> bool {
        matches!(self, Self::Copy(_) | Self::Saved { .. })
    }

    /// Whether nobody goes on writing it.
    pub fn is_still(&self) -> bool {
        matches!(self, Self::Saved { .. } | Self::Memory(_))
    }

    /// Whether pages went missing while the board was read.
    pub fn lost_pages(&self) -> bool {
        matches!(self, Self::Map(map, _) if map.lost_pages())
    }

    /// Words read until two reads agree, at most three times: for copies of a board that goes on
    /// changing. The answer is whether they agreed.
    pub fn stable(&self, offset: u64, words: &mut [u64]) -> bool {
        let mut again = vec![0; words.len()];
        self.words(offset, words);
        for _ in 0..3 {
            self.fence();
            self.words(offset, &mut again);
            if again == words {
                return true;
            }
            words.copy_from_slice(&again);
        }
        false
    }
}
