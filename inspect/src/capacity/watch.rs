//! Who takes the looks.

use std::time::Duration;

use super::answer::Group;
use super::groups::groups;
use super::look::{Counted, Series};
use crate::clock::Moment;
use crate::derive::clock::Clock;
use crate::error::OpenError;
use crate::liveness::State;
use crate::open_board::OpenBoard;
use crate::snapshot::{Depth, Snapshot};
use crate::words::label::Label;

/// From look to look: five of them in the interval by which a queue is told to stand.
pub const APART: Duration = Duration::from_millis(20);

/// Looks at one board.
#[derive(Debug, Default)]
pub struct Watch {
    series: Series,
    counted: Counted,
}

impl Watch {
    /// Takes a look.
    ///
    /// # Errors
    /// As [`OpenBoard::report`].
    pub fn look(&mut self, board: &mut OpenBoard) -> Result<(), OpenError> {
        let still = board.is_saved() || board.context.state != State::Live;
        if still && !self.series.looks.is_empty() {
            return Ok(());
        }
        if !board.is_saved() {
            board.context.moment = Moment::now(board.context.moment.tsc != 0);
        }
        let snapshot = Snapshot::take(&board.board, Depth::Full)?;
        let header = &board.board.header;
        let live = board.context.state == State::Live;
        let clock = Clock::new(header, &snapshot, board.context.usable_moment(), live);
        if self.series.looks.is_empty() {
            self.series.board =
                snapshot.strings.get(header.name).unwrap_or_else(|| Label::from("?"));
            self.series.pid = header.pid;
        }
        self.series.still = match board.context.state {
            State::Dead => Some("dead"),
            State::Stopped => Some("stopped"),
            State::Live | State::Unreachable => None,
        };
        self.series.add(&snapshot, &clock, &mut self.counted);
        Ok(())
    }

    /// What is said by the looks so far.
    pub fn groups(&self) -> Vec<Group> {
        groups(&self.series)
    }
}
