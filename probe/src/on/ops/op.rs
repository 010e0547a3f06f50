//! The handle of an operation, and the guard that ends it.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::mine::{self, LOST, Mine};
use super::table::OpTable;
use super::tenant::{Holder, Tenant};
use super::text::{self, Label, Text};
use crate::on::sites::site::Site;
use crate::on::sites::tags;
use crate::on::thread::line::{self, Line};
use crate::outcome::{Asked, Cancelled, Outcome};

/// In place of what a thread worked on before: that did not change.
const SAME: u64 = u64::MAX;

/// The id of an operation: what `inspect ops` shows and `inspect ops cancel` takes. No other operation of
/// this process ever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpId(pub(super) u64);

impl fmt::Display for OpId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", (self.0 & 0xffff).saturating_sub(1), self.0 >> 16)
    }
}

/// An operation: from its beginning until this is dropped. It may go from thread to thread; for
/// whoever works on it for a while there is [`Op::enter`], and for a future [`Op::track`].
///
/// Dropped during a panic it ends as panicked; when its code saw that it was asked to end, as
/// cancelled; otherwise as [`Op::outcome`] says, or well.
pub struct Op {
    /// `None` without a board, or without room on it.
    pub(super) tenant: Option<&'static Tenant>,
    pub(super) site: &'static Site,
    /// One thread has it at a time.
    pub(super) alone: PhantomData<Cell<()>>,
}

impl fmt::Debug for Op {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Op").field("id", &self.id().map(|id| id.0)).finish_non_exhaustive()
    }
}

impl Op {
    /// Its id; `None` when it is not on the board.
    pub fn id(&self) -> Option<OpId> {
        self.tenant.map(|tenant| OpId(tenant.id()))
    }

    /// This thread works on it until the returned guard is dropped: it is what
    /// [`status!`](crate::status!) is about, and the parent of operations that begin here. The thread is where the
    /// operation began until it says otherwise, and afterwards where it was before. Two
    /// thread-local words and three stores, in and out each.
    #[inline]
    pub fn enter(&self) -> Entered<'_> {
        self.enter_at((0, 0))
    }

    /// As [`Op::enter`], and it had reached this line.
    #[inline]
    pub(super) fn enter_at(&self, line: (u64, u64)) -> Entered<'_> {
        let before = mine::alone(|mine| {
            // A thread that never probed finds its slot first.
            mine.table()?;
            if let Some(tenant) = self.tenant {
                tenant.hold(mine.worker());
            }
            Some(mine.work_on(self.tenant.map_or(LOST, Tenant::id)))
        });
        let before = before.flatten();
        let line = before.map_or(Line::NOWHERE, |_| line::go_on(self.site.tag(), line));
        Entered { op: self, before, line, bound: PhantomData }
    }

    /// It served `n` more: requests of a connection, rows of a job. Two stores.
    #[inline]
    pub fn served(&self, n: u64) {
        if let Some(tenant) = self.tenant {
            mine::alone(|_| tenant.serve(n));
        }
    }

    /// It is called otherwise from here on: a client's name is known after its first message. Takes whatever has a
    /// `Display`, `format_args!("client {id}")` for instance; see also [`label!`](crate::label!). An operation that began as
    /// `sensitive` keeps this label off the board as well.
    pub fn set_label(&self, label: impl fmt::Display) {
        if let Some(tenant) = self.tenant {
            let label = text::from_arguments(format_args!("{label}"));
            mine::alone(|_| tenant.set_label(label));
        }
    }

    /// It is for somebody else, or that is known only now; see also [`peer!`](crate::peer!).
    pub fn set_peer(&self, who: impl fmt::Display) {
        if let Some(tenant) = self.tenant {
            // Written out first: inside, nothing of the program's own runs.
            let who = text::peer(Label::none(), who);
            mine::alone(|_| tenant.set_peer(&who));
        }
    }

    /// How it will have ended.
    #[inline]
    pub fn outcome(&self, outcome: Outcome) {
        if let Some(tenant) = self.tenant {
            tenant.set_outcome(outcome);
        }
    }

    /// It will have failed.
    #[inline]
    pub fn fail(&self) {
        self.outcome(Outcome::Error);
    }

    /// Whether somebody asked it to end. One load. From then on it ends as cancelled, unless
    /// [`Op::outcome`] says otherwise.
    #[inline]
    pub fn asked(&self) -> Asked {
        Asked::from(self.tenant.is_some_and(Tenant::sees_cancel))
    }

    /// As [`Op::asked`], as an error.
    ///
    /// # Errors
    /// [`Cancelled`] when somebody asked it to end.
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        self.asked().check()
    }

    /// Ends it.
    #[inline]
    pub fn end(self, outcome: Outcome) {
        self.outcome(outcome);
    }

    /// Ends it as `outcome`, unless its own code said otherwise.
    #[inline]
    pub(super) fn settle(self, outcome: Outcome) {
        if let Some(tenant) = self.tenant {
            tenant.settle_outcome(outcome);
        }
    }

    /// From now on a future carries it.
    #[inline]
    pub(super) fn becomes_future(&self) {
        if let Some(tenant) = self.tenant {
            tenant.becomes_future();
        }
    }

    /// `waker` is woken when somebody asks it to end: for an event loop, or a future of one's own, that would
    /// not look otherwise. The last one given counts. Costs two atomic operations.
    pub fn wake_on_cancel(&self, waker: &core::task::Waker) {
        if let Some(tenant) = self.tenant {
            tenant.wake_on_cancel(waker);
        }
    }
}

