//! What several targets share: numbers out of the input, a board made of it, and a file for what reads files.

use std::path::PathBuf;

/// The input, taken from its front; at its end there are zeroes.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// Whether all of it was taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next so many bytes, or as many as are left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        let mut word = [0; 8];
        let taken = self.bytes(8);
        word[..taken.len()].copy_from_slice(taken);
        u64::from_le_bytes(word)
    }
}

/// Changes words of a board as the input says: of its header, where something stands, beside it, or anywhere. What is
/// there afterwards is a number of the input's, a small one, a flipped one, or another word of the board.
pub fn patch(board: &mut [u64], standing: &[usize], mut input: Input<'_>) {
    while !input.is_empty() {
        let how = input.byte();
        let place = usize::from(input.byte()) | usize::from(input.byte()) << 8;
        let word = input.number();
        let at = match how & 3 {
            0 => place % 0xe0,
            1 => standing[place % standing.len()],
            2 => (standing[place % standing.len()] + (how >> 4) as usize) % board.len(),
            _ => place * board.len() / 0x1_0000,
        };
        board[at] = match how >> 2 & 3 {
            0 => word,
            1 => board[at] ^ word,
            2 => word % 70_000,
            _ => board[word as usize % board.len()],
        };
    }
}

/// Where something stands on a board.
pub fn standing(board: &[u64]) -> Vec<usize> {
    (0..board.len()).filter(|at| board[*at] != 0).collect()
}

/// A directory of this process's own, in memory.
pub fn directory(of: &str) -> PathBuf {
    let path = PathBuf::from(format!("/dev/shm/fuzz-{of}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// Nothing that a terminal would obey is in what goes there.
pub fn is_plain(text: &str) -> bool {
    text.chars().all(|char| {
        char == '\n' || !char.is_control() && !('\u{202a}'..='\u{202e}').contains(&char)
    })
}
