//! OpenTelemetry's protocol: numbers as metrics, counted samples as profiles, operations as spans, each a request
//! message as a collector takes it over HTTP. What they are of stands in the resource: the service is the board's
//! name, its instance the run of the process.

mod attributes;
mod metrics;
mod profiles;
mod send;
mod signal;
mod spans;
mod wire;

pub use attributes::About;
pub use metrics::metrics;
pub use profiles::profiles;
#[cfg(all(feature = "cli", target_os = "linux"))]
pub(crate) use send::AGAIN;
pub use send::{Endpoint, Sender, Sent, Settings};
pub use signal::Signal;
pub use spans::{Ids, pending, spans};

#[cfg(test)]
mod tests;
