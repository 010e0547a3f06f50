//! Tags that nest.

use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::site::Site;
use crate::layout::FrameRecord;
use crate::on::thread::{line, nest};

/// Guard of [`scope!`](crate::scope): the scope ends when it is dropped. Bound to its thread.
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped"]
pub struct Scope {
    /// The frame it opened; null when there was no room.
    frame: *const FrameRecord,
    /// Never leaves its thread.
    bound: PhantomData<*const ()>,
}

impl Scope {
    #[doc(hidden)]
    #[inline(always)]
    pub fn enter(site: &'static Site) -> Self {
        Self { frame: nest::push(site.tag(), None), bound: PhantomData }
    }

    #[doc(hidden)]
    #[inline(always)]
    pub fn enter_with(site: &'static Site, argument: u64) -> Self {
        Self { frame: nest::push(site.tag(), Some(argument)), bound: PhantomData }
    }

    #[doc(hidden)]
    #[inline(always)]
    pub fn none() -> Self {
        Self { frame: core::ptr::null(), bound: PhantomData }
    }
}

impl Drop for Scope {
    #[inline(always)]
    fn drop(&mut self) {
        nest::pop(self.frame);
    }
}

pin_project_lite::pin_project! {
    /// A future with a position of its own; see [`scoped!`](crate::scoped).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        #[pin]
        future: F,
        site: Option<&'static Site>,
        argument: u64,
        // Line and argument that it had reached at the end of the last poll.
        line: (u64, u64),
    }
}

impl<F: Future> Scoped<F> {
    #[doc(hidden)]
    pub fn new(site: Option<&'static Site>, argument: u64, future: F) -> Self {
        Self { future, site, argument, line: (0, 0) }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(site) = *this.site else {
            return this.future.poll(context);
        };
        let scope = Scope::enter_with(site, *this.argument);
        line::set_line(scope.frame, *this.line);
        let polled = this.future.poll(context);
        *this.line = line::line_of(scope.frame);
        polled
    }
}
