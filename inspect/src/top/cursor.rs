//! Where one is in a list that is drawn again and again.

/// A place in a list that goes on and is sorted anew: it stays with its row.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// Row, from 0.
    pub index: usize,
    /// First row in sight.
    pub top: usize,
    id: Option<u64>,
}

impl Cursor {
    /// Goes so many rows down, or up.
    pub fn step(&mut self, by: isize) {
        self.index = self.index.saturating_add_signed(by);
        self.id = None;
    }

    /// Finds its row again among these, and keeps it in sight of so many.
    pub fn follow(&mut self, ids: &[u64], rows: usize) {
        let again = self.id.and_then(|id| ids.iter().position(|&other| other == id));
        self.index = again.unwrap_or(self.index).min(ids.len().saturating_sub(1));
        self.id = ids.get(self.index).copied();
        let lowest = (self.index + 1).saturating_sub(rows.max(1));
        self.top = self.top.clamp(lowest, self.index.max(lowest));
        self.top = self.top.min(ids.len().saturating_sub(rows));
    }

    /// Scrolls a text without a selection: the index is the first row in sight.
    pub fn scroll(&mut self, lines: usize, rows: usize) {
        self.index = self.index.min(lines.saturating_sub(rows));
        (self.top, self.id) = (self.index, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_with_its_row_and_in_sight() {
        let mut cursor = Cursor::default();
        let ids: Vec<u64> = (0..100).collect();
        cursor.follow(&ids, 10);
        cursor.step(55);
        cursor.follow(&ids, 10);
        assert_eq!((cursor.index, cursor.top), (55, 46));
        let turned: Vec<u64> = ids.iter().rev().copied().collect();
        cursor.follow(&turned, 10);
        assert_eq!((cursor.index, cursor.top), (44, 44));
        cursor.follow(&turned[..5], 10);
        assert_eq!((cursor.index, cursor.top), (4, 0));
        cursor.follow(&[], 0);
        assert_eq!((cursor.index, cursor.top), (0, 0));
        cursor.step(-1);
        cursor.follow(&[3], 1);
        assert_eq!((cursor.index, cursor.top), (0, 0));
    }
}
