//! That a thread is inside a piece of code, from its beginning to its end.

use timing::{fence, timed};

use crate::{Job, Peer, nothing};

fn scope(turns: u64) -> f64 {
    timed!(turns, {
        let _scope = probe::scope!("inside");
        fence();
    })
}

fn span(turns: u64) -> f64 {
    timed!(turns, {
        let _span = tracing::info_span!("inside").entered();
        fence();
    })
}

fn registry() -> Box<dyn std::any::Any> {
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    nothing()
}

/// Takes spans and throws them away.
struct Nowhere;

impl fastrace::collector::Reporter for Nowhere {
    fn report(&mut self, _: Vec<fastrace::prelude::SpanRecord>) {}
}

pub(crate) fn reporter() -> Box<dyn std::any::Any> {
    fastrace::set_reporter(Nowhere, fastrace::collector::Config::default());
    nothing()
}

fn local_span(turns: u64) -> f64 {
    let root = fastrace::Span::root("root", fastrace::prelude::SpanContext::random());
    let _root = root.set_local_parent();
    timed!(turns, {
        let _span = fastrace::local::LocalSpan::enter_with_local_parent("inside");
        fence();
    })
}

fn puffin_on() -> Box<dyn std::any::Any> {
    puffin::set_scopes_on(true);
    nothing()
}

fn puffin_scope(turns: u64) -> f64 {
    puffin::GlobalProfiler::lock().new_frame();
    puffin::profile_scope!("around");
    timed!(turns, {
        puffin::profile_scope!("inside");
        fence();
    })
}

fn tracy() -> Box<dyn std::any::Any> {
    Box::new(tracy_client::Client::start())
}

fn tracy_span(turns: u64) -> f64 {
    timed!(turns, {
        let _span = tracy_client::span!("inside");
        fence();
    })
}

/// Its table would stand in ours.
struct Unprinted;

impl hotpath::Reporter for Unprinted {
    fn report(
        &self,
        _: &dyn hotpath::MetricsProvider<'_>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        Ok(())
    }
}

fn hotpath() -> Box<dyn std::any::Any> {
    Box::new(hotpath::FunctionsGuardBuilder::new("beside").reporter(Box::new(Unprinted)).build())
}

fn hotpath_block(turns: u64) -> f64 {
    timed!(turns, hotpath::measure_block!("inside", fence()))
}

pub(crate) const JOB: Job = Job {
    name: "that a thread is inside a piece of code",
    probe: "scope!, in and out",
    besides: "read from outside, sampled stacks; not how long",
    ours: scope,
    peers: &[
        Peer {
            name: "tracing span, nobody listens",
            besides: "nothing is noted",
            enable: nothing,
            timed: span,
            turns: 20_000,
        },
        Peer {
            name: "tracing span, registry",
            besides: "extensions; not how long",
            enable: registry,
            timed: span,
            turns: 5_000,
        },
        Peer {
            name: "fastrace LocalSpan",
            besides: "how long, in order",
            enable: reporter,
            timed: local_span,
            turns: 100,
        },
        Peer {
            name: "puffin scope",
            besides: "how long, in order",
            enable: puffin_on,
            timed: puffin_scope,
            turns: 1_000,
        },
        Peer {
            name: "tracy span, no server",
            besides: "how long, in order",
            enable: tracy,
            timed: tracy_span,
            turns: 1_000,
        },
        Peer {
            name: "hotpath block",
            besides: "how long, as a histogram",
            enable: hotpath,
            timed: hotpath_block,
            turns: 1_000,
        },
    ],
};
