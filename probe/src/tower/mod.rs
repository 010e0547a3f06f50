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
//! With probes out its service only passes on what it is given, in types of the same names.
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

mod layer;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod length;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod service;

pub use layer::{Head, OpLayer};
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub use service::{OpBody, OpFuture, OpService};

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
mod out;
#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub use out::{OpBody, OpFuture, OpService};

impl<S> tower_layer::Layer<S> for OpLayer {
    type Service = OpService<S>;

    fn layer(&self, inner: S) -> OpService<S> {
        OpService::new(self.clone(), inner)
    }
}
