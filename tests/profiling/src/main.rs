//! Is the profiler right, and what does it cost: `cargo run --release -p profiling -- WHAT`, tables for
//! people (`docs/profiling-cost.md` has the method and a run). Nothing is gated on them.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "prints tables")]

mod agreement;
mod child;
mod cost;
mod poll;
mod request;
mod subject;
mod throughput;
mod tools;
mod truth;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use inspect::sampler::{Clock, Machine, Pace};
use request::Pair;
use timing::median;

#[derive(Parser)]
#[command(about = "Is the profiler right, and what does it cost")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// What the sampler costs itself.
    Cost {
        #[arg(long, default_value_t = 7)]
        rounds: usize,
    },
    /// What one look costs the writer of a hot line.
    Poll,
    /// What probes cost the demo daemon, a request: time in pairs, and instructions.
    Request {
        #[arg(long, default_value_t = 20)]
        rounds: usize,
        /// Demos that are built already: one without and one with probes. Else both are built here.
        #[arg(long, num_args = 2, value_names = ["OUT", "IN"])]
        programs: Vec<std::path::PathBuf>,
    },
    /// The same for its locks: std's beside those that show themselves, both with all other probes.
    Locks {
        #[arg(long, default_value_t = 20)]
        rounds: usize,
        /// Demos that are built already: one with the feature `plain-locks`, and one without. Else both are built here.
        #[arg(long, num_args = 2, value_names = ["PLAIN", "WRAPPED"])]
        programs: Vec<std::path::PathBuf>,
    },
    /// What a program loses to the sampler, and to other tools.
    Throughput {
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// In how many runs the truth is inside the interval.
    Truth {
        #[arg(long, default_value_t = 100)]
        runs: usize,
        /// Milliseconds of a run.
        #[arg(long, default_value_t = 1000)]
        length: u64,
    },
    /// The shares beside those of perf; time in system calls beside what debuggers say.
    Agreement {
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// A program to look at.
    #[command(hide = true)]
    Subject { name: String, kind: String, number: u64 },
    /// Sleeps as the sampler does and looks at nothing.
    #[command(hide = true)]
    Empty { milliseconds: u64 },
    /// The inspector.
    #[command(hide = true, trailing_var_arg = true, disable_help_flag = true)]
    Inspect {
        #[arg(allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

fn main() -> ExitCode {
    let what = Arguments::parse().what;
    // What is asked for by this program itself measures nothing, and of shares only truth is told.
    let timed = matches!(
        what,
        What::Cost { .. }
            | What::Poll
            | What::Request { .. }
            | What::Locks { .. }
            | What::Throughput { .. }
    );
    if timed && !matches!(timing::quiet(), Ok(true)) {
        return ExitCode::from(3);
    }
    let done = match what {
        What::Cost { rounds } => cost::run(rounds),
        What::Poll => {
            poll::run();
            Ok(())
        }
        What::Request { rounds, programs } => request::run(Pair::Probes, rounds, &programs),
        What::Locks { rounds, programs } => request::run(Pair::Locks, rounds, &programs),
        What::Throughput { rounds } => throughput::run(rounds),
        What::Truth { runs, length } => truth::run(runs, Duration::from_millis(length)),
        What::Agreement { seconds } => agreement::run(seconds),
        What::Subject { name, kind, number } => {
            subject::run(&name, &kind, number);
            Ok(())
        }
        What::Empty { milliseconds } => {
            empty(milliseconds);
            Ok(())
        }
        What::Inspect { words } => return inspector(words),
    };
    // A table that is not whole is none: `.ci/performance` puts it nowhere.
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("profiling: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The sampler's own deadlines and slack, and nothing to do when one comes.
fn empty(milliseconds: u64) {
    let mut clock = Machine::new();
    let start = clock.now();
    let mut pace = Pace::new(start, 1_000_000, start);
    let mut ticks = 0u64;
    loop {
        let tick = pace.next(clock.now());
        if tick.at >= start + milliseconds * 1_000_000 {
            break;
        }
        clock.sleep_until(tick.at);
        ticks += 1;
    }
    println!("{ticks}");
}

fn inspector(words: Vec<String>) -> ExitCode {
    let words = std::iter::once("inspect".to_owned()).chain(words);
    let cli = inspect::cli::args::Cli::parse_from(words);
    match inspect::cli::run(&cli, &mut std::io::stdout(), &mut std::io::stderr()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("inspect: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

/// The middle of some values, the least and the greatest.
fn spread(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.3} [{low:.3}, {high:.3}]", median(values))
}
