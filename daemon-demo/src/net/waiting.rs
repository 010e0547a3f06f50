//! The command at hand, where it has to wait.

use probe::Op;

use super::turn::Turn;
use crate::command::spec::Held;
use crate::store::Admission;

/// The reply to one that was cancelled.
pub(super) const CANCELLED_UNSTARTED: &str =
    "CANCELLED the command was cancelled before it was run, it changed nothing";

/// The command at hand, which has to wait.
pub(super) struct Waiting {
    pub(super) held: Held,
    pub(super) op: Op,
}

impl Waiting {
    pub(super) fn is_over(&self, turn: &Turn<'_>) -> bool {
        match self.held {
            Held::Backlog => turn.shared.store.admit(turn.now) != Admission::Held,
            Held::Commit(generation) => {
                generation <= turn.status.committed || turn.status.failing.is_some()
            }
        }
    }
}
