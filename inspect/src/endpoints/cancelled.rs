//! A cancel request to another host: what is asked, and what came of it.

use std::time::Duration;

use serde::Deserialize;

use super::question::{Question, escaped};
use super::standing::{Standing, State};
use crate::model::Op;
use crate::words::human::time;
use crate::words::term::{label, term};

/// The longest that a server waits for the end of an operation.
const LONGEST: Duration = Duration::from_secs(5);

/// What came of a request.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Done {
    /// How it ended, where that is known.
    pub outcome: Option<String>,
    /// Whether it ended within the time.
    pub ended: bool,
    /// So long after the request, ns.
    pub after_ns: Option<u64>,
}

/// The demand: that the operation of this board be cancelled, and that the answer waits so long for its end.
pub fn demand(board: &str, id: &str, wait: Duration) -> Question {
    let wait = wait.min(LONGEST);
    Question::post(&format!("ops/{}/{}/cancel", escaped(board), escaped(id)))
        .with("timeout", Some(&format!("{:.3}", wait.as_secs_f64())))
        .after(wait)
}

/// An operation of a host in few words.
pub fn named(op: &Op, host: &str) -> String {
    let name = op.label.as_ref().map(|text| format!(" {}", label(text))).unwrap_or_default();
    format!("{} {}{name} on {host}", term(&op.id), label(&op.kind))
}

/// What came of it in words: how it ended. Else why it did not, and whether that was refused.
///
/// # Errors
/// It is in flight still, or could not be asked.
pub fn said(done: Option<&Done>, standing: Option<&Standing>) -> Result<String, (String, bool)> {
    let Some(done) = done else {
        let why = standing.and_then(|one| Some((one.state, one.error.clone()?)));
        let refused = why.as_ref().is_some_and(|(state, _)| *state == State::Refused);
        let gone = || "it ended before it could be asked".to_owned();
        return Err((why.map_or_else(gone, |(_, why)| why), refused));
    };
    if !done.ended {
        let text = "cancellation requested, but still in flight: it has not looked yet";
        return Err((text.to_owned(), false));
    }
    Ok(match (&done.outcome, done.after_ns) {
        (Some(outcome), Some(after)) => {
            format!("{}, {} after the request", term(outcome), time(after))
        }
        _ => "ended; how is no longer known".to_owned(),
    })
}
