//! Operations for those who can keep no guard of them, and name them by their id.

#[cfg(feature = "tracing")]
use core::marker::PhantomData;

#[cfg(feature = "tracing")]
use super::entry::Holder;
use super::here::entry_here;
use super::op::{Op, OpId};
#[cfg(feature = "tracing")]
use super::text::{Label, Text};
use super::this_thread;
#[cfg(feature = "tracing")]
use crate::on::sites::site::Site;
#[cfg(feature = "tracing")]
use crate::outcome::Outcome;

#[cfg(feature = "tracing")]
/// Begins an operation that nobody works on yet and that is part of no other.
pub(crate) fn begin_alone(site: &'static Site, text: impl Text) -> Op {
    let entry =
        this_thread::exclusive(|this| this.begin(this.table()?, site, text, 0, Holder::NOBODY));
    Op { entry: entry.flatten().map(|(entry, _)| entry), site, not_sync: PhantomData }
}

#[cfg(feature = "tracing")]
/// This thread works on the operation from now on. What it worked on before: to be handed to [`leave`].
#[inline]
pub(crate) fn enter(id: OpId) -> Option<u64> {
    let before = this_thread::exclusive(|this| {
        this.table()?.find(id.0)?.hold(this.worker());
        Some(this.work_on(id.0))
    });
    before.flatten()
}

#[cfg(feature = "tracing")]
/// This thread works on it no longer, but on what it worked on `before`. From now on the operation is one
/// that goes on with nobody at work, as a future does.
#[inline]
pub(crate) fn leave(id: OpId, before: u64) {
    this_thread::exclusive(|this| {
        if let Some(entry) = this.table().and_then(|table| table.find(id.0)) {
            entry.becomes_future();
            entry.hold(Holder::NOBODY);
        }
        this.back_to(before, id.0);
    });
}

/// More is known of an operation: its label grows, its peer is another one if there is one.
#[cfg(feature = "tracing")]
pub(crate) fn add(op: &Op, more: &Label) {
    if let Some(entry) = op.entry {
        this_thread::exclusive(|_| entry.add_texts(more));
    }
}

/// What this thread works on ends as `outcome`, unless its own code says otherwise.
#[cfg(feature = "tracing")]
pub(crate) fn settle_here(outcome: Outcome) {
    this_thread::exclusive(|this| {
        if let Some(entry) = entry_here(this) {
            entry.end_unless_said(outcome);
        }
    });
}

/// From now on a future carries the operation.
#[cfg(feature = "tower")]
pub(crate) fn becomes_future(op: &Op) {
    op.becomes_future();
}

/// What this thread works on.
#[cfg(feature = "tower")]
pub(crate) fn here() -> Option<OpId> {
    this_thread::exclusive(|this| Some(OpId(entry_here(this)?.id()))).flatten()
}

/// What this thread works on served `n` more; its id.
#[cfg(feature = "tower")]
pub(crate) fn serve_here(n: u64) -> Option<OpId> {
    let served = this_thread::exclusive(|this| {
        let entry = entry_here(this)?;
        entry.serve(n);
        Some(OpId(entry.id()))
    });
    served.flatten()
}
