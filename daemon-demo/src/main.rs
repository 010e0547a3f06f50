//! `daemon-demo`: a small real store, instrumented with probes from the first line.
//!
//! `serve` speaks RESP2 over a store kept by redb; `load` drives it through a real client library;
//! `tour` shows both beside `inspect`. The way of a write:
//!
//! ```text
//! client -> net (io threads) -> command -> store::queue (indexed) -> store::core (one thread) -> redb
//! ```

mod args;
mod command;
mod failure;
mod limits;
mod load;
mod locks;
mod metrics;
mod net;
mod quantity;
mod resp;
mod say;
mod serve;
mod shared;
mod store;
mod tour;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let outcome = match args::Args::parse().verb {
        args::Verb::Serve(options) => serve::run(options),
        args::Verb::Load(options) => load::run(&options),
        args::Verb::LoadClient(options) => load::client::run(&options),
        args::Verb::Tour(options) => tour::run(&options),
    };
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::say!("{failure}");
            ExitCode::FAILURE
        }
    };
    say::finish();
    code
}
