//! Requests of hyper, axum and tonic services, and of whatever else is a `tower::Service` of `http` requests, on
//! the board without an edit of the service (feature `tower`).
//!
//! ```
//! # use std::convert::Infallible;
//! # use http::{Request, Response};
//! use tower_layer::Layer as _;
//!
//! # #[derive(Clone)] struct MyService;
//! # impl tower_service::Service<Request<String>> for MyService {
//! #     type Response = Response<String>;
//! #     type Error = Infallible;
//! #     type Future = std::future::Ready<Result<Response<String>, Infallible>>;
//! #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
//! #         std::task::Poll::Ready(Ok(()))
//! #     }
//! #     fn call(&mut self, _: Request<String>) -> Self::Future {
//! #         std::future::ready(Ok(Response::new(String::new())))
//! #     }
//! # }
//! # let service = MyService;
//! // axum: Router::new().route(…).layer(probe::tower::OpLayer::new())
//! // tonic: Server::builder().layer(probe::tower::OpLayer::new().kind("rpc"))
//! let service = probe::tower::OpLayer::new().layer(service);
//! # let mut service = service;
//! # _ = tower_service::Service::call(&mut service, Request::new(String::new()));
//! ```
//!
//! Each request is an operation of the kind `request`, labelled with its method and its path; the query is
//! left out, as it may hold what is secret. It begins when the service is called, is part of the operation that
//! the thread works on then, and ends when the last byte of the answer was taken from the service:
//! with status `body` from the answer's head on. Each poll, of the service and of the answer's body, is a thread
//! that works on it, in a scope of the layer's; between polls nobody does.
//!
//! It ends as
//!
//! - an error, when the service fails, the answer's status is 500 or above, its `grpc-status` is not 0, or its
//!   body fails or is shorter than its `content-length`;
//! - cancelled, when the service's future or the answer's body is dropped before its end: the client is
//!   gone, or something timed out. The end is the last byte of a `content-length` or of a body that knows its
//!   length, the trailers, or the answer's head where no body follows: to `HEAD`, of a 204 or 304, of an upgrade;
//! - panicked, when a poll panics;
//! - well, otherwise.
//!
//! The counter `tower_requests` says by its label `end` how many ended with a whole answer of `1xx` to `5xx`, `failed`, were
//! `cancelled` or `panicked`.
//!
//! With probes out the layer is not there: its service is the service itself.
//!
//! Not covered: what lies before the service is called (accepting, TLS, the request's head) and after the
//! last byte was taken from it (sending what is buffered); what a connection does after an upgrade.
//!
//! # Connections
//!
//! A connection is an operation too, if whoever accepts makes it one. Its requests are then its parts; and with
//! [`OpLayer::of_connection`] it counts them, and is idle or in a request, so that a kept, a stuck and a
//! leaked connection look different:
//!
//! ```
//! # struct Stream;
//! # async fn serve_connection(_: Stream) -> Result<(), std::io::Error> { Ok(()) }
//! # async fn f(stream: Stream, peer: std::net::SocketAddr) {
//! // With hyper: http1::Builder::new().serve_connection(TokioIo::new(stream), service),
//! // where the service is in a layer OpLayer::new().of_connection()
//! let served = serve_connection(stream);
//! let connection = probe::begin_op!("connection", peer = peer);
//! _ = connection.track_result(served).await;
//! # }
//! ```

#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
mod length;
#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
mod service;

use core::fmt;
use core::panic::Location;

use http::{Extensions, HeaderMap, Method, Uri, Version};

#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
use crate::__private::Origin;
#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
pub use service::{OpBody, OpFuture, OpService};

/// A service in the layer: with probes out, the service itself.
#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
pub type OpService<S> = S;
/// Its future: with probes out, the service's own.
#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
pub type OpFuture<F> = F;
/// The body of its answer: with probes out, the service's own.
#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
pub type OpBody<B> = B;

/// What is known of a request before it is served.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Head<'a> {
    /// Its method.
    pub method: &'a Method,
    /// What it asks for.
    pub uri: &'a Uri,
    /// The protocol's version.
    pub version: Version,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// What layers around this one know of it, such as axum's `ConnectInfo`.
    pub extensions: &'a Extensions,
}

/// Writes something of a request.
type Say = fn(&Head<'_>, &mut fmt::Formatter<'_>) -> fmt::Result;

/// A layer that makes each request an operation; see the [module](self).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(all(not(probe_off), any(debug_assertions, feature = "enable"))),
    expect(dead_code, reason = "probes out")
)]
pub struct OpLayer {
    place: &'static Location<'static>,
    kind: &'static str,
    of_connection: bool,
    #[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
    origin: Option<Origin>,
    label: Say,
    peer: Option<Say>,
}

impl OpLayer {
    /// The layer with its defaults. Operations begin at the line of this call.
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "a default would not know its line")]
    pub fn new() -> Self {
        let place = Location::caller();
        let label: Say = |head, out| write!(out, "{} {}", head.method, head.uri.path());
        let (kind, of_connection) = ("request", false);
        Self {
            place,
            kind,
            of_connection,
            #[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
            origin: None,
            label,
            peer: None,
        }
        .located()
    }

    /// With the sites of what it is now.
    #[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
    fn located(self) -> Self {
        Self { origin: Origin::new(self.place, self.kind, self.of_connection), ..self }
    }

    #[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
    fn located(self) -> Self {
        self
    }

    /// The kind of the operations: one word. Default `request`.
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self.located()
    }

    /// Says that the operation that polls the service is its connection: it then counts the requests as
    /// served, and has the status `request` while it has one, and `idle` between (but not with HTTP/2, where
    /// it has many at once, and others poll them).
    #[must_use]
    pub fn of_connection(mut self) -> Self {
        self.of_connection = true;
        self.located()
    }

    /// What the operations are called, instead of method and path. 64 bytes of it are kept.
    ///
    /// ```
    /// probe::tower::OpLayer::new().label(|head, out| write!(out, "{} {}", head.method, head.uri));
    /// ```
    #[must_use]
    pub fn label(mut self, say: Say) -> Self {
        self.label = say;
        self
    }

    /// For whom a request is; by default nothing is said, as a service does not know. 40 bytes of it are kept.
    ///
    /// ```
    /// # struct ConnectInfo<T>(T);
    /// # use std::net::SocketAddr;
    /// // With axum's `into_make_service_with_connect_info::<SocketAddr>()`:
    /// probe::tower::OpLayer::new().peer(|head, out| match head.extensions.get() {
    ///     Some(ConnectInfo::<SocketAddr>(peer)) => write!(out, "{peer}"),
    ///     None => Ok(()),
    /// });
    /// ```
    #[must_use]
    pub fn peer(mut self, say: Say) -> Self {
        self.peer = Some(say);
        self
    }
}

#[cfg(all(not(probe_off), any(debug_assertions, feature = "enable")))]
impl<S> tower_layer::Layer<S> for OpLayer {
    type Service = OpService<S>;

    fn layer(&self, inner: S) -> OpService<S> {
        OpService::new(*self, inner)
    }
}

/// With probes out there is nothing between a service and its server.
#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
impl<S> tower_layer::Layer<S> for OpLayer {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        inner
    }
}
