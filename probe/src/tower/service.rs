//! A service in a layer: its future, and the body of its answer, carry the operation to its end.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use bytes::Buf as _;
use http::{Request, Response, Version};
use http_body::{Body, Frame, SizeHint};

use super::layer::{Head, OpLayer, Say};
use super::length::{Asked, Length, says_failed};
use crate::on::adapters::requests::{End, Origin};
use crate::on::ops::{Op, OpId};
use crate::outcome::Outcome;
use crate::trace::TraceContext;

/// A service whose requests are operations: what [`OpLayer`] makes of one.
#[derive(Clone, Debug)]
pub struct OpService<S> {
    layer: OpLayer,
    inner: S,
}

impl<S> OpService<S> {
    pub(super) fn new(layer: OpLayer, inner: S) -> Self {
        Self { layer, inner }
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

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let asked = Asked::new(&request);
        let served = self.layer.begin(&request);
        let inner = match &served {
            Some(served) => served.work(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        OpFuture { inner, served, asked }
    }
}

/// A request, as one of a layer's closures writes it.
struct Said<'a>(Head<'a>, Option<&'a Say>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(say) => say(&self.0, formatter),
            None => write!(formatter, "{} {}", self.0.method, self.0.uri.path()),
        }
    }
}

impl OpLayer {
    /// Begins a request's operation.
    fn begin<B>(&self, request: &Request<B>) -> Option<Served> {
        let origin = self.origin?;
        let alone = request.version() < Version::HTTP_2;
        let connection = if alone { origin.takes() } else { None };
        let head = Head {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        };
        let op = origin.begin(
            Said(head, self.label.as_deref()),
            self.peer.as_deref().map(|peer| Said(head, Some(peer))),
        );
        if let Some(header) = request.headers().get("traceparent") {
            op.set_trace(TraceContext::parse(header.as_bytes()));
        }
        Some(Served::new(origin, op, connection))
    }
}

/// A request that is being served.
pub(super) struct Served {
    origin: Origin,
    /// Until it ended.
    op: Option<Op>,
    /// The connection that has it.
    connection: Option<OpId>,
    /// Its answer's, once there is one.
    status: Option<u16>,
    /// Whether it is known to have failed.
    failed: bool,
    /// Still set after a poll that panicked.
    polling: bool,
}

impl Served {
    pub(super) fn new(origin: Origin, op: Op, connection: Option<OpId>) -> Self {
        Self { origin, op: Some(op), connection, status: None, failed: false, polling: false }
    }

    /// Runs `body` as work on the request.
    fn work<T>(&self, body: impl FnOnce() -> T) -> T {
        match &self.op {
            Some(op) => self.origin.work(op, body),
            None => body(),
        }
    }

    /// One poll.
    fn poll<T>(&mut self, body: impl FnOnce() -> T) -> T {
        self.polling = true;
        let polled = self.work(body);
        self.polling = false;
        polled
    }

    fn fail(&mut self) {
        self.failed = true;
    }

    /// The request has its answer's head.
    fn answers(&self) {
        if let Some(op) = &self.op {
            self.origin.answers(op);
        }
    }

    /// The request has its answer.
    fn end(mut self) {
        let Some(op) = self.op.take() else { return };
        if self.failed {
            op.fail();
        }
        // An answer that says of itself that it failed is counted as what it says.
        self.origin.ended(match self.status {
            Some(status) if !self.failed || status >= 500 => End::Status(status),
            _ => End::Failed,
        });
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(op) = self.op.take() {
            let (outcome, end) = match self {
                Self { polling: true, .. } => (Outcome::Panicked, End::Panicked),
                Self { failed: true, .. } => (Outcome::Error, End::Failed),
                _ => (Outcome::Cancelled, End::Cancelled),
            };
            op.end(outcome);
            self.origin.ended(end);
        }
        self.origin.gives_back(self.connection);
    }
}

pin_project_lite::pin_project! {
    /// The future of a request that is an operation.
    #[must_use = "futures do nothing unless polled"]
    pub struct OpFuture<F> {
        #[pin]
        inner: F,
        served: Option<Served>,
        asked: Asked,
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

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = match this.served {
            Some(served) => served.poll(|| this.inner.poll(context)),
            None => this.inner.poll(context),
        };
        let Poll::Ready(answer) = polled else { return Poll::Pending };
        let mut served = this.served.take();
        let failed = match &answer {
            Ok(answer) => answer.status().is_server_error() || says_failed(answer.headers()),
            Err(_) => true,
        };
        if let Some(served) = &mut served {
            served.status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            served.failed |= failed;
        }
        let length = answer.as_ref().map_or(Length::Over, |answer| this.asked.length_of(answer));
        match &served {
            Some(served) if length != Length::Over => served.answers(),
            _ => _ = served.take().map(Served::end),
        }
        Poll::Ready(answer.map(|answer| answer.map(|inner| OpBody { inner, served, length })))
    }
}

pin_project_lite::pin_project! {
    /// The body of an answer, with which its operation ends.
    pub struct OpBody<B: Body> {
        #[pin]
        inner: B,
        served: Option<Served>,
        // What of it was not taken yet.
        length: Length,
    }

    impl<B: Body> PinnedDrop for OpBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // Who knows that nothing comes any more need not ask for it.
            if let Some(served) = this.served.take_if(|served| !served.polling)
                && (this.length.is_complete() || this.inner.is_end_stream())
            {
                served.end();
            }
        }
    }
}

impl<B: Body> fmt::Debug for OpBody<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpBody").finish_non_exhaustive()
    }
}

impl<B: Body + Default> Default for OpBody<B> {
    fn default() -> Self {
        Self { inner: B::default(), served: None, length: Length::Over }
    }
}

impl<B: Body> Body for OpBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(served) = this.served else { return this.inner.poll_frame(context) };
        let polled = served.poll(|| this.inner.as_mut().poll_frame(context));
        let Poll::Ready(frame) = &polled else { return polled };
        let over = match frame {
            Some(Ok(frame)) => match (frame.data_ref(), frame.trailers_ref()) {
                (Some(data), _) => this.length.takes(data.remaining() as u64),
                // Nothing comes after trailers, and nobody asks.
                (None, Some(trailers)) => {
                    if says_failed(trailers) {
                        served.fail();
                    }
                    true
                }
                (None, None) => false,
            },
            Some(Err(_)) => {
                served.fail();
                true
            }
            None => {
                // Less than was promised: the client gets an error of its own.
                if this.length.is_short() {
                    served.fail();
                }
                true
            }
        };
        let over = over || this.inner.is_end_stream();
        if let Some(served) = this.served.take_if(|_| over) {
            served.end();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
