//! The handle of an operation, and the guard that ends it.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use super::super::board;
use super::super::local;
use super::super::site::Site;
use super::mine::{self, Current};
use super::table::OpTable;
use super::text::Label;
use crate::layout::op_id;
use crate::outcome::{Asked, Cancelled, Outcome};

/// The id of an operation: what `inspect ops` shows and `inspect ops cancel` takes. No other operation of
/// this process ever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpId(u64);

impl fmt::Display for OpId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", (self.0 & 0xffff).saturating_sub(1), self.0 >> 16)
    }
}

/// An operation's record.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) table: &'static OpTable,
    pub(super) record: u32,
    pub(super) generation: u64,
}

impl Place {
    #[inline(always)]
    pub(super) fn index(&self) -> usize {
        self.record as usize
    }

    #[inline(always)]
    pub(super) fn current(&self) -> Current {
        Current { record: self.record + 1, generation: self.generation }
    }
}

/// An operation: from its beginning until this is dropped. It may go from thread to thread; for
/// whoever works on it for a while there is [`Op::enter`], and for a future [`Op::track`].
///
/// Dropped during a panic it ends as panicked; when its code saw that it was asked to end, as
/// cancelled; otherwise as [`Op::outcome`] says, or well.
pub struct Op {
    /// `None` without a board, or without room on it.
    place: Option<Place>,
    site: &'static Site,
    outcome: Cell<Option<Outcome>>,
}

impl fmt::Debug for Op {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Op").field("id", &self.id().map(|id| id.0)).finish_non_exhaustive()
    }
}

impl Op {
    /// Begins an operation that nobody works on yet.
    #[doc(hidden)]
    #[inline]
    pub fn begin(site: &'static Site, label: &Label, parent: Option<OpId>) -> Self {
        Self::begin_as(site, label, parent, 0)
    }

    #[inline]
    pub(super) fn begin_as(
        site: &'static Site,
        label: &Label,
        parent: Option<OpId>,
        flags: u64,
    ) -> Self {
        let place = mine::alone(|mine| {
            let table = &mine.board()?.ops;
            let parent = parent.map_or_else(|| id_of(mine.current()), |id| id.0);
            placed(table, table.begin(mine, site, label, parent, 0, flags))
        });
        Self { place: place.flatten(), site, outcome: Cell::new(None) }
    }

    /// Its id; `None` when it is not on the board.
    pub fn id(&self) -> Option<OpId> {
        self.place.map(|place| OpId(op_id(place.index(), place.generation)))
    }

    /// This thread works on it until the returned guard is dropped: it is what
    /// [`status!`](crate::status) is about, and the parent of operations that begin here. Two
    /// thread-local words and two stores, in and out each.
    #[inline]
    pub fn enter(&self) -> Entered<'_> {
        let before = self.place.and_then(|place| {
            mine::alone(|mine| {
                // A thread that never probed finds its slot first.
                mine.board()?;
                place.table.hold(place.index(), mine.holder());
                Some(mine.work_on(place.current()))
            })
        });
        Entered { op: self, before: before.flatten(), bound: PhantomData }
    }

    /// It served `n` more: requests of a connection, rows of a job. Two stores.
    #[inline]
    pub fn served(&self, n: u64) {
        if let Some(place) = self.place {
            mine::alone(|_| place.table.serve(place.index(), place.generation, n));
        }
    }

    /// How it will have ended.
    pub fn outcome(&self, outcome: Outcome) {
        self.outcome.set(Some(outcome));
    }

    /// It will have failed.
    pub fn fail(&self) {
        self.outcome(Outcome::Error);
    }

    /// Whether somebody asked it to end. One load. From then on it ends as cancelled, unless
    /// [`Op::outcome`] says otherwise.
    #[inline]
    pub fn asked(&self) -> Asked {
        let asked = self
            .place
            .is_some_and(|place| place.table.is_cancelled(place.index(), place.generation));
        if asked && self.outcome.get().is_none() {
            self.outcome.set(Some(Outcome::Cancelled));
        }
        Asked::from(asked)
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
    pub fn end(self, outcome: Outcome) {
        self.outcome.set(Some(outcome));
    }

    #[inline(always)]
    fn ended_as(&self) -> Outcome {
        if std::thread::panicking() {
            return Outcome::Panicked;
        }
        self.outcome.get().unwrap_or(Outcome::Ok)
    }

    /// Ends it as `outcome`, unless its own code said otherwise.
    #[inline]
    pub(super) fn settle(self, outcome: Outcome) {
        if self.outcome.get().is_none() {
            self.outcome.set(Some(outcome));
        }
    }

    /// From now on a future carries it.
    #[inline]
    pub(super) fn becomes_future(&self) {
        if let Some(place) = self.place {
            place.table.becomes_future(place.index());
        }
    }

    /// Who is to be woken when somebody asks it to end.
    pub(super) fn wake_on_cancel(&self, waker: &core::task::Waker) {
        if let Some(place) = self.place {
            place.table.wake_on_cancel(place.index(), waker);
        }
    }
}

