//! What this thread works on just now.

use core::fmt;

use super::entry::Entry;
use super::op::Op;
use super::text::{self, Label};
use super::this_thread::{self, ThisThread};
use crate::on::sites::site::Site;
use crate::on::sites::tags;
use crate::outcome::Asked;
use crate::trace::TraceContext;

/// What this thread works on, if that is still in flight.
#[inline]
pub(super) fn entry_here(this: &ThisThread) -> Option<&'static Entry> {
    this.here(this.table()?)
}

/// The id of what this thread works on, if that is still in flight.
#[cfg(feature = "tokio")]
pub(crate) fn id_here() -> Option<u64> {
    this_thread::exclusive(|this| entry_here(this).map(Entry::id)).flatten()
}

/// The operation has another status.
#[inline]
pub fn status_of(op: &Op, site: &'static Site) -> Asked {
    if let (Some(entry), Some(spent)) = (op.entry, site.spent) {
        this_thread::exclusive(|_| entry.status(spent));
    }
    op.asked()
}

/// What this thread works on has another status, and the thread is at that line.
#[inline(never)]
pub fn status_here(site: &'static Site) -> Asked {
    tags::at(site);
    let asked = this_thread::exclusive(|this| {
        let entry = entry_here(this)?;
        if let Some(spent) = site.spent {
            entry.status(spent);
        }
        Some(entry.sees_cancel())
    });
    Asked::from(asked.flatten().unwrap_or(false))
}

/// Whether cancellation of what this thread works on was requested.
#[inline]
pub fn asked_here() -> Asked {
    let asked = this_thread::exclusive(|this| entry_here(this).map(Entry::sees_cancel));
    Asked::from(asked.flatten().unwrap_or(false))
}

/// What this thread works on is called otherwise from here on.
pub fn label_here(label: Label) {
    this_thread::exclusive(|this| {
        if let Some(entry) = entry_here(this) {
            entry.set_label(label);
        }
    });
}

/// What this thread works on is part of a trace of others'.
pub fn trace_here(context: impl Into<Option<TraceContext>>) {
    let Some(context) = context.into() else { return };
    this_thread::exclusive(|this| {
        if let Some(entry) = entry_here(this) {
            this.trace(entry, context);
        }
    });
}

/// What this thread works on is for somebody else.
pub fn peer_here(who: impl fmt::Display) {
    let who = text::peer(Label::none(), who);
    this_thread::exclusive(|this| {
        if let Some(entry) = entry_here(this) {
            entry.set_peer(&who);
        }
    });
}
