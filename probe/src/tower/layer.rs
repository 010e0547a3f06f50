//! The layer, and what it is told of requests.

use core::fmt;
use core::panic::Location;

use http::{Extensions, HeaderMap, Method, Uri, Version};

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
use crate::on::adapters::requests::Origin;

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
pub(super) type Say = fn(&Head<'_>, &mut fmt::Formatter<'_>) -> fmt::Result;

/// A layer that makes each request an operation; see the [module](super).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(all(probe_can, any(debug_assertions, feature = "enable"))),
    expect(dead_code, reason = "probes out")
)]
pub struct OpLayer {
    place: &'static Location<'static>,
    kind: &'static str,
    of_connection: bool,
    #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
    pub(super) origin: Option<Origin>,
    pub(super) label: Say,
    pub(super) peer: Option<Say>,
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
            #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
            origin: None,
            label,
            peer: None,
        }
        .located()
    }

    /// With the sites of what it is now.
    #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
    fn located(self) -> Self {
        Self { origin: Origin::new(self.place, self.kind, self.of_connection), ..self }
    }

    #[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
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