impl Drop for Op {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let outcome = self.ended_as();
            mine::alone(|mine| {
                place.table.end(mine, place.index(), place.generation, self.site, outcome);
            });
        }
    }
}

#[inline(always)]
fn placed(table: &'static OpTable, begun: Option<(usize, u64)>) -> Option<Place> {
    match begun {
        Some((record, generation)) => Some(Place { table, record: record as u32, generation }),
        None => {
            board::lost(|lost| &lost.ops);
            None
        }
    }
}

#[inline(always)]
fn id_of(current: Current) -> u64 {
    match (current.record as usize).checked_sub(1) {
        Some(record) => op_id(record, current.generation),
        None => 0,
    }
}

/// This thread works on an operation until this is dropped.
#[derive(Debug)]
#[must_use = "the thread works on the operation until this is dropped"]
pub struct Entered<'a> {
    op: &'a Op,
    before: Option<Current>,
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

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        if let (Some(before), Some(place)) = (self.before, self.op.place) {
            mine::alone(|mine| {
                place.table.hold(place.index(), 0);
                mine.back_to(before, place.current());
            });
        }
    }
}

/// Guard of [`op!`](crate::op): the operation that this thread works on until it is dropped, which ends
/// it. Bound to its thread.
#[must_use = "the operation ends when this is dropped"]
pub struct Operation {
    op: core::mem::ManuallyDrop<Op>,
    before: Current,
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
        let mut this = core::mem::ManuallyDrop::new(self);
        this.leave();
        Op { place: this.op.place, site: this.op.site, outcome: this.op.outcome.clone() }
    }

    fn leave(&mut self) {
        if let Some(place) = self.op.place {
            mine::alone(|mine| {
                place.table.hold(place.index(), 0);
                mine.back_to(self.before, place.current());
            });
        }
    }
}

impl Drop for Operation {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.op.place {
            let outcome = self.op.ended_as();
            mine::alone(|mine| {
                mine.back_to(self.before, place.current());
                place.table.end(mine, place.index(), place.generation, self.op.site, outcome);
            });
        }
    }
}

/// Begins an operation that this thread works on.
#[inline]
pub fn begin(site: &'static Site, label: &Label, parent: Option<OpId>) -> Operation {
    let begun = mine::alone(|mine| {
        let table = &mine.board()?.ops;
        let outer = mine.current();
        let parent = parent.map_or_else(|| id_of(outer), |id| id.0);
        let begun = table.begin(mine, site, label, parent, mine.holder(), 0);
        let place = placed(table, begun)?;
        mine.work_on(place.current());
        Some((place, outer))
    });
    let (place, before) = match begun.flatten() {
        Some((place, before)) => (Some(place), before),
        None => (None, Current::NONE),
    };
    let op = Op { place, site, outcome: Cell::new(None) };
    Operation { op: core::mem::ManuallyDrop::new(op), before, bound: PhantomData }
}

/// Begins an operation that nobody works on yet.
#[inline]
pub fn begin_detached(site: &'static Site, label: &Label, parent: Option<OpId>) -> Op {
    Op::begin(site, label, parent)
}

/// The operation has another status.
#[inline]
pub fn status_of(op: &Op, site: &'static Site) -> Asked {
    if let (Some(place), Some(spent)) = (op.place, site.spent) {
        mine::alone(|_| place.table.status(place.index(), place.generation, spent));
    }
    op.asked()
}

/// What this thread works on has another status, and the thread is at that line.
#[inline]
pub fn status_here(site: &'static Site) -> Asked {
    local::at(site);
    let asked = mine::alone(|mine| {
        let (board, current) = (mine.board()?, mine.current());
        let record = (current.record as usize).checked_sub(1)?;
        if let Some(spent) = site.spent {
            board.ops.status(record, current.generation, spent);
        }
        Some(board.ops.is_cancelled(record, current.generation))
    });
    Asked::from(asked.flatten().unwrap_or(false))
}

/// Whether what this thread works on was asked to end.
#[inline]
pub fn asked_here() -> Asked {
    let asked = mine::alone(|mine| {
        let (board, current) = (mine.board()?, mine.current());
        let record = (current.record as usize).checked_sub(1)?;
        Some(board.ops.is_cancelled(record, current.generation))
    });
    Asked::from(asked.flatten().unwrap_or(false))
}
