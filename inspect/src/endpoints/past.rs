//! The past of many hosts: what each is asked for, and what they said as one document.

use std::time::Duration;

use serde_json::{Value, json};

use super::documents::Hosted;
use super::question::Question;
use super::standing::Standing;
use crate::clock::rfc3339;
use crate::history::{By, Frame, Past, Together, Told};

/// What a host needs to read an hour of its history, at most; on top of what any question may take. And of all of it.
const AN_HOUR: Duration = Duration::from_millis(40);
const LONGEST: Duration = Duration::from_secs(4);

/// The question: each host for the same time, said by its own clock.
pub fn question(board: Option<&str>, by: By, frame: &Frame) -> Question {
    let by = match by {
        // Hosts are told apart here.
        By::Host | By::Status => "status",
        By::Line => "line",
        By::Kind => "kind",
        By::Thread => "thread",
    };
    let hours = frame.span.to_ns.saturating_sub(frame.span.from_ns) / 3_600_000_000_000;
    let time = AN_HOUR.saturating_mul(u32::try_from(hours).unwrap_or(u32::MAX)).min(LONGEST);
    Question::get("history")
        .with("board", board)
        .with("by", Some(by))
        .with("points", Some(&frame.most.to_string()))
        .between(frame.span.from_ns, frame.span.to_ns)
        .after(time)
}

/// What hosts said, by this host's clock.
pub fn told(said: Vec<(Standing, Past)>) -> Vec<Told> {
    let told = |(standing, past): (Standing, Past)| {
        Told::new(&standing.endpoint, standing.short(), standing.skew_ns, past)
    };
    said.into_iter().map(told).collect()
}

/// The document: the boards of each host, and all of them together.
pub fn document(told: &[Told], together: &[Together], frame: &Frame) -> Value {
    let mut gaps = Vec::new();
    let mut boards = Vec::new();
    for one in told {
        let endpoint = || one.endpoint.clone();
        gaps.extend(one.past.gaps.iter().map(|row| Hosted { endpoint: endpoint(), row }));
        boards.extend(one.past.boards.iter().map(|row| Hosted { endpoint: endpoint(), row }));
    }
    json!({
        "from": rfc3339(frame.span.from_ns), "to": rfc3339(frame.span.to_ns),
        "step_ns": frame.step_ns, "gaps": gaps, "boards": boards, "together": together,
    })
}
