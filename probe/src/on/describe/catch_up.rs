//! Sites that were made at run time since the board was last described. Nobody waits for a lock: whoever finds the
//! scribe at work leaves the rest to him, also in a signal handler that interrupted him.

use core::sync::atomic::{Ordering, fence};

use super::scribe::{self, Scribe};
use crate::on::board::tables::Board;
use crate::on::sites::filter::Filter;

/// Describes what is new on this process's board; false when it has none.
pub(super) fn catch_up() -> bool {
    let Some((board, scribe)) = scribe::current() else { return false };
    loop {
        // Between hanging up a site and looking whether somebody describes, and between the end of
        // describing and the last look: one of the two sees the other.
        fence(Ordering::SeqCst);
        let Ok(mut scribe) = scribe.try_lock() else { return true };
        scribe.catch_up(board);
        let next = scribe.next;
        drop(scribe);
        fence(Ordering::SeqCst);
        if next.get().is_none() {
            return true;
        }
    }
}

impl Scribe {
    /// Writes the sites that were made since the last time.
    pub(super) fn catch_up(&mut self, board: &Board) {
        while let Some(node) = self.next.get() {
            let filter = std::mem::take(&mut self.filter);
            self.site(board, &Filter::parse(&filter, |_| ()), &node.site);
            self.filter = filter;
            if let Some(kind) = node.site.kind {
                self.kind(board, kind, node.site.label);
            }
            node.written();
            self.next = &node.next;
        }
    }
}
