//! What is in flight, since when, and how long it took.

use std::hint::black_box;
use std::sync::LazyLock;

use timing::{fence, timed};

use crate::stretches::reporter;
use crate::{Job, Peer, nothing};

#[path = "../../fixtures/cost/src/by_hand.rs"]
mod by_hand;
#[path = "../../fixtures/cost/src/twice.rs"]
mod twice;

use by_hand::{LABEL, map};
use twice::{Twice, poll_twice};

fn op(turns: u64) -> f64 {
    timed!(turns, {
        let _op = probe::op!("request", black_box(LABEL));
        fence();
    })
}

fn registry() -> Box<dyn std::any::Any> {
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    nothing()
}

fn span(turns: u64) -> f64 {
    timed!(turns, {
        let _span = tracing::info_span!("request", path = black_box(LABEL)).entered();
        fence();
    })
}

fn root_span(turns: u64) -> f64 {
    use fastrace::prelude::{Span, SpanContext};
    timed!(turns, {
        let span = Span::root("request", SpanContext::random())
            .with_property(|| ("path", black_box(LABEL)));
        let _parent = span.set_local_parent();
        fence();
    })
}

fn tree(turns: u64) -> f64 {
    static REGISTRY: LazyLock<await_tree::Registry> =
        LazyLock::new(|| await_tree::Registry::new(await_tree::Config::default()));
    let registry = &*REGISTRY;
    timed!(turns, {
        let root = registry.register_anonymous(black_box(LABEL));
        poll_twice(root.instrument(Twice(black_box(false))))
    })
}

pub(crate) const JOB: Job = Job {
    name: "what is in flight, since when, and how long it took",
    probe: "op!, begin and end",
    besides: "read from outside, also after death; histogram by kind",
    ours: op,
    peers: &[
        Peer {
            name: "Mutex<HashMap>, Instant",
            besides: "nobody else sees it; no histogram",
            enable: nothing,
            timed: map,
            turns: 5_000,
        },
        Peer {
            name: "tracing span, registry",
            besides: "not how long; the field goes nowhere",
            enable: registry,
            timed: span,
            turns: 5_000,
        },
        Peer {
            name: "fastrace root span",
            besides: "seen at its end; exported",
            enable: reporter,
            timed: root_span,
            turns: 100,
        },
        Peer {
            name: "await-tree root, a future",
            besides: "a tree of awaits; two polls in the figure",
            enable: nothing,
            timed: tree,
            turns: 1_000,
        },
    ],
};
