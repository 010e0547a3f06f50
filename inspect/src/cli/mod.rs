//! The verbs of the binary, one file each. They print to the writer that they are given and return an
//! error that carries its exit code; nothing here ends the process.

mod annotate;
pub mod args;
mod cancel;
mod capacity;
mod capture;
pub mod check;
mod clean;
mod collector;
pub mod command;
mod common;
pub mod complete;
mod diff;
mod doctor;
mod dump;
mod export;
mod failure;
mod grown;
mod history;
mod history_table;
#[cfg(feature = "serve")]
mod hosts;
#[cfg(feature = "serve")]
mod link;
mod list;
mod man;
mod numbered;
mod ops;
mod orders;
mod otlp;
mod output;
mod pages;
mod profile;
mod prom;
mod record;
mod replace;
mod sampling;
#[cfg(feature = "serve")]
mod serve;
mod show;
mod spans;
mod stdout;
mod top;
mod waits;
#[cfg(feature = "serve")]
mod whom;
mod why;

use std::io::Write;

use crate::locate::{self, Target};
use args::{Cli, Form, HistoryAction, Verb};
pub use common::{folded, look};
pub use failure::Failure;
pub use stdout::stdout;

/// Runs what the command line says. Data goes to `out`, remarks to `remarks`.
///
/// # Errors
/// [`Failure`], to be printed and turned into the exit code.
pub fn run(cli: &Cli, out: &mut dyn Write, remarks: &mut dyn Write) -> Result<(), Failure> {
    let done = asked(cli, out, remarks);
    match &cli.verb {
        Some(Verb::Check { .. }) => done.map_err(|failure| check::unasked(failure, out)),
        _ => done,
    }
}

fn asked(cli: &Cli, out: &mut dyn Write, remarks: &mut dyn Write) -> Result<(), Failure> {
    let target = cli.target().map_err(Failure::usage)?;
    #[cfg(feature = "serve")]
    if let Some(done) = hosts::run(cli, &target, out, remarks) {
        return done;
    }
    let done = verb(cli, &target, out, remarks);
    for directory in crate::patience::given_up() {
        // A file that was named says so itself, as does who missed what may be there.
        if locate::directories().contains(&directory) || directory.ends_with("dev/shm") {
            let name = crate::words::term::term(&directory.display().to_string());
            if done.as_ref().is_err_and(|failure| failure.text.contains(&name)) {
                continue;
            }
            let _ = writeln!(
                remarks,
                "inspect: {name}: its file system did not answer; boards there are not shown"
            );
        }
    }
    done.map_err(|mut failure| {
        // A name that no board has may have been meant for a verb.
        let word = cli.target.as_ref().filter(|_| cli.verb.is_none() && failure.code == 3);
        if let Some(verb) = word.and_then(|word| command::similar(word)) {
            failure.text = format!("{}; did you mean the verb `{verb}`?", failure.text);
        }
        failure
    })
}

// long: one arm for each verb.
fn verb(
    cli: &Cli,
    target: &Target,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    match &cli.verb {
        None => show::run(cli, target, out, remarks),
        Some(Verb::List(_)) => list::run(cli, target, out, remarks),
        Some(Verb::Top { rate, .. }) => top::run(cli, target, *rate, remarks),
        Some(Verb::Dump { output, .. }) => dump::run(cli, target, output, out, remarks),
        Some(Verb::Record { trigger, .. })
            if trigger.when.is_empty() && cli.common.count.is_some() =>
        {
            Err(Failure::usage("--count does nothing for `record` without --when"))
        }
        Some(Verb::Record { pacing, trigger, output, .. }) if trigger.when.is_empty() => {
            record::run(cli, target, pacing, output.as_deref(), out, remarks)
        }
        Some(Verb::Record { pacing, trigger, output, .. }) => {
            let way = capture::Way { pacing, trigger, output: output.as_deref() };
            capture::run(cli, target, &way, out, remarks)
        }
        Some(Verb::Profile { pacing, pick, .. }) => {
            profile::run(cli, target, pacing, pick, out, remarks)
        }
        Some(Verb::Report { pick, .. }) => profile::report(cli, target, pick, out, remarks),
        Some(Verb::Export { format, pacing, only, numbers, output, .. }) => {
            if *format == Form::Prom {
                let way = prom::Way { numbers, output: output.as_deref() };
                return prom::run(cli, target, &way, out, remarks);
            }
            if *format == Form::Otlp {
                let way = otlp::Way { numbers, pacing, only, output: output.as_deref() };
                return otlp::run(cli, target, &way, out, remarks);
            }
            if numbers.asked() {
                return Err(Failure::usage("that is for `export prom` or `export otlp`"));
            }
            let way = export::Way { format: *format, pacing, only, output: output.as_deref() };
            export::run(cli, target, &way, out, remarks)
        }
        Some(Verb::Annotate { only, source, .. }) => {
            annotate::run(cli, target, only, source.as_deref(), out, remarks)
        }
        Some(Verb::Diff { before, after, only, svg }) => {
            diff::run(cli, [before, after], only, svg.as_deref(), out, remarks)
        }
        Some(Verb::Ops { action: Some(args::OpsAction::Cancel { id, timeout, .. }), .. }) => {
            cancel::run(cli, target, id, *timeout, out, remarks)
        }
        Some(Verb::Ops { pick, .. }) => ops::run(cli, target, pick, out, remarks),
        Some(Verb::Why { place, .. }) => why::run(cli, target, place, out, remarks),
        Some(Verb::Capacity { duration, .. }) => {
            capacity::run(cli, target, *duration, out, remarks)
        }
        Some(Verb::Waits { pick, .. }) => waits::run(cli, target, pick, out, remarks),
        Some(Verb::Check { ask, .. }) => check::run(cli, target, ask, out),
        #[cfg(feature = "serve")]
        Some(Verb::Serve(how)) => serve::run(cli, how, remarks),
        #[cfg(feature = "serve")]
        Some(Verb::Link { to, .. }) => link::run(cli, target, to, out),
        Some(Verb::History {
            action: Some(HistoryAction::Record { place, history_size, sample, .. }),
            ..
        }) => history::record(cli, target, &place.directory(), (*history_size, *sample), remarks),
        Some(Verb::History { pick, .. }) => history::show(cli, target, pick, out, remarks),
        Some(Verb::Doctor(_)) => doctor::run(cli, target, out),
        Some(Verb::Clean { dry_run, unknown, .. }) => {
            let way = clean::Way { dry_run: *dry_run, unknown: *unknown };
            clean::run(cli, target, way, out, remarks)
        }
        Some(Verb::Completions { shell }) => {
            let text = complete::script(*shell)
                .map_err(|error| Failure::new(format!("{shell}: {error}")))?;
            Ok(out.write_all(&text)?)
        }
        Some(Verb::Man { verb, dir }) => man::run(verb.as_deref(), dir.as_deref(), out),
    }
}
