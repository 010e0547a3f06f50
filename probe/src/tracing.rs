//! Code that is instrumented with the crate `tracing`, on the board without an edit (feature `tracing`).
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! # fn main() {
//! probe::init!("mydaemon");
//! let subscriber = tracing_subscriber::registry().with(probe::tracing::layer());
//! # tracing::subscriber::with_default(subscriber, || {
//! // tracing::subscriber::set_global_default(subscriber)?;
//!
//! let _request = tracing::info_span!("request", path = "/user/42", peer = "10.0.0.7").entered();
//! tracing::debug!("cache miss");
//! tracing::debug!(name: "lock", "waiting for the table");
//! # });
//! # }
//! ```
//!
//! | in `tracing` | on the board |
//! | --- | --- |
//! | a span | an operation from its creation to its close: kind is its name, label its fields |
//! | its fields `peer`, `peer_addr`, `remote_addr`, `client.address` | the operation's peer |
//! | its parent | the operation's parent: the one given, or what the thread works on |
//! | enter, exit | the thread works on the operation, in a scope with the span's file and line |
//! | an event in a span | the thread is at the event's line |
//! | such an event with a name of its own (`name: "lock"`) | that is the operation's status |
//! | an event of level `ERROR`, as `#[instrument(err)]` has | the operation ends as an error |
//!
//! A span that was entered, was left and is not closed is shown as a future that nobody polls: for an
//! instrumented future it is just that. A span does not tell whether its future was dropped: it then ends
//! well, or as panicked during a panic. Fields that are recorded later than at the creation are not
//! shown. Long fields are cut: a label has 64 bytes.
//!
//! Which spans: those of level `INFO` and above, or as [`SpanLayer::spans`] says, and of what is left, those
//! that `PROBE_FILTER` does not switch off by their target (`PROBE_FILTER=h2::*=off`). A filter of
//! `tracing_subscriber`'s on the layer (`layer().with_filter(…)`) goes first, and spares the cost of spans that
//! nobody wants.
//!
//! The cost is mostly the registry's: see the README for a measurement. Each span or event in the source
//! takes a record in the table of sites when it is first reached ([`Config::sites`](crate::Config::sites)),
//! and each name of a span a histogram of durations ([`Config::histograms`](crate::Config::histograms)).

use tracing_core::LevelFilter;

/// Makes the layer, with its defaults.
pub fn layer() -> SpanLayer {
    SpanLayer::default()
}

/// A layer of `tracing_subscriber` that turns spans into operations; see the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct SpanLayer {
    pub(crate) spans: LevelFilter,
    pub(crate) fields: bool,
    pub(crate) events: bool,
    pub(crate) errors: bool,
}

impl Default for SpanLayer {
    fn default() -> Self {
        Self { spans: LevelFilter::INFO, fields: true, events: true, errors: true }
    }
}

impl SpanLayer {
    /// Spans up to this level are operations. Default `INFO`.
    #[must_use]
    pub fn spans(mut self, most: LevelFilter) -> Self {
        self.spans = most;
        self
    }

    /// Whether fields are shown, as label and peer. Default yes; what is secret in them would be seen by all
    /// who may look at the board.
    #[must_use]
    pub fn fields(mut self, shown: bool) -> Self {
        self.fields = shown;
        self
    }

    /// Whether events move the thread's line, and name statuses. Default yes.
    #[must_use]
    pub fn events(mut self, shown: bool) -> Self {
        self.events = shown;
        self
    }

    /// Whether an event of level `ERROR` makes its operation end as an error. Default yes.
    #[must_use]
    pub fn errors(mut self, counted: bool) -> Self {
        self.errors = counted;
        self
    }
}

#[cfg(not(all(not(probe_off), any(debug_assertions, feature = "enable"))))]
impl<S: tracing_core::Subscriber> tracing_subscriber::Layer<S> for SpanLayer {}
