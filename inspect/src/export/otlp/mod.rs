//! OpenTelemetry's protocol: numbers as metrics, counted samples as profiles, operations as spans, each a request
//! message as a collector takes it over HTTP. What they are of stands in the resource: the service is the board's
//! name, its instance the run of the process.

mod attributes;
mod metrics;
mod profiles;
mod send;
mod spans;

pub use attributes::About;
pub use metrics::metrics;
pub use profiles::profiles;
pub use send::{Endpoint, Sender, Sent, Settings};
pub use spans::{Ids, pending, spans};

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Numbers.
    Metrics,
    /// Operations.
    Spans,
    /// Samples.
    Profiles,
}

impl Signal {
    /// Where it goes below an endpoint.
    pub fn path(self) -> &'static str {
        match self {
            Self::Metrics => "/v1/metrics",
            Self::Spans => "/v1/traces",
            Self::Profiles => "/v1development/profiles",
        }
    }

    /// Its name in the standard's environment variables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Metrics => "METRICS",
            Self::Spans => "TRACES",
            Self::Profiles => "PROFILES",
        }
    }
}

#[cfg(test)]
mod tests;
