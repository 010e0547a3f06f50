//! `ops cancel` over hosts: the one endpoint that has the operation is asked, with its token.

use std::time::Duration;

use serde::Deserialize;

use super::super::args::{OpsAction, Verb};
use super::super::cancel::parse;
use super::super::common::document;
use super::super::failure::Failure;
use super::ask::Ask;

use crate::endpoints::merged::apart;
use crate::endpoints::{OpsOf, Question, Standing, State, escaped};
use crate::words::human::time;
use crate::words::term::{label, term};

/// The longest that a server waits.
const LONGEST: Duration = Duration::from_secs(5);

/// One operation.
#[derive(Deserialize)]
struct One {
    op: OpsOf,
}

/// What came of a request.
#[derive(Deserialize)]
struct Done {
    outcome: Option<String>,
    ended: bool,
    after_ns: Option<u64>,
}

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let cli = ask.cli;
    let Some(Verb::Ops { action: Some(OpsAction::Cancel { id, timeout, .. }), .. }) = &cli.verb
    else {
        return Ok(());
    };
    let (index, generation) = parse(id)?;
    let id = format!("{index}-{generation}");
    let (standing, one) = having(ask, &id)?;
    let wait = (*timeout).min(LONGEST);
    let path = format!("ops/{}/{id}/cancel", one.op.pid);
    let question = Question::post(&path)
        .with("timeout", Some(&format!("{:.3}", wait.as_secs_f64())))
        .after(wait);
    let (endpoints, done) = apart(ask.ask(&question, Some(&standing.endpoint)));
    let op = &one.op.op;
    let name = op.label.as_ref().map(|text| format!(" {}", label(text))).unwrap_or_default();
    let what = format!("{id} {}{name} on {}", label(&op.kind), standing.short());
    let Some((_, done)) = done.into_iter().next() else {
        let why = endpoints.into_iter().next().and_then(|one| Some((one.state, one.error?)));
        let code =
            if why.as_ref().is_some_and(|(state, _)| *state == State::Refused) { 4 } else { 1 };
        let why =
            why.map_or_else(|| "it ended before it could be asked".to_owned(), |(_, why)| why);
        return Err(Failure { code, text: format!("{what}: {why}") });
    };
    let Done { outcome, ended, after_ns } = done;
    if !ended {
        let text =
            format!("{what}: cancellation requested, but still in flight: it has not looked yet");
        return Err(Failure::new(text));
    }
    if ask.json() {
        let endpoint = &standing.endpoint;
        let said = serde_json::json!({
            "schema": 1, "endpoint": endpoint, "id": id, "outcome": outcome, "after_ns": after_ns,
        });
        return document(ask.cli, ask.out, &said);
    }
    let text = match (outcome, after_ns) {
        (Some(outcome), Some(after)) => {
            format!("{what}: {}, {} after the request", term(&outcome), time(after))
        }
        _ => format!("{what}: ended; how is no longer known"),
    };
    Ok(writeln!(ask.out, "{text}")?)
}

/// The only endpoint that has this operation in flight, and the operation.
fn having(ask: &mut Ask<'_>, id: &str) -> Result<(Standing, One), Failure> {
    let board = ask.board.clone().unwrap_or_else(|| "*".to_owned());
    let question = Question::get(&format!("ops/{}/{id}", escaped(&board)));
    let (endpoints, mut having) = apart(ask.ask_until(&question, |_: &One| true));
    having.retain(|(_, one)| one.op.op.outcome.is_none());
    let Some((standing, one)) = having.pop() else {
        let silent: Vec<String> = endpoints
            .iter()
            .filter(|one| one.state != State::Ok)
            .map(|one| format!("{} {}", one.short(), one.state.word()))
            .collect();
        let beside =
            if silent.is_empty() { String::new() } else { format!(" ({})", silent.join(", ")) };
        return Err(Failure::new(format!(
            "no operation {id} is in flight at the endpoints that answered{beside}; `inspect ops` lists those that are"
        )));
    };
    if !having.is_empty() {
        let mut names: Vec<&str> = having.iter().map(|(one, _)| one.short()).collect();
        names.push(standing.short());
        return Err(Failure::usage(format!(
            "several hosts have an operation {id}: {}; name one by --endpoints",
            names.join(", ")
        )));
    }
    Ok((standing, one))
}
