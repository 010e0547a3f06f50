//! Operations for those who can keep no guard of them, and name them by their id.

use core::marker::PhantomData;

use super::super::site::Site;
use super::mine;
use super::op::{Op, OpId, tenant_here};
use super::tenant::Tenant;
use super::text::Text;
use crate::outcome::Outcome;

/// Begins an operation that nobody works on yet and that is part of no other.
pub(in super::super) fn begin_alone(site: &'static Site, text: impl Text) -> Op {
    let tenant = mine::alone(|mine| mine.board()?.ops.begin(mine, site, text, 0, 0));
    Op { tenant: tenant.flatten(), site, alone: PhantomData }
}

/// This thread works on the operation from now on. What it worked on before: to be handed to [`leave`].
#[inline]
pub(in super::super) fn enter(id: OpId) -> Option<u64> {
    let before = mine::alone(|mine| {
        mine.board()?.ops.find(id.0)?.hold(mine.holder());
        Some(mine.work_on(id.0))
    });
    before.flatten()
}

/// This thread works on it no longer, but on what it worked on `before`. From now on the operation is one
/// that goes on with nobody at work, as a future does.
#[inline]
pub(in super::super) fn leave(id: OpId, before: u64) {
    mine::alone(|mine| {
        if let Some(tenant) = mine.board().and_then(|board| board.ops.find(id.0)) {
            tenant.becomes_future();
            tenant.hold(0);
        }
        mine.back_to(before, id.0);
    });
}

/// What this thread works on ends as `outcome`, unless its own code says otherwise.
pub(in super::super) fn settle_here(outcome: Outcome) {
    here(|tenant| tenant.settle_outcome(outcome));
}

/// What this thread works on served `n` more.
#[cfg(feature = "tower")]
pub(in super::super) fn serve_here(n: u64) {
    here(|tenant| tenant.serve(n));
}

fn here(then: impl FnOnce(&Tenant)) {
    mine::alone(|mine| {
        if let Some(tenant) = tenant_here(mine) {
            then(tenant);
        }
    });
}
