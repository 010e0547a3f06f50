//! At which line a thread is.

use std::hint::black_box;

use timing::timed;

use crate::{Job, Peer, nothing};

fn tag(turns: u64) -> f64 {
    timed!(turns, probe::tag!("here"))
}

fn event(turns: u64) -> f64 {
    timed!(turns, tracing::info!("here"))
}

fn logged(turns: u64) -> f64 {
    timed!(turns, log::info!("here"))
}

fn marker(turns: u64) -> f64 {
    timed!(turns, usdt::probe!(beside, here, black_box(3)))
}

fn registry() -> Box<dyn std::any::Any> {
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    nothing()
}

fn written() -> Box<dyn std::any::Any> {
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
    nothing()
}

/// A logger that is asked and does nothing.
struct Silent;

impl log::Log for Silent {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        black_box(record);
    }
    fn flush(&self) {}
}

fn silent() -> Box<dyn std::any::Any> {
    let _ = log::set_logger(&Silent);
    log::set_max_level(log::LevelFilter::Info);
    nothing()
}

fn env_logger() -> Box<dyn std::any::Any> {
    let target = env_logger::Target::Pipe(Box::new(std::io::sink()));
    let _ =
        env_logger::Builder::new().filter_level(log::LevelFilter::Info).target(target).try_init();
    nothing()
}

pub(crate) const JOB: Job = Job {
    name: "at which line a thread is",
    probe: "tag!",
    besides: "read from outside; no time stamp, no history",
    ours: tag,
    peers: &[
        Peer {
            name: "tracing event, nobody listens",
            besides: "nothing is noted",
            enable: nothing,
            timed: event,
            turns: 20_000,
        },
        Peer {
            name: "tracing event, registry",
            besides: "nothing is noted",
            enable: registry,
            timed: event,
            turns: 20_000,
        },
        Peer {
            name: "tracing event, fmt to nowhere",
            besides: "time stamp and text",
            enable: written,
            timed: event,
            turns: 2_000,
        },
        Peer {
            name: "log, no logger",
            besides: "nothing is noted",
            enable: nothing,
            timed: logged,
            turns: 20_000,
        },
        Peer {
            name: "log, silent logger",
            besides: "nothing is noted",
            enable: silent,
            timed: logged,
            turns: 20_000,
        },
        Peer {
            name: "env_logger to nowhere",
            besides: "text",
            enable: env_logger,
            timed: logged,
            turns: 2_000,
        },
        Peer {
            name: "USDT, no tracer",
            besides: "nothing is noted until one attaches",
            enable: nothing,
            timed: marker,
            turns: 20_000,
        },
    ],
};
