//! How a value is spread.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::LazyLock;

use timing::timed;

use crate::counts::recorder;
use crate::{Job, Peer, nothing};

probe::metrics! {
    /// Values.
    histogram VALUES = "values", "ns";
}

fn record(turns: u64) -> f64 {
    timed!(turns, probe::record!(VALUES, black_box(1000)))
}

fn hdr(turns: u64) -> f64 {
    thread_local! {
        static VALUES: RefCell<hdrhistogram::Histogram<u64>> =
            RefCell::new(hdrhistogram::Histogram::new_with_bounds(1, 1 << 40, 2).expect("bounds"));
    }
    VALUES.with_borrow_mut(|values| timed!(turns, _ = values.record(black_box(1000))))
}

fn prometheus(turns: u64) -> f64 {
    static VALUES: LazyLock<prometheus::Histogram> = LazyLock::new(|| {
        prometheus::Histogram::with_opts(prometheus::HistogramOpts::new("values", "Values."))
            .expect("a name")
    });
    let values = &*VALUES;
    timed!(turns, values.observe(black_box(0.001)))
}

fn prometheus_client(turns: u64) -> f64 {
    use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
    static VALUES: LazyLock<Histogram> =
        LazyLock::new(|| Histogram::new(exponential_buckets(0.001, 2.0, 11)));
    let values = &*VALUES;
    timed!(turns, values.observe(black_box(0.001)))
}

fn metrics_held(turns: u64) -> f64 {
    let values = metrics::histogram!("values");
    timed!(turns, values.record(black_box(0.001)))
}

pub(crate) const JOB: Job = Job {
    name: "how a value is spread",
    probe: "record!",
    besides: "within 1/32; read from outside",
    ours: record,
    peers: &[
        Peer {
            name: "hdrhistogram, one thread's",
            besides: "within 1 %; nobody else sees it",
            enable: nothing,
            timed: hdr,
            turns: 20_000,
        },
        Peer {
            name: "prometheus Histogram",
            besides: "11 buckets",
            enable: nothing,
            timed: prometheus,
            turns: 20_000,
        },
        Peer {
            name: "prometheus-client Histogram",
            besides: "11 buckets",
            enable: nothing,
            timed: prometheus_client,
            turns: 20_000,
        },
        Peer {
            name: "metrics, a held histogram",
            besides: "every value is kept until asked",
            enable: recorder,
            timed: metrics_held,
            turns: 1_000,
        },
    ],
};
