//! What this thread works on just now.

use core::fmt;

use super::mine::{self, Mine};
use super::op::Op;
use super::tenant::Tenant;
use super::text::{self, Label};
use crate::on::sites::site::Site;
use crate::on::sites::tags;
use crate::outcome::Asked;

/// What this thread works on, if that is still in flight.
#[inline]
pub(super) fn tenant_here(mine: &Mine) -> Option<&'static Tenant> {
    mine.here(mine.table()?)
}

/// The operation has another status.
#[inline]
pub fn status_of(op: &Op, site: &'static Site) -> Asked {
    if let (Some(tenant), Some(spent)) = (op.tenant, site.spent) {
        mine::alone(|_| tenant.status(spent));
    }
    op.asked()
}

/// What this thread works on has another status, and the thread is at that line.
#[inline(never)]
pub fn status_here(site: &'static Site) -> Asked {
    tags::at(site);
    let asked = mine::alone(|mine| {
        let tenant = tenant_here(mine)?;
        if let Some(spent) = site.spent {
            tenant.status(spent);
        }
        Some(tenant.sees_cancel())
    });
    Asked::from(asked.flatten().unwrap_or(false))
}

/// Whether what this thread works on was asked to end.
#[inline]
pub fn asked_here() -> Asked {
    let asked = mine::alone(|mine| tenant_here(mine).map(Tenant::sees_cancel));
    Asked::from(asked.flatten().unwrap_or(false))
}

/// What this thread works on is called otherwise from here on.
pub fn label_here(label: Label) {
    mine::alone(|mine| {
        if let Some(tenant) = tenant_here(mine) {
            tenant.set_label(label);
        }
    });
}

/// What this thread works on is for somebody else.
pub fn peer_here(who: impl fmt::Display) {
    let who = text::peer(Label::none(), who);
    mine::alone(|mine| {
        if let Some(tenant) = tenant_here(mine) {
            tenant.set_peer(&who);
        }
    });
}
