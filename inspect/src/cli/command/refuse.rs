//! What a command line says that would do nothing is refused, by name.

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};

use super::takes::{TAKES, taken};
use crate::cli::args::{Cli, Form};
use crate::render::Sort;

/// Says no to what would do nothing.
pub(super) fn refuse(matches: &ArgMatches) -> Result<(), String> {
    let (mut verb, mut last) = (String::new(), matches);
    while let Some((name, inner)) = last.subcommand() {
        verb = if verb.is_empty() { name.to_owned() } else { format!("{verb} {name}") };
        last = inner;
    }
    let takes = TAKES.iter().find(|(name, _)| *name == verb).map(|(_, takes)| *takes);
    takes.map_or(Ok(()), |takes| refuse_others(last, &verb, takes))?;
    refuse_idle(last, &verb)?;
    #[cfg(feature = "serve")]
    for (id, flag) in [("endpoints_token", "--endpoints-token"), ("endpoints_ca", "--endpoints-ca")]
    {
        if last.contains_id(id) && !last.contains_id("endpoints") {
            return Err(format!("{flag} does nothing without --endpoints"));
        }
    }
    Ok(())
}

/// Options of a verb that do nothing for what else was said.
fn refuse_idle(last: &ArgMatches, verb: &str) -> Result<(), String> {
    let said = |id: &str| {
        matches!(last.try_contains_id(id), Ok(true))
            && last.value_source(id) == Some(ValueSource::CommandLine)
    };
    if verb == "export" {
        let (for_what, idle): (&str, &[&str]) = match last.get_one::<Form>("format") {
            Some(Form::Prom) => ("export prom", &NOT_OF_PROM),
            Some(Form::Otlp) if said("profiles") => ("export otlp --profiles", &["openmetrics"]),
            Some(Form::Otlp) => ("export otlp", &NOT_OF_OTLP),
            _ => return Ok(()),
        };
        return none_of(idle, said, for_what, verb);
    }
    // Each of them that was said, not the first alone: `--heat --svg` takes what both take.
    for (of, by, idle) in IDLE {
        if verb == *of && said(by) {
            none_of(idle, said, &format!("{of} --{by}"), verb)?;
        }
    }
    Ok(())
}

fn none_of(
    idle: &[&str],
    said: impl Fn(&str) -> bool,
    for_what: &str,
    verb: &str,
) -> Result<(), String> {
    match idle.iter().find(|id| said(id)) {
        Some(id) => Err(format!("--{id} does nothing for `{for_what}`; see `inspect {verb} -h`")),
        None => Ok(()),
    }
}

/// A verb, an option of it, and those that do nothing beside.
const IDLE: &[(&str, &str, &[&str])] = &[
    ("ops", "history", &["over", "by", "ended", "slowest"]),
    ("ops", "by", &["over", "ended", "slowest"]),
    ("top", "endpoints", &["rate", "wait", "sort"]),
    ("why", "endpoints", &["history"]),
    ("history", "heat", &["by", "against", "points"]),
    ("history", "against", &["svg"]),
    ("history", "svg", &["json", "jsonl"]),
];

/// What samples are taken by, and other ways to send.
const NOT_OF_PROM: [&str; 13] = [
    "blame", "rate", "duration", "follow", "idle", "thread", "filter", "metrics", "spans",
    "profiles", "endpoint", "pending", "state",
];
const NOT_OF_OTLP: [&str; 8] =
    ["blame", "rate", "duration", "follow", "idle", "thread", "filter", "openmetrics"];

/// Of the options of every verb those that mean nothing for this one.
fn refuse_others(last: &ArgMatches, verb: &str, takes: &str) -> Result<(), String> {
    let command = Cli::command();
    for arg in command.get_arguments().filter(|arg| arg.is_global_set()) {
        let id = arg.get_id().as_str();
        let said = last.value_source(id) == Some(ValueSource::CommandLine);
        if said && id != "color" && !taken(takes, id) {
            let flag = arg.get_long().unwrap_or(id);
            return Err(format!("--{flag} does nothing for `{verb}`; see `inspect {verb} -h`"));
        }
    }
    // Before the verb stands the order of a table's threads.
    let sort = last.value_source("sort").filter(|_| verb == "ops");
    let sort = sort.and_then(|_| last.get_one::<Sort>("sort"));
    match sort {
        Some(sort) if !Sort::OPERATIONS.contains(sort) && *sort != Sort::First => {
            Err("that is an order of threads; see `inspect ops -h`".to_owned())
        }
        _ => Ok(()),
    }
}
