//! `export otlp`: numbers, operations or samples to a collector, once or again and again; or to stdout.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::args::{Cli, Common, Numbers, Only, Pacing};
use super::collector::{Sink, say};
use super::common::repeat;
use super::failure::{Failure, wrong_file};
use super::prom::Watched;
use super::sampling::{Sampling, Turn, answered, nonempty, options, read, recorded};
use super::{record, spans};
use crate::clock::Moment;
use crate::export::otlp::{About, Sender, Sent, Settings, Signal, metrics, profiles};
use crate::locate::Target;
use crate::report::{By, Tally};

/// How long is sampled when nothing is said.
const SAMPLED: Duration = Duration::from_secs(10);

/// How, and where to.
pub(super) struct Way<'a> {
    pub(super) numbers: &'a Numbers,
    pub(super) pacing: &'a Pacing,
    pub(super) only: &'a Only,
    pub(super) output: Option<&'a Path>,
}

impl Way<'_> {
    fn signal(&self) -> Result<Signal, Failure> {
        match (self.numbers.metrics, self.numbers.spans, self.numbers.profiles) {
            (true, ..) => Ok(Signal::Metrics),
            (_, true, _) => Ok(Signal::Spans),
            (.., true) => Ok(Signal::Profiles),
            _ => Err(Failure::usage("say what: --metrics, --spans or --profiles")),
        }
    }
}

/// What is wrong with the settings; of a certificate's file the variable that named it.
fn wrong(why: &str) -> Failure {
    let is_file =
        |name: &str| name.starts_with("OTEL_EXPORTER_OTLP_") && name.ends_with("CERTIFICATE");
    let files: Vec<(String, String)> = std::env::vars().filter(|(name, _)| is_file(name)).collect();
    let files: Vec<_> =
        files.iter().map(|(name, path)| (name.as_str(), Some(Path::new(path)))).collect();
    wrong_file(&files, why)
}

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let signal = way.signal()?;
    let of_spans = [("state", way.numbers.state.is_some()), ("pending", way.numbers.pending)];
    if let Some((flag, _)) = of_spans.iter().find(|(_, said)| *said && signal != Signal::Spans) {
        return Err(Failure::usage(format!("--{flag} does nothing without --spans")));
    }
    let url = way.numbers.endpoint.as_deref();
    let settings =
        Settings::read(signal, url, |name| std::env::var(name).ok()).map_err(|why| wrong(&why))?;
    let mut file = None;
    let sink = match (&settings.endpoint, way.output.filter(|path| !super::output::is_stdout(path)))
    {
        (_, Some(_)) if way.numbers.every.is_some() => {
            return Err(Failure::usage("--every is for a collector or stdout"));
        }
        (_, Some(path)) => Sink::Stdout(file.insert(super::output::Output::create(path)?)),
        (Some(endpoint), None) => {
            Sink::Collector(Box::new(Sender::new(endpoint.clone(), settings.clone())))
        }
        (None, None) => {
            record::no_terminal("this form")?;
            Sink::Stdout(out)
        }
    };
    let more = attributes(&settings);
    match signal {
        Signal::Metrics => numbers(cli, target, way, sink, &more, remarks),
        Signal::Profiles => samples(cli, target, way, sink, &more, remarks),
        Signal::Spans => spans::run(cli, target, way.numbers, sink, &more, remarks),
    }?;
    file.map_or(Ok(()), super::output::Output::keep)
}

/// Attributes of every resource: this host, and what the environment says.
fn attributes(settings: &Settings) -> Vec<(String, String)> {
    let mut more = settings.attributes.clone();
    if !more.iter().any(|(key, _)| key == "host.name")
        && let Some(name) = crate::proc::host_name()
    {
        more.push(("host.name".to_owned(), name));
    }
    more
}

fn numbers(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    mut sink: Sink<'_>,
    more: &[(String, String)],
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let mut watched = Watched::default();
    let (mut sent, mut last) = (Sent::default(), String::new());
    let turns = Common { interval: way.numbers.every, count: None, ..cli.common.clone() };
    let every = way.numbers.every.is_some();
    repeat(&turns, |again| {
        let found = watched.turn(target, &cli.common, (every, again), remarks);
        if !every {
            found?;
        }
        let reports = watched.reports(remarks);
        let all: Vec<_> =
            reports.iter().map(|report| (About::report(report, more), report)).collect();
        if all.is_empty() {
            sink.again(&mut sent);
        } else {
            sink.put(metrics(&all, Moment::now(false).wall_ns), &mut sent)?;
        }
        if every {
            say(&mut sent, &mut last, remarks);
        }
        Ok(())
    })?;
    sink.finish(&mut sent)
}

fn samples(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    mut sink: Sink<'_>,
    more: &[(String, String)],
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let (mut sent, mut last) = (Sent::default(), String::new());
    let counting = || options(cli, way.only, By::Stack);
    if let Some(path) = recorded(target, way.pacing)? {
        let tally = read(&path, counting(), remarks)?;
        nonempty(&tally, &answered(&tally))?;
        sink.put(profiles(&tally, more), &mut sent)?;
        return sink.finish(&mut sent);
    }
    if way.numbers.every.is_some() && matches!(sink, Sink::Stdout(_)) {
        return Err(Failure::usage(
            "several profiles are no one message: send them to a collector",
        ));
    }
    loop {
        let mut sampling = Sampling::open(cli, target, way.pacing, remarks)?;
        let length = way.pacing.duration.or(way.numbers.every).unwrap_or(SAMPLED);
        sampling.or_for(length);
        let mut tally = Tally::new(counting());
        let progress = sampling.run(&mut tally, remarks, &mut |_| Turn::default())?;
        tally.finish();
        // What is idle all the time has no samples, and is nothing to send.
        let empty = nonempty(&tally, &answered(&tally));
        match (&empty, way.numbers.every) {
            (Err(_), None) => empty?,
            (Err(_), Some(_)) => sink.again(&mut sent),
            (Ok(()), _) => _ = sink.put(profiles(&tally, more), &mut sent)?,
        }
        if way.numbers.every.is_some() {
            say(&mut sent, &mut last, remarks);
        }
        let whole = u128::from(progress.elapsed_ns) + 100_000_000 >= length.as_nanos();
        if way.numbers.every.is_none() || !whole {
            return sink.finish(&mut sent);
        }
    }
}
