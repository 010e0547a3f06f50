//! What the connections of an io thread share while they have their turn.

use std::task::Waker;
use std::time::Instant;

use crate::command::counted::Counted;
use crate::command::name::Name;
use crate::command::spec::Command;
use crate::shared::Shared;
use crate::store::{Reader, Status};

/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// What the connections of a thread share while they have their turn.
pub(crate) struct Turn<'a> {
    /// What clients may ask for.
    pub(crate) commands: &'static [Command],
    /// The daemon.
    pub(crate) shared: &'a Shared,
    /// The last commit.
    pub(crate) reader: Reader,
    /// Makes this thread look for operations whose cancellation was requested.
    pub(crate) waker: Waker,
    /// How far the commits had come.
    pub(super) status: Status,
    pub(super) now: Instant,
    pub(super) scratch: Vec<u8>,
    pub(super) counted: Counted,
    pub(super) name: Name,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(shared: &'a Shared, commands: &'static [Command], waker: Waker) -> Self {
        let (reader, status) = (Reader::default(), Status::default());
        let scratch = vec![0; READ_BYTES];
        let (counted, name) = (Counted::default(), Name::default());
        let now = Instant::now();
        Self { commands, shared, reader, waker, status, now, scratch, counted, name }
    }

    /// Looks at the clock.
    pub(crate) fn look_at_clock(&mut self) {
        self.now = Instant::now();
    }

    /// Looks how far the commits have come.
    pub(crate) fn look_at_commits(&mut self) {
        self.status = self.shared.store.status();
    }
}
