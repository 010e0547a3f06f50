//! Numbers that all io threads share are changed once for what a turn did, not with every command of a pipeline: a
//! word that several processors write costs each of them more than a short command's own counters together.

use std::time::Instant;

use crate::metrics::COMMANDS_BY_NAME;
use crate::shared::Shared;

/// What is not on the board yet.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Commands of one kind in a row.
    index: usize,
    commands: u64,
    /// Whether the backlog may have changed.
    wrote: bool,
}

impl Counted {
    /// One more command begins.
    pub(super) fn command(&mut self, shared: &Shared, index: usize) {
        if self.index != index {
            self.count(shared);
            self.index = index;
        }
        self.commands += 1;
    }

    /// It may submit something.
    pub(super) fn writes(&mut self) {
        self.wrote = true;
    }

    /// Counts all of it, as commands that come alone do at once.
    pub(crate) fn count(&mut self, shared: &Shared) {
        let counted = std::mem::take(&mut self.commands);
        if let (Some((name, counter)), true) = (shared.by_name.get(self.index), counted > 0) {
            let counter = counter.get_or_init(|| probe::member!(COMMANDS_BY_NAME, *name));
            probe::count!(*counter, counted);
        }
    }

    /// The turn of a connection is over.
    pub(crate) fn end(&mut self, shared: &Shared, now: Instant) {
        self.count(shared);
        if std::mem::take(&mut self.wrote) {
            shared.store.note_backlog(now);
        }
    }
}
