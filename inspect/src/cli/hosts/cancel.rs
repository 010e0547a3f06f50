//! `ops cancel` over hosts: the one endpoint that has the operation is asked, with its token.

use serde::Deserialize;

use super::super::args::{OpsAction, Verb};
use super::super::cancel::parse;
use super::super::common::document;
use super::super::failure::Failure;
use super::ask::Ask;

use crate::endpoints::cancelled::{Done, demand, named, said};
use crate::endpoints::merged::apart;
use crate::endpoints::{OpsOf, Question, Standing, State, escaped};

/// One operation.
#[derive(Deserialize)]
struct One {
    op: OpsOf,
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
    let question = demand(&one.op.pid.to_string(), &id, *timeout);
    let (endpoints, done) = apart(ask.ask(&question, Some(&standing.endpoint)));
    let what = named(&one.op.op, standing.short());
    let done: Option<Done> = done.into_iter().next().map(|(_, done)| done);
    let text = match said(done.as_ref(), endpoints.first()) {
        Ok(text) => format!("{what}: {text}"),
        Err((why, refused)) => {
            return Err(Failure {
                code: if refused { 4 } else { 1 },
                text: format!("{what}: {why}"),
            });
        }
    };
    if ask.json() {
        let (endpoint, done) = (&standing.endpoint, done.as_ref());
        let outcome = done.and_then(|done| done.outcome.as_ref());
        let after_ns = done.and_then(|done| done.after_ns);
        let said = serde_json::json!({
            "schema": 1, "endpoint": endpoint, "id": id, "outcome": outcome, "after_ns": after_ns,
        });
        return document(ask.cli, ask.out, &said);
    }
    Ok(writeln!(ask.out, "{text}")?)
}

/// The only endpoint that has this operation in flight, and the operation.
fn having(ask: &mut Ask<'_>, id: &str) -> Result<(Standing, One), Failure> {
    let board = ask.board.clone().unwrap_or_else(|| "*".to_owned());
    let question = Question::get(&format!("ops/{}/{id}", escaped(&board)));
    let (endpoints, mut having) = apart(ask.ask_until(&question, |_: &One| true));
    having.retain(|(_, one)| one.op.op.outcome.is_none());
    let Some((standing, one)) = having.pop() else {
        there(ask)?;
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

/// Whether there is a board to have operations.
///
/// # Errors
/// None of those that answer has what was named.
fn there(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let board = ask.board.clone().unwrap_or_else(|| "*".to_owned());
    let question = Question::get(&format!("boards/{}", escaped(&board)));
    let (endpoints, boards) = apart(ask.ask::<serde::de::IgnoredAny>(&question, None));
    // Who does not answer is named with the operation.
    match endpoints.iter().any(|one| one.state == State::Ok) {
        true => ask.content(&endpoints, boards.len()),
        false => Ok(()),
    }
}
