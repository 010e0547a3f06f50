//! Requests of `tower` services as operations: what [`OpLayer`](crate::tower::OpLayer) does when probes are in.

mod ended;

use core::fmt;
use core::panic::Location;

use super::polls::Inside;
use crate::layout::{SITE_OP, SITE_SCOPE, SITE_STATUS};
use crate::on::describe::dynamic;
use crate::on::ops::emit::{begin_detached, from_arguments, peer, status_here, status_of};
use crate::on::ops::{Op, OpId, by_id};
use crate::on::sites::scope::Scope;
use crate::on::sites::site::{Class, Site};
pub use ended::End;

/// Where a layer is made: the kind of its operations, and the status of those whose answer is on its way.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    kind: &'static Site,
    body: &'static Site,
    connection: Option<Connection>,
}

/// What a connection's statuses are.
#[derive(Clone, Copy, Debug)]
struct Connection {
    serves: &'static Site,
    idle: &'static Site,
}

impl Origin {
    /// The layer made there. `None` when there are too many, and with `PROBE=off`.
    pub fn new(
        place: &'static Location<'static>,
        kind: &'static str,
        of_connection: bool,
    ) -> Option<Self> {
        if crate::on::ground::settings::is_off() {
            return None;
        }
        let at = |label, class, flags| dynamic::at(place, label, class, flags);
        let connection = || {
            Some(Connection {
                serves: at("request", Class::Work, SITE_STATUS)?,
                idle: at("idle", Class::Idle, SITE_STATUS)?,
            })
        };
        Some(Self {
            kind: at(kind, Class::Work, SITE_OP | SITE_SCOPE)?,
            body: at("body", Class::Work, SITE_STATUS)?,
            connection: if of_connection { Some(connection()?) } else { None },
        })
    }

    /// Begins an operation, as part of what this thread works on.
    pub fn begin(self, label: impl fmt::Display, who: Option<impl fmt::Display>) -> Op {
        let label = from_arguments(format_args!("{label}"));
        let label = match who {
            Some(who) => peer(label, who),
            None => label,
        };
        let op = begin_detached(self.kind, &label, None);
        by_id::becomes_future(&op);
        op
    }

    /// What this thread works on is a connection, and has a request.
    pub fn takes(self) -> Option<OpId> {
        let connection = self.connection?;
        let id = by_id::serve_here(1)?;
        _ = status_here(connection.serves);
        Some(id)
    }

    /// The request that the connection had has its answer. Not said where another thread, or nobody, works on
    /// the connection.
    pub fn gives_back(self, of: Option<OpId>) {
        if let (Some(connection), Some(id)) = (self.connection, of)
            && by_id::here() == Some(id)
        {
            _ = status_here(connection.idle);
        }
    }

    /// Runs `body` as work on the operation, in its scope.
    pub fn work<T>(self, op: &Op, body: impl FnOnce() -> T) -> T {
        let _polled = Inside::enter();
        let _scope = Scope::enter(self.kind);
        let _working = op.enter();
        body()
    }

    /// The answer's body is on its way.
    pub fn answers(self, op: &Op) {
        _ = status_of(op, self.body);
    }

    /// The request ended.
    pub fn ended(self, end: End) {
        ended::count(end);
    }
}
