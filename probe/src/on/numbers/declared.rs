//! What is declared in source, of every kind.

use super::fact::Fact;
use super::family::{CounterFamily, GaugeFamily};
use super::metric::{Counter, Gauge, Heartbeat, Histogram, Progress, Ratio};
use super::queue::Queue;
use crate::on::ground::distributed::distributed_slice;

distributed_slice! {
    /// Every declared number of this binary. The linker gathers them.
    pub static METRICS: [Declared] = "probe_metrics", "__start_probe_metrics", "__stop_probe_metrics";
}

/// One declaration.
#[derive(Debug)]
pub enum Declared {
    /// See [`Counter`].
    Counter(&'static Counter),
    /// See [`Gauge`].
    Gauge(&'static Gauge),
    /// See [`Histogram`].
    Histogram(&'static Histogram),
    /// See [`Ratio`].
    Ratio(&'static Ratio),
    /// See [`Heartbeat`].
    Heartbeat(&'static Heartbeat),
    /// See [`Progress`].
    Progress(&'static Progress),
    /// See [`Queue`].
    Queue(&'static Queue),
    /// See [`GaugeFamily`].
    GaugeFamily(&'static GaugeFamily),
    /// See [`CounterFamily`].
    CounterFamily(&'static CounterFamily),
    /// See [`Fact`].
    Fact(&'static Fact),
}