impl Drop for Op {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(tenant) = self.tenant {
            end_detached(tenant, self.site);
        }
    }
}

#[inline(never)]
fn end_detached(tenant: &'static Tenant, site: &'static Site) {
    let panicking = std::thread::panicking();
    mine::alone(|mine| mine.end(tenant, site, panicking));
}

/// This thread works on an operation until this is dropped.
#[derive(Debug)]
#[must_use = "the thread works on the operation until this is dropped"]
pub struct Entered<'a> {
    op: &'a Op,
    before: Option<u64>,
    /// Where the thread was.
    line: Line,
    /// Never leaves its thread.
    bound: PhantomData<*const ()>,
}

impl core::ops::Deref for Entered<'_> {
    type Target = Op;
    #[inline]
    fn deref(&self) -> &Op {
        self.op
    }
}

impl Entered<'_> {
    /// The thread works on it no longer; the line that it had reached.
    #[inline]
    pub(super) fn leave(self) -> (u64, u64) {
        ManuallyDrop::new(self).end()
    }

    #[inline]
    fn end(&self) -> (u64, u64) {
        let Some(before) = self.before else { return (0, 0) };
        leave(self.op.tenant, before);
        line::go_back(self.line).reached()
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

/// This thread works on the operation no longer, but on what it worked on before.
#[inline]
fn leave(tenant: Option<&'static Tenant>, before: u64) {
    mine::alone(|mine| {
        if let Some(tenant) = tenant {
            tenant.hold(Holder::NOBODY);
        }
        mine.back_to(before, tenant.map_or(LOST, Tenant::id));
    });
}

/// As [`leave`], for an operation that found no room.
#[cold]
#[inline(never)]
fn leave_lost(before: u64, line: Line) {
    leave(None, before);
    line::go_back(line);
}

/// Guard of [`op!`](crate::op): the operation that this thread works on until it is dropped, which ends
/// it. Bound to its thread.
#[must_use = "the operation ends when this is dropped"]
pub struct Operation {
    op: ManuallyDrop<Op>,
    before: u64,
    /// Where the thread was.
    line: Line,
    bound: PhantomData<*const ()>,
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.op, formatter)
    }
}

impl core::ops::Deref for Operation {
    type Target = Op;
    #[inline]
    fn deref(&self) -> &Op {
        &self.op
    }
}

impl Operation {
    /// The operation goes on without this thread: to another one, or into a future.
    pub fn detach(self) -> Op {
        let this = ManuallyDrop::new(self);
        if this.before != SAME {
            leave(this.op.tenant, this.before);
            line::go_back(this.line);
        }
        Op { tenant: this.op.tenant, site: this.op.site, alone: PhantomData }
    }
}

impl Drop for Operation {
    #[inline(always)]
    fn drop(&mut self) {
        match self.op.tenant {
            Some(tenant) => end(tenant, self.op.site, self.before, self.line),
            None if self.before != SAME => leave_lost(self.before, self.line),
            None => {}
        }
    }
}

#[inline(never)]
fn end(tenant: &'static Tenant, site: &'static Site, before: u64, line: Line) {
    line::go_back(line);
    let panicking = std::thread::panicking();
    mine::alone(|mine| {
        mine.back_to(before, tenant.id());
        mine.end(tenant, site, panicking);
    });
}

/// Begins an operation that this thread works on.
#[inline(always)]
pub fn begin(site: &'static Site, text: impl Text, parent: Option<OpId>) -> Operation {
    let (tenant, before) = begin_here(site, text, parent.map_or(0, |id| id.0));
    let op = Op { tenant, site, alone: PhantomData };
    let line = line::go_on(site.tag(), (0, 0));
    Operation { op: ManuallyDrop::new(op), before, line, bound: PhantomData }
}

/// Begins an operation that nobody works on yet.
#[inline(always)]
pub fn begin_detached(site: &'static Site, text: impl Text, parent: Option<OpId>) -> Op {
    let tenant = begin_unheld(site, text, parent.map_or(0, |id| id.0));
    Op { tenant, site, alone: PhantomData }
}

/// Two words come back, in registers: what comes back in memory is copied in other pieces than it was
/// written in, and waits for that.
#[inline(never)]
fn begin_here(site: &'static Site, text: impl Text, parent: u64) -> (Option<&'static Tenant>, u64) {
    mine::alone(|mine| {
        let Some(table) = mine.table() else { return (None, SAME) };
        let parent = parent_of(mine, table, parent);
        let tenant = mine.begin(table, site, text, parent, mine.worker());
        (tenant, mine.work_on(tenant.map_or(LOST, Tenant::id)))
    })
    .unwrap_or((None, SAME))
}

#[inline(never)]
fn begin_unheld(site: &'static Site, text: impl Text, parent: u64) -> Option<&'static Tenant> {
    mine::alone(|mine| {
        let table = mine.table()?;
        let parent = parent_of(mine, table, parent);
        mine.begin(table, site, text, parent, Holder::NOBODY)
    })
    .flatten()
}

/// The parent as said, else what this thread works on.
#[inline(always)]
fn parent_of(mine: &Mine, table: &OpTable, said: u64) -> u64 {
    if said != 0 { said } else { mine.here(table).map_or(0, Tenant::id) }
}

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
