//! What a connection is to those who look from outside: an operation, with a status that says what it
//! waits for.
//!
//! A status costs two clock reads' worth of time, so it changes once or twice in a turn and not with
//! every command of a pipeline.

use std::cell::Cell;
use std::net::SocketAddr;
use std::task::Waker;

use probe::{Entered, Op, Outcome};

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing: the client has all that it asked for.
    Rest,
    /// Half a command came.
    Receive,
    Run,
    /// A command waits, and is an operation of its own that says for what.
    Held,
    /// The client does not read.
    Send,
    /// It is over, and the client is to see the last reply.
    Linger,
}

/// The operation of a connection.
pub(super) struct InFlight {
    op: Op,
    doing: Cell<Doing>,
    /// Commands run in this turn.
    served: Cell<u64>,
}

impl InFlight {
    /// Begins one; `waker` is woken when its cancellation is requested.
    pub(super) fn begin(peer: SocketAddr, waker: &Waker) -> Self {
        let op = probe::begin_op!("connection", peer = peer);
        probe::op_status!(op, idle, "wait for a command");
        watch(&op, waker);
        Self { op, doing: Cell::new(Doing::Rest), served: Cell::new(0) }
    }

    /// This thread works on it.
    pub(super) fn enter(&self) -> Entered<'_> {
        self.op.enter()
    }

    /// Whether its cancellation was requested.
    pub(super) fn is_asked(&self) -> bool {
        self.op.asked().is_cancelled()
    }

    /// It will have failed, unless its cancellation was requested.
    pub(super) fn fail(&self) {
        if !self.is_asked() {
            self.op.fail();
        }
    }

    /// It begins to run a command.
    pub(super) fn runs(&self) {
        self.becomes(Doing::Run);
    }

    /// A command was run.
    pub(super) fn served(&self) {
        self.served.set(self.served.get() + 1);
    }

    /// The turn is over, and leaves it so. `carried`: something from before this turn still waits.
    pub(super) fn rests(&self, doing: Doing, carried: bool) {
        let served = self.served.take();
        if served > 0 {
            self.op.served(served);
            if !carried && doing != Doing::Run {
                // What it waits for now began just now: all that was before is done.
                self.becomes(Doing::Rest);
            }
        }
        self.becomes(doing);
    }

    fn becomes(&self, doing: Doing) {
        if self.doing.replace(doing) == doing {
            return;
        }
        let op = &self.op;
        match doing {
            Doing::Rest => probe::op_status!(op, idle, "wait for a command"),
            Doing::Receive => probe::op_status!(op, wait, "receive a command"),
            Doing::Run => probe::op_status!(op, "run"),
            Doing::Held => probe::op_status!(op, wait, "command waits"),
            Doing::Send => probe::op_status!(op, wait, "send"),
            Doing::Linger => probe::op_status!(op, wait, "linger"),
        };
    }
}

/// `waker` is woken when its cancellation is requested, also if that is already so.
pub(super) fn watch(op: &Op, waker: &Waker) {
    op.wake_on_cancel(waker);
    if op.asked().is_cancelled() {
        waker.wake_by_ref();
    }
}

/// The operation ends without its reply: nobody is there any more who would read it.
pub(super) fn give_up(op: Op) {
    op.end(Outcome::Cancelled);
}
