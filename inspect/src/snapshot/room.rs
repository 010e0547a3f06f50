//! How much of a board is kept: whatever its bytes say, no more than this program may take. What there is no
//! room for is counted by kind, and said.

use std::collections::{BTreeMap, BTreeSet};

/// Bytes for what is copied from a board.
const COPIED: usize = 24 << 20;
/// Bytes for what is said of it: rows with their texts, each counted as often as it is said.
const SAID: usize = 18 << 20;

/// Bytes of JSON for the same: a text of controls is six times as long there, and a row of numbers twice as long as in
/// memory.
const TOLD: usize = 48 << 20;

/// What a row takes: in memory, and as JSON at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) held: usize,
    pub(crate) told: usize,
}

/// What is left.
#[derive(Clone, Debug)]
pub struct Room {
    left: usize,
    told: usize,
    /// Kinds of which nothing more comes: what was left out of what was read says nothing of what is said.
    full: BTreeSet<&'static str>,
    /// Records that found no room, by kind.
    pub left_out: BTreeMap<&'static str, u64>,
}

impl Room {
    /// For one reading of a board with so many bytes of text.
    pub(crate) fn new(text: u64) -> Self {
        let text = usize::try_from(text).unwrap_or(COPIED);
        let left = COPIED.saturating_sub(text);
        Self { left, told: TOLD, full: BTreeSet::new(), left_out: BTreeMap::new() }
    }

    /// For what is said of what was read, with what that did not take.
    pub(crate) fn said(&self) -> Self {
        Self { left: self.left + SAID, full: BTreeSet::new(), ..self.clone() }
    }

    /// Whether there is room to say one more row of a kind; it is counted where not.
    pub(crate) fn say(&mut self, kind: &'static str, size: Size) -> bool {
        let told = self.told.checked_sub(size.told);
        let fits = self.take(kind, if told.is_some() { size.held } else { usize::MAX });
        if let Some(told) = told.filter(|_| fits) {
            self.told = told;
        }
        fits
    }

    /// Whether all of a kind found room so far.
    pub(crate) fn has(&self, kind: &'static str) -> bool {
        !self.full.contains(kind)
    }

    /// Whether there is room for one more record of a kind; it is counted where not.
    pub(crate) fn take(&mut self, kind: &'static str, bytes: usize) -> bool {
        // Nothing comes after what was left out: rows are the first ones of their table.
        let left = self.left.checked_sub(bytes).filter(|_| self.has(kind));
        match left {
            Some(left) => self.left = left,
            None => self.leave(kind, 1),
        }
        left.is_some()
    }

    /// Takes room for what is there anyway.
    pub(crate) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Counts records that are not even looked at.
    pub(crate) fn leave(&mut self, kind: &'static str, count: usize) {
        self.full.insert(kind);
        *self.left_out.entry(kind).or_default() += count as u64;
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Naively whatever was read of a kind was not said, because there was more of it.
    #[test]
    fn what_was_read_is_said_though_there_was_more() {
        let mut room = Room::new(COPIED as u64 - 10);
        let read: Vec<u32> = (0..4).filter(|_| room.take("threads", 4)).collect();
        assert_eq!((read.len(), room.left_out["threads"], room.has("threads")), (2, 2, false));
        let mut said = room.said();
        assert!(read.iter().all(|_| said.say("threads", Size { held: 4, told: TOLD / 2 })));
        // What finds no room as JSON takes none in memory.
        let left = said.left();
        assert!(!said.say("threads", Size { held: 4, told: 1 + TOLD % 2 }));
        assert_eq!((said.left(), said.left_out["threads"]), (left, 3));
    }
}
