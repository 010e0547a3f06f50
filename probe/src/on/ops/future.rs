//! An operation that is carried by a future: across `.await`, from thread to thread, whatever runs it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::op::Op;
use crate::outcome::{Cancelled, Outcome};

pin_project_lite::pin_project! {
    /// A future that is an operation; see [`Op::track`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Tracked<F: Future> {
        #[pin]
        future: F,
        // Until it is ready.
        op: Option<Op>,
        judge: fn(&F::Output) -> Outcome,
        // Still set after a poll that panicked.
        polling: bool,
        // Line and argument that it had reached at the end of the last poll.
        line: (u64, u64),
    }

    impl<F: Future> PinnedDrop for Tracked<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(op) = this.op.take() {
                op.end(if *this.polling { Outcome::Panicked } else { Outcome::Cancelled });
            }
        }
    }
}

impl<F: Future> fmt::Debug for Tracked<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tracked").field("op", &self.op).finish_non_exhaustive()
    }
}

impl<F: Future> fmt::Debug for TrackedCancellable<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("TrackedCancellable").field(&self.tracked).finish()
    }
}

impl Op {
    /// Makes the operation the future's own: each poll is somebody working on it, at the line that it had reached,
    /// and between polls nobody does. It ends as `ok` when the future is ready, and as cancelled when that is dropped before.
    #[inline]
    pub fn track<F: Future>(self, future: F) -> Tracked<F> {
        self.becomes_future();
        Tracked { future, op: Some(self), judge: |_| Outcome::Ok, polling: false, line: (0, 0) }
    }

    /// As [`Op::track`], for a future whose error is the operation's.
    #[inline]
    pub fn track_result<T, E, F: Future<Output = Result<T, E>>>(self, future: F) -> Tracked<F> {
        let judge = |output: &F::Output| match output {
            Ok(_) => Outcome::Ok,
            Err(_) => Outcome::Error,
        };
        self.becomes_future();
        Tracked { future, op: Some(self), judge, polling: false, line: (0, 0) }
    }

    /// As [`Op::track`], and ends as soon as somebody asks it to: with [`Cancelled`], and without polling
    /// the future again.
    #[inline]
    pub fn track_cancellable<F: Future>(self, future: F) -> TrackedCancellable<F> {
        TrackedCancellable { tracked: self.track(future) }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(op) = this.op.as_ref() else {
            return this.future.poll(context);
        };
        *this.polling = true;
        let entered = op.enter_at(*this.line);
        let polled = this.future.poll(context);
        *this.line = entered.leave();
        *this.polling = false;
        if let Poll::Ready(output) = &polled
            && let Some(op) = this.op.take()
        {
            op.end_unless_said((this.judge)(output));
        }
        polled
    }
}

pin_project_lite::pin_project! {
    /// A future that is an operation which can be cancelled; see [`Op::track_cancellable`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackedCancellable<F: Future> {
        #[pin]
        tracked: Tracked<F>,
    }
}

impl<F: Future> Future for TrackedCancellable<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut tracked = self.project().tracked;
        let asked = tracked.as_mut().project().op.as_ref().is_some_and(|op| {
            // First the waker: who asks after the look below wakes it.
            op.wake_on_cancel(context.waker());
            op.asked().is_cancelled()
        });
        if asked {
            if let Some(op) = tracked.project().op.take() {
                op.end(Outcome::Cancelled);
            }
            return Poll::Ready(Err(Cancelled));
        }
        tracked.poll(context).map(Ok)
    }
}
