//! The handle of an operation, and working on it.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::entry::{Entry, Holder};
use super::text::{self, Label};
use super::this_thread::{self, LOST};
use crate::on::sites::site::Site;
use crate::on::thread::line::{self, Line};
use crate::outcome::{Asked, Cancelled, Outcome};
use crate::trace::TraceContext;

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
/// Dropped during a panic it ends as panicked; when its code saw that its cancellation was requested, as
/// cancelled; otherwise as [`Op::set_outcome`] says, or well.
pub struct Op {
    /// `None` without a board, or without room on it.
    pub(super) entry: Option<&'static Entry>,
    pub(super) site: &'static Site,
    /// One thread has it at a time.
    pub(super) not_sync: PhantomData<Cell<()>>,
}

// What a panic leaves of an operation is right: it ends as panicked.
impl core::panic::UnwindSafe for Op {}

impl fmt::Debug for Op {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Op").field("id", &self.id().map(|id| id.0)).finish_non_exhaustive()
    }
}

impl Op {
    /// Its id; `None` when it is not on the board.
    pub fn id(&self) -> Option<OpId> {
        self.entry.map(|entry| OpId(entry.id()))
    }

    /// This thread works on it until the returned guard is dropped: it is what
    /// [`op_status!`](crate::op_status!) is about, and the parent of operations that begin here. The thread is where the
    /// operation began until it says otherwise, and afterwards where it was before. Two
    /// thread-local words and three stores, in and out each.
    #[inline]
    pub fn enter(&self) -> Entered<'_> {
        self.enter_at((0, 0))
    }

    /// As [`Op::enter`], and it had reached this line.
    #[inline]
    pub(super) fn enter_at(&self, line: (u64, u64)) -> Entered<'_> {
        let before = this_thread::exclusive(|this| {
            // A thread that never probed finds its slot first.
            this.table()?;
            if let Some(entry) = self.entry {
                entry.hold(this.worker());
            }
            Some(this.work_on(self.entry.map_or(LOST, Entry::id)))
        });
        let before = before.flatten();
        let line = before.map_or(Line::NOWHERE, |_| line::go_on(self.site.tag(), line));
        Entered { op: self, before, line, bound: PhantomData }
    }

    /// It served `n` more: requests of a connection, rows of a job. Two stores.
    #[inline]
    pub fn served(&self, n: u64) {
        if let Some(entry) = self.entry {
            this_thread::exclusive(|_| entry.serve(n));
        }
    }

    /// It is called otherwise from here on: a client's name is known after its first message. Takes whatever has a
    /// `Display`, `format_args!("client {id}")` for instance; see also [`op_label!`](crate::op_label!). An operation that began as
    /// `sensitive` keeps this label off the board as well.
    pub fn set_label(&self, label: impl fmt::Display) {
        if let Some(entry) = self.entry {
            let label = text::from_arguments(format_args!("{label}"));
            this_thread::exclusive(|_| entry.set_label(label));
        }
    }

    /// It is for somebody else, or that is known only now; see also [`op_peer!`](crate::op_peer!).
    pub fn set_peer(&self, who: impl fmt::Display) {
        if let Some(entry) = self.entry {
            // Written out first: inside, nothing of the program's own runs.
            let who = text::peer(Label::none(), who);
            this_thread::exclusive(|_| entry.set_peer(&who));
        }
    }

    /// It is part of a trace that others began: what exporters send of it then belongs to that trace, under the span that
    /// called. Takes a [`TraceContext`] or an option of one, as [`TraceContext::parse`] makes of a `traceparent` header;
    /// said again, the last counts. What is part of this operation belongs to the trace as well. An operation of which
    /// nothing is said costs nothing. See also [`op_trace!`](crate::op_trace!).
    pub fn set_trace(&self, context: impl Into<Option<TraceContext>>) {
        if let (Some(entry), Some(context)) = (self.entry, context.into()) {
            this_thread::exclusive(|this| this.trace(entry, context));
        }
    }

    /// How it will have ended.
    #[inline]
    pub fn set_outcome(&self, outcome: Outcome) {
        if let Some(entry) = self.entry {
            entry.set_outcome(outcome);
        }
    }

    #[doc(hidden)]
    #[deprecated(note = "it is called `set_outcome`")]
    pub fn outcome(&self, outcome: Outcome) {
        self.set_outcome(outcome);
    }

    /// It will have failed.
    #[inline]
    pub fn fail(&self) {
        self.set_outcome(Outcome::Error);
    }

    /// Whether somebody asked it to end. One load. From then on it ends as cancelled, unless
    /// [`Op::set_outcome`] says otherwise.
    #[inline]
    pub fn asked(&self) -> Asked {
        Asked::from(self.entry.is_some_and(Entry::sees_cancel))
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
        self.set_outcome(outcome);
    }

    /// Ends it as `outcome`, unless its own code said otherwise.
    #[inline]
    pub(super) fn end_unless_said(self, outcome: Outcome) {
        if let Some(entry) = self.entry {
            entry.end_unless_said(outcome);
        }
    }

    /// From now on a future carries it.
    #[inline]
    pub(super) fn becomes_future(&self) {
        if let Some(entry) = self.entry {
            entry.becomes_future();
        }
    }

    /// `waker` is woken when somebody requests its cancellation: for an event loop, or a future of one's own, that would
    /// not look otherwise. The last one given counts, and is let go of when the operation ends. Costs two atomic operations.
    pub fn wake_on_cancel(&self, waker: &core::task::Waker) {
        if let Some(entry) = self.entry {
            entry.wake_on_cancel(waker);
        }
    }
}

impl Drop for Op {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(entry) = self.entry {
            end_detached(entry, self.site);
        }
    }
}

#[inline(never)]
fn end_detached(entry: &'static Entry, site: &'static Site) {
    let panicking = std::thread::panicking();
    this_thread::exclusive(|this| this.end(entry, site, panicking));
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
        leave(self.op.entry, before);
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
pub(super) fn leave(entry: Option<&'static Entry>, before: u64) {
    this_thread::exclusive(|this| {
        if let Some(entry) = entry {
            entry.hold(Holder::NOBODY);
        }
        this.back_to(before, entry.map_or(LOST, Entry::id));
    });
}
