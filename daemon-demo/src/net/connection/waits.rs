//! What a connection waits for, and what becomes of it when somebody asks it or a command of it to end.

use std::task::Waker;

use probe::Outcome;

use super::super::in_flight::{Doing, give_up, watch};
use super::super::turn::Turn;
use super::super::waiting::Waiting;
use super::{Connection, Next, Phase};
use crate::command::refusal::misconf;
use crate::command::spec::Held;
use crate::metrics::{HELD, SLOWED};
use crate::resp::reply;

// Replies to those that were cancelled.
const CANCELLED_WRITTEN: &str =
    "CANCELLED the command was cancelled while it waited for its commit, which still writes it";
const CANCELLED_CONNECTION: &str = "CANCELLED the connection was cancelled, nothing more is run";

impl Connection {
    /// Whether it, or a command of it that waits, was cancelled.
    pub(crate) fn is_asked(&self) -> bool {
        self.in_flight.is_asked()
            || self.waiting.as_ref().is_some_and(|waiting| waiting.op.asked().is_cancelled())
            || self.output.is_asked()
    }

    /// What it does from now on.
    pub(super) fn doing(&self, next: Next) -> Doing {
        if self.phase != Phase::Open {
            Doing::Linger
        } else if !self.writable && !self.output.sendable().is_empty() {
            Doing::Send
        } else if self.waiting.is_some() || self.output.is_held() {
            Doing::Held
        } else if next == Next::Eager {
            Doing::Run
        } else if !self.input.is_empty() {
            Doing::Receive
        } else {
            Doing::Rest
        }
    }

    /// Replies that waited for a commit and will not be what they are: because commits fail, or because
    /// somebody asked the command to end.
    pub(super) fn fail_replies(&mut self, turn: &Turn<'_>) {
        if let Some(error) = &turn.status.failing {
            let text = error_reply(&misconf(error));
            self.output.fail(&text, |op| {
                op.fail();
                true
            });
        } else if self.output.is_asked() {
            let text = error_reply(CANCELLED_WRITTEN);
            self.output.fail(&text, |op| op.asked().is_cancelled());
        }
    }

    /// Somebody asked the whole connection to end: its client is told so, and nothing more is run.
    pub(super) fn end_as_asked(&mut self) {
        if self.phase == Phase::Open {
            let written = error_reply(CANCELLED_WRITTEN);
            self.output.fail(&written, |op| {
                op.set_outcome(Outcome::Cancelled);
                true
            });
            if let Some(waiting) = self.let_go() {
                give_up(waiting.op);
            }
            reply::error(self.output.buffer(), CANCELLED_CONNECTION);
            self.phase = Phase::Closing;
        }
    }

    /// The command at hand has to wait. `before`: what it waited for already.
    pub(super) fn wait(&mut self, waiting: Waiting, before: Option<Held>, waker: &Waker) {
        let Waiting { held, op } = &waiting;
        if *held == Held::Backlog {
            probe::adjust!(HELD, 1);
        }
        // One that was let go for nothing waits as long as it did.
        if before != Some(*held) {
            match held {
                Held::Backlog => {
                    probe::count!(SLOWED);
                    probe::op_status!(op, wait, "backlog");
                }
                Held::Commit(_) => _ = probe::op_status!(op, wait, "updates"),
            }
            watch(op, waker);
        }
        self.waiting = Some(waiting);
    }

    pub(super) fn let_go(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.take();
        if waiting.as_ref().is_some_and(|waiting| waiting.held == Held::Backlog) {
            probe::adjust!(HELD, -1);
        }
        waiting
    }
}

/// An error reply by itself.
fn error_reply(text: &str) -> Vec<u8> {
    let mut reply = Vec::new();
    reply::error(&mut reply, text);
    reply
}
