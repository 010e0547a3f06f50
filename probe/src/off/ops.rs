//! Operations: handles that hold nothing, and go, or do not go, to other threads as the real ones do.

use core::marker::PhantomData;

/// An operation's label; nothing in this build.
#[derive(Clone, Copy, Debug)]
pub struct Label(());

impl Label {
    /// Nothing said.
    pub const fn none() -> Self {
        Self(())
    }
}

/// The id of an operation; there is none in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpId(core::convert::Infallible);

impl core::fmt::Display for OpId {
    fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {}
    }
}

/// An operation; nothing in this build. Goes from thread to thread all the same.
#[derive(Debug)]
pub struct Op(PhantomData<core::cell::Cell<()>>);

impl Op {
    #[doc(hidden)]
    #[inline(always)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
    /// There is none.
    pub fn id(&self) -> Option<OpId> {
        None
    }
    /// Does nothing.
    #[inline(always)]
    pub fn enter(&self) -> Entered<'_> {
        Entered(self, PhantomData)
    }
    /// Does nothing.
    #[inline(always)]
    pub fn set_label(&self, _: impl core::fmt::Display) {}
    /// Does nothing.
    #[inline(always)]
    pub fn set_peer(&self, _: impl core::fmt::Display) {}
    /// Does nothing.
    #[inline(always)]
    pub fn set_trace(&self, _: impl Into<Option<crate::trace::TraceContext>>) {}
    /// Does nothing.
    #[inline(always)]
    pub fn served(&self, _: u64) {}
    /// Does nothing.
    #[inline(always)]
    pub fn set_outcome(&self, _: crate::outcome::Outcome) {}
    #[doc(hidden)]
    #[deprecated(note = "it is called `set_outcome`")]
    pub fn outcome(&self, _: crate::outcome::Outcome) {}
    /// Does nothing.
    #[inline(always)]
    pub fn fail(&self) {}
    /// Nobody will ask.
    #[inline(always)]
    pub fn wake_on_cancel(&self, _: &core::task::Waker) {}
    /// Nobody asked.
    #[inline(always)]
    pub fn asked(&self) -> crate::outcome::Asked {
        crate::outcome::Asked::no()
    }
    /// Nobody asked.
    ///
    /// # Errors
    /// None in this build.
    #[inline(always)]
    pub fn check(&self) -> Result<(), crate::outcome::Cancelled> {
        Ok(())
    }
    /// Does nothing.
    #[inline(always)]
    pub fn end(self, _: crate::outcome::Outcome) {}
}

impl Drop for Op {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// A thread that works on an operation; nothing in this build, and bound to its thread all the same.
#[derive(Debug)]
#[must_use = "the thread works on the operation until this is dropped"]
pub struct Entered<'a>(&'a Op, PhantomData<*const ()>);

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {}
}

impl core::ops::Deref for Entered<'_> {
    type Target = Op;
    fn deref(&self) -> &Op {
        self.0
    }
}

/// Guard of [`op!`](crate::op); nothing in this build, and bound to its thread all the same.
#[derive(Debug)]
#[must_use = "the operation ends when this is dropped"]
pub struct Operation(Op, PhantomData<*const ()>);

impl Operation {
    #[doc(hidden)]
    #[inline(always)]
    pub const fn new() -> Self {
        Self(Op::new(), PhantomData)
    }
    /// Goes on without this thread.
    #[inline(always)]
    pub fn detach(self) -> Op {
        Op::new()
    }
}

impl Drop for Operation {
    #[inline(always)]
    fn drop(&mut self) {}
}

impl core::ops::Deref for Operation {
    type Target = Op;
    #[inline(always)]
    fn deref(&self) -> &Op {
        &self.0
    }
}
