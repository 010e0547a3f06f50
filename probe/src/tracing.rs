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
//! | its fields `peer`, `addr`, `remote_addr`, `client.address` and their like | the operation's peer |
//! | its fields `http.response.status_code` and their like, 400 or above | the operation ends as an error |
//! | its fields `otel.status_code` (`"ERROR"`), `error` (`true`) | the same |
//! | its field `traceparent`, or what [`SpanLayer::trace`] finds | the trace that the operation is part of |
//! | a field that is recorded later | the same as at its creation; the label grows |
//! | its parent | the operation's parent: the one given, or what the thread works on |
//! | enter, exit | the thread works on the operation, in a scope with the span's file and line |
//! | an event in a span | the thread is at the event's line |
//! | such an event with a name of its own (`name: "lock"`) | that is the operation's status |
//! | an event of level `ERROR`, as `#[instrument(err)]` has | the operation ends as an error |
//!
//! A span that was entered, was left and is not closed is shown as a future that nobody polls: for an
//! instrumented future it is just that. A span does not tell whether its future was dropped: it then ends
//! well, or as panicked during a panic. Long fields are cut: a label has 64 bytes.
//!
//! A span does not say either whether its thread works or waits. It works, unless the keeper sees that it has
//! used no processor time at one and the same line between its last two looks: then it waits.
//!
//! # Beside other layers
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt as _;
//! use tracing_subscriber::filter::LevelFilter;
//! use tracing_subscriber::Layer as _;
//!
//! # struct Log;
//! # impl<S: tracing_core::Subscriber> tracing_subscriber::Layer<S> for Log {}
//! # let log = Log; // tracing_subscriber::fmt::layer()
//! // A log with a filter of its own; ours comes last.
//! let both = tracing_subscriber::registry()
//!     .with(log.with_filter(LevelFilter::WARN))
//!     .with(probe::tracing::layer());
//! // On what is there already: tracing_subscriber::fmt().finish().with(probe::tracing::layer())
//! // Under a filter of everybody: tracing_subscriber::registry().with(EnvFilter::from_default_env())
//! //     .with(tracing_subscriber::fmt::layer()).with(probe::tracing::layer())
//! # drop(both);
//! ```
//!
//! Which spans: those of level `INFO` and above, or as [`SpanLayer::spans`] says; which events: the same, or as
//! [`SpanLayer::events_to`] says. The program is asked for no more than that, so that what is finer stays as cheap
//! as it was. A filter of everybody, as `EnvFilter` is, goes before. Of what is left `PROBE_FILTER` switches off by
//! target (`PROBE_FILTER=h2::*=off`); `layer().with_filter(…)` spares the cost of spans that nobody wants, but not on
//! `fmt().finish()`, where `tracing_subscriber` panics.
//!
//! With probes out, and with `PROBE=off`, the layer is as good as not there: it asks for no level, and what others
//! print is what they would print without it, at the same cost. It is best put last.
//!
//! The cost is mostly the registry's: see the README for a measurement. Each span or event in the source
//! takes a record in the table of sites when it is first reached ([`Config::sites`](crate::Config::sites)),
//! and each name of a span a histogram of durations ([`Config::histograms`](crate::Config::histograms)).

mod out;

use tracing_core::LevelFilter;
use tracing_subscriber::registry::Extensions;

use crate::trace::TraceContext;
pub(crate) use out::Out;

/// Makes the layer, with its defaults.
pub fn layer() -> SpanLayer {
    SpanLayer::default()
}

/// What finds a span's place in a trace among what other layers keep of it.
pub(crate) type TraceOf = fn(&Extensions<'_>) -> Option<TraceContext>;

/// A layer of `tracing_subscriber` that turns spans into operations; see the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct SpanLayer {
    pub(crate) spans: LevelFilter,
    pub(crate) fields: bool,
    pub(crate) events: LevelFilter,
    pub(crate) errors: bool,
    pub(crate) trace: Option<TraceOf>,
    /// Set where it is to be as good as not there.
    pub(crate) out: Option<Out>,
}

impl Default for SpanLayer {
    fn default() -> Self {
        let (spans, events) = (LevelFilter::INFO, LevelFilter::INFO);
        Self { spans, fields: true, events, errors: true, trace: None, out: Out::if_so() }
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

    /// Events up to this level move the thread's line, and name statuses. Default `INFO`; `TRACE` asks the program
    /// for every event that it has, `OFF` for none.
    #[must_use]
    pub fn events_to(mut self, most: LevelFilter) -> Self {
        self.events = most;
        self
    }

    /// How to find the trace that a span belongs to in what another layer keeps of it; asked once, when the span is
    /// first entered, behind layers that were added before this one. What it answers is the span that the operation is
    /// part of: the other layer's own one. With `tracing_opentelemetry`, whose layer comes first:
    ///
    /// ```text
    /// probe::tracing::layer().trace(|kept| {
    ///     let of = kept.get::<tracing_opentelemetry::OtelData>()?;
    ///     let (trace, span) = (of.trace_id()?.to_bytes(), of.span_id()?.to_bytes());
    ///     probe::TraceContext::new(u128::from_be_bytes(trace), u64::from_be_bytes(span))
    /// })
    /// ```
    #[must_use]
    pub fn trace(mut self, of: fn(&Extensions<'_>) -> Option<TraceContext>) -> Self {
        self.trace = Some(of);
        self
    }

    /// Whether an event of level `ERROR` makes its operation end as an error. Default yes.
    #[must_use]
    pub fn errors(mut self, counted: bool) -> Self {
        self.errors = counted;
        self
    }
}

/// With probes out, what filters of its own would have cost.
#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
impl SpanLayer {
    /// The layer as it is: nothing is taken, so nothing is filtered. Stands before the method of `Layer`, whose filter
    /// would be asked all the same.
    #[must_use]
    pub fn with_filter<F>(self, _: F) -> Self {
        self
    }
}

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
#[expect(unsafe_code, reason = "a layer that is not there says so through an unsafe method")]
impl<S> tracing_subscriber::Layer<S> for SpanLayer
where
    S: tracing_core::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_layer(&mut self, subscriber: &mut S) {
        Out::meets(&mut self.out, subscriber);
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::OFF)
    }

    unsafe fn downcast_raw(&self, id: core::any::TypeId) -> Option<*const ()> {
        Out::downcast(self, self.out, id)
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Layer, Registry};

    use super::*;

    #[test]
    fn the_layer_asks_for_what_it_was_told() {
        let hint = |layer: SpanLayer| Layer::<Registry>::max_level_hint(&layer);
        assert_eq!(hint(layer()), Some(LevelFilter::INFO));
        assert_eq!(hint(layer().spans(LevelFilter::DEBUG)), Some(LevelFilter::DEBUG));
        assert_eq!(hint(layer().events_to(LevelFilter::TRACE)), Some(LevelFilter::TRACE));
        let few = layer().spans(LevelFilter::OFF).events_to(LevelFilter::OFF);
        assert_eq!(hint(few), Some(LevelFilter::ERROR));
        assert_eq!(hint(few.errors(false)), Some(LevelFilter::OFF));
    }
}
