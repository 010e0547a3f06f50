//! How often something happened.

use std::sync::LazyLock;

use timing::timed;

use crate::{Job, Peer, nothing};

probe::metrics! {
    /// Things counted.
    counter COUNTED = "counted", "things";
}

fn count(turns: u64) -> f64 {
    timed!(turns, probe::count!(COUNTED))
}

fn prometheus(turns: u64) -> f64 {
    static COUNTER: LazyLock<prometheus::IntCounter> = LazyLock::new(|| {
        let counter = prometheus::IntCounter::new("counted", "Things counted.").expect("a name");
        prometheus::register(Box::new(counter.clone())).expect("registered once");
        counter
    });
    let counter = &*COUNTER;
    timed!(turns, counter.inc())
}

fn prometheus_client(turns: u64) -> f64 {
    static COUNTER: LazyLock<prometheus_client::metrics::counter::Counter> =
        LazyLock::new(Default::default);
    let counter = &*COUNTER;
    timed!(turns, counter.inc())
}

/// The recorder that most programs install.
pub(crate) fn recorder() -> Box<dyn std::any::Any> {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    Box::new(handle)
}

fn metrics_held(turns: u64) -> f64 {
    let counter = metrics::counter!("counted");
    timed!(turns, counter.increment(1))
}

fn metrics_macro(turns: u64) -> f64 {
    timed!(turns, metrics::counter!("counted").increment(1))
}

pub(crate) const JOB: Job = Job {
    name: "how often something happened",
    probe: "count!",
    besides: "read from outside, also after death",
    ours: count,
    peers: &[
        Peer {
            name: "prometheus IntCounter",
            besides: "labels; asked over a socket",
            enable: nothing,
            timed: prometheus,
            turns: 20_000,
        },
        Peer {
            name: "prometheus-client Counter",
            besides: "labels; asked over a socket",
            enable: nothing,
            timed: prometheus_client,
            turns: 20_000,
        },
        Peer {
            name: "metrics, a held counter",
            besides: "any recorder",
            enable: recorder,
            timed: metrics_held,
            turns: 20_000,
        },
        Peer {
            name: "metrics::counter!",
            besides: "any recorder, labels at run time",
            enable: recorder,
            timed: metrics_macro,
            turns: 5_000,
        },
    ],
};
