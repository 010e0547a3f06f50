//! The layer, and what it is told of requests.

use core::fmt;
use core::panic::Location;
use std::sync::Arc;

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
pub(super) type Say = dyn Fn(&Head<'_>, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync;

/// A layer that makes each request an operation; see the [module](super).
#[derive(Clone)]
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
    /// Method and path, if nothing else is said.
    pub(super) label: Option<Arc<Say>>,
    pub(super) peer: Option<Arc<Say>>,
}

impl fmt::Debug for OpLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpLayer").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl OpLayer {
    /// The layer with its defaults. Operations begin at the line of this call.
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "a default would not know its line")]
    pub fn new() -> Self {
        let place = Location::caller();
        let (kind, of_connection) = ("request", false);
        Self {
            place,
            kind,
            of_connection,
            #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
            origin: None,
            label: None,
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
    /// let at = String::from("front");
    /// probe::tower::OpLayer::new().label(move |head, out| write!(out, "{at} {}", head.uri));
    /// ```
    #[must_use]
    pub fn label<F>(mut self, say: F) -> Self
    where
        F: Fn(&Head<'_>, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync + 'static,
    {
        self.label = Some(Arc::new(say));
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
    pub fn peer<F>(mut self, say: F) -> Self
    where
        F: Fn(&Head<'_>, &mut fmt::Formatter<'_>) -> fmt::Result + Send + Sync + 'static,
    {
        self.peer = Some(Arc::new(say));
        self
    }
}
