//! Futures that carry an operation or a position: here the future alone, in a type of the same name, so that a
//! program which names it compiles either way.
#![expect(unsafe_code, reason = "pins the one field of a type")]

use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::ops::Op;
use crate::outcome::Cancelled;

/// A future that is an operation; see [`Op::track`]. The future as it is, in this build.
#[must_use = "futures do nothing unless polled"]
pub struct Tracked<F: Future> {
    future: F,
    /// It holds one elsewhere, and goes where that may go.
    op: PhantomData<Op>,
}

impl<F: Future> Tracked<F> {
    #[inline(always)]
    pub(super) fn new(future: F) -> Self {
        Self { future, op: PhantomData }
    }
}

impl<F: Future> fmt::Debug for Tracked<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tracked")
    }
}

impl<F: Future> Drop for Tracked<F> {
    #[inline(always)]
    fn drop(&mut self) {}
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is pinned with the whole: nothing moves it out, `drop` does not touch it, and the whole
        // is `Unpin` only when it is.
        unsafe { self.map_unchecked_mut(|this| &mut this.future) }.poll(context)
    }
}

/// A future that is an operation which can be cancelled; see [`Op::track_cancellable`]. Nobody cancels in this build.
#[must_use = "futures do nothing unless polled"]
pub struct TrackedCancellable<F: Future> {
    tracked: Tracked<F>,
}

impl<F: Future> fmt::Debug for TrackedCancellable<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TrackedCancellable")
    }
}

impl<F: Future> Future for TrackedCancellable<F> {
    type Output = Result<F::Output, Cancelled>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: as in `Tracked::poll`: pinned with the whole, moved by nothing, and `Unpin` with the whole.
        unsafe { self.map_unchecked_mut(|this| &mut this.tracked) }.poll(context).map(Ok)
    }
}

/// A future with a position of its own; see [`scoped!`](crate::scoped). The future as it is, in this build.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Scoped<F> {
    future: F,
}

impl<F: Future> Scoped<F> {
    #[inline(always)]
    pub(super) fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: as in `Tracked::poll`: pinned with the whole, moved by nothing, and `Unpin` with the whole.
        unsafe { self.map_unchecked_mut(|this| &mut this.future) }.poll(context)
    }
}

impl Op {
    /// The future as it is.
    #[inline(always)]
    pub fn track<F: Future>(self, future: F) -> Tracked<F> {
        Tracked::new(future)
    }

    /// The future as it is.
    #[inline(always)]
    pub fn track_result<T, E, F: Future<Output = Result<T, E>>>(self, future: F) -> Tracked<F> {
        Tracked::new(future)
    }

    /// The future, whose end is always its own.
    #[inline(always)]
    pub fn track_cancellable<F: Future>(self, future: F) -> TrackedCancellable<F> {
        TrackedCancellable { tracked: self.track(future) }
    }
}
