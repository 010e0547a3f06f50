//! How much of a board is kept: whatever its bytes say, no more than this program may take. What there is no
//! room for is counted by kind, and said.

use std::collections::BTreeMap;

/// Bytes for what is copied from a board.
const COPIED: usize = 24 << 20;
/// Bytes for what is said of it: rows with their texts, each counted as often as it is said.
const SAID: usize = 18 << 20;

/// What is left.
#[derive(Clone, Debug)]
pub struct Room {
    left: usize,
    /// Records that found no room, by kind.
    pub left_out: BTreeMap<&'static str, u64>,
}

impl Room {
    /// For one reading of a board.
    pub(crate) fn new() -> Self {
        Self { left: COPIED, left_out: BTreeMap::new() }
    }

    /// For what is said of what was read, with what that did not take.
    pub(crate) fn said(&self) -> Self {
        Self { left: self.left + SAID, left_out: self.left_out.clone() }
    }

    /// Whether there is room for one more record of a kind; it is counted where not.
    pub(crate) fn take(&mut self, kind: &'static str, bytes: usize) -> bool {
        // Nothing comes after what was left out: rows are the first ones of their table.
        let left = self.left.checked_sub(bytes).filter(|_| !self.left_out.contains_key(kind));
        match left {
            Some(left) => self.left = left,
            None => self.leave(kind, 1),
        }
        left.is_some()
    }

    /// Counts records that are not even looked at.
    pub(crate) fn leave(&mut self, kind: &'static str, count: usize) {
        *self.left_out.entry(kind).or_default() += count as u64;
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.left
    }
}
