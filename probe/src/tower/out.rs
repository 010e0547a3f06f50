//! Probes out: a service, its future and its body, each as it is in a type of the layer's.

use core::fmt;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};

use super::layer::OpLayer;
use crate::off::Op;

/// A service whose requests are operations: what [`OpLayer`] makes of one.
#[derive(Clone, Debug)]
pub struct OpService<S> {
    inner: S,
    /// It goes where the layer may go.
    layer: PhantomData<OpLayer>,
}

impl<S> OpService<S> {
    #[inline(always)]
    pub(super) fn new(_: OpLayer, inner: S) -> Self {
        Self { inner, layer: PhantomData }
    }
}

impl<S, B, A> tower_service::Service<Request<B>> for OpService<S>
where
    S: tower_service::Service<Request<B>, Response = Response<A>>,
    A: Body,
{
    type Response = Response<OpBody<A>>;
    type Error = S::Error;
    type Future = OpFuture<S::Future>;

    #[inline(always)]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    #[inline(always)]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        OpFuture { inner: self.inner.call(request), op: PhantomData }
    }
}

pin_project_lite::pin_project! {
    /// The future of a request that is an operation.
    #[must_use = "futures do nothing unless polled"]
    pub struct OpFuture<F> {
        #[pin]
        inner: F,
        // It goes where an operation may go.
        op: PhantomData<Op>,
    }
}

impl<F> fmt::Debug for OpFuture<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpFuture").finish_non_exhaustive()
    }
}

impl<F, A, E> Future for OpFuture<F>
where
    F: Future<Output = Result<Response<A>, E>>,
    A: Body,
{
    type Output = Result<Response<OpBody<A>>, E>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.project().inner.poll(context);
        polled.map(|answer| {
            answer.map(|answer| answer.map(|inner| OpBody { inner, op: PhantomData }))
        })
    }
}

pin_project_lite::pin_project! {
    /// The body of an answer, with which its operation ends.
    pub struct OpBody<B: Body> {
        #[pin]
        inner: B,
        op: PhantomData<Op>,
    }

    impl<B: Body> PinnedDrop for OpBody<B> {
        fn drop(_this: Pin<&mut Self>) {}
    }
}

impl<B: Body> fmt::Debug for OpBody<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpBody").finish_non_exhaustive()
    }
}

impl<B: Body + Default> Default for OpBody<B> {
    fn default() -> Self {
        Self { inner: B::default(), op: PhantomData }
    }
}

impl<B: Body> Body for OpBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline(always)]
    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
