//! The only unit the board is made of.

/// Bytes of a word, the only unit the board is made of.
pub const WORD: usize = 8;
