//! Beginning an operation, and the guard that ends it on the thread that began it. What that writes into the
//! record is in `entry`.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::entry::{Entry, Holder};
use super::op::{Op, OpId, leave};
use super::table::OpTable;
use super::text::Text;
use super::this_thread::{self, LOST, ThisThread};
use crate::on::sites::site::Site;
use crate::on::thread::line::{self, Line};

/// In place of what a thread worked on before: that did not change.
const SAME: u64 = u64::MAX;

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
            leave(this.op.entry, this.before);
            line::go_back(this.line);
        }
        Op { entry: this.op.entry, site: this.op.site, not_sync: PhantomData }
    }
}

impl Drop for Operation {
    #[inline(always)]
    fn drop(&mut self) {
        match self.op.entry {
            Some(entry) => end(entry, self.op.site, self.before, self.line),
            None if self.before != SAME => leave_lost(self.before, self.line),
            None => {}
        }
    }
}

#[inline(never)]
fn end(entry: &'static Entry, site: &'static Site, before: u64, line: Line) {
    line::go_back(line);
    let panicking = std::thread::panicking();
    this_thread::exclusive(|this| {
        this.back_to(before, entry.id());
        this.end(entry, site, panicking);
    });
}

/// Begins an operation that this thread works on.
#[inline(always)]
pub fn begin(site: &'static Site, text: impl Text, parent: Option<OpId>) -> Operation {
    let (entry, before) = begin_here(site, text, parent.map_or(0, |id| id.0));
    let op = Op { entry, site, not_sync: PhantomData };
    let line = line::go_on(site.tag(), (0, 0));
    Operation { op: ManuallyDrop::new(op), before, line, bound: PhantomData }
}

/// Begins an operation that nobody works on yet.
#[inline(always)]
pub fn begin_detached(site: &'static Site, text: impl Text, parent: Option<OpId>) -> Op {
    let entry = begin_unheld(site, text, parent.map_or(0, |id| id.0));
    Op { entry, site, not_sync: PhantomData }
}

/// Two words come back, in registers: what comes back in memory is copied in other pieces than it was
/// written in, and waits for that.
#[inline(never)]
fn begin_here(site: &'static Site, text: impl Text, parent: u64) -> (Option<&'static Entry>, u64) {
    this_thread::exclusive(|this| {
        let Some(table) = this.table() else { return (None, SAME) };
        let parent = parent_of(this, table, parent);
        match this.begin(table, site, text, parent, this.worker()) {
            Some((entry, id)) => (Some(entry), this.work_on(id)),
            None => (None, this.work_on(LOST)),
        }
    })
    .unwrap_or((None, SAME))
}

#[inline(never)]
fn begin_unheld(site: &'static Site, text: impl Text, parent: u64) -> Option<&'static Entry> {
    this_thread::exclusive(|this| {
        let table = this.table()?;
        let parent = parent_of(this, table, parent);
        this.begin(table, site, text, parent, Holder::NOBODY).map(|(entry, _)| entry)
    })
    .flatten()
}

/// The parent as said, else what this thread works on.
#[inline(always)]
fn parent_of(this: &ThisThread, table: &OpTable, said: u64) -> u64 {
    if said != 0 { said } else { this.here(table).map_or(0, |_| this.current()) }
}
