//! Operations for those who can keep no guard of them, and name them by their id.

#[cfg(feature = "tracing")]
use core::marker::PhantomData;

use super::here::tenant_here;
use super::mine;
use super::op::{Op, OpId};
#[cfg(feature = "tracing")]
use super::tenant::Holder;
#[cfg(feature = "tracing")]
use super::text::{Label, Text};
#[cfg(feature = "tracing")]
use crate::on::sites::site::Site;
#[cfg(feature = "tracing")]
use crate::outcome::Outcome;

#[cfg(feature = "tracing")]
/// Begins an operation that nobody works on yet and that is part of no other.
pub(crate) fn begin_alone(site: &'static Site, text: impl Text) -> Op {
    let tenant = mine::alone(|mine| mine.begin(mine.table()?, site, text, 0, Holder::NOBODY));
    Op { tenant: tenant.flatten(), site, alone: PhantomData }
}

#[cfg(feature = "tracing")]
/// This thread works on the operation from now on. What it worked on before: to be handed to [`leave`].
#[inline]
pub(crate) fn enter(id: OpId) -> Option<u64> {
    let before = mine::alone(|mine| {
        mine.table()?.find(id.0)?.hold(mine.worker());
        Some(mine.work_on(id.0))
    });
    before.flatten()
}

#[cfg(feature = "tracing")]
/// This thread works on it no longer, but on what it worked on `before`. From now on the operation is one
/// that goes on with nobody at work, as a future does.
#[inline]
pub(crate) fn leave(id: OpId, before: u64) {
    mine::alone(|mine| {
        if let Some(tenant) = mine.table().and_then(|table| table.find(id.0)) {
            tenant.becomes_future();
            tenant.hold(Holder::NOBODY);
        }
        mine.back_to(before, id.0);
    });
}

/// More is known of an operation: its label grows, its peer is another one if there is one.
#[cfg(feature = "tracing")]
pub(crate) fn add(op: &Op, more: &Label) {
    if let Some(tenant) = op.tenant {
        mine::alone(|_| tenant.add_texts(more));
    }
}

/// What this thread works on ends as `outcome`, unless its own code says otherwise.
#[cfg(feature = "tracing")]
pub(crate) fn settle_here(outcome: Outcome) {
    mine::alone(|mine| {
        if let Some(tenant) = tenant_here(mine) {
            tenant.settle_outcome(outcome);
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
    mine::alone(|mine| Some(OpId(tenant_here(mine)?.id()))).flatten()
}

/// What this thread works on served `n` more; its id.
#[cfg(feature = "tower")]
pub(crate) fn serve_here(n: u64) -> Option<OpId> {
    let served = mine::alone(|mine| {
        let tenant = tenant_here(mine)?;
        tenant.serve(n);
        Some(OpId(tenant.id()))
    });
    served.flatten()
}
