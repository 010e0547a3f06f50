//! The three things that are sent.

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
