//! One thing that is wrong.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::model::{BoardReport, Op, Party, ThreadReport};
use crate::words::known::{self, Word};
use crate::words::label::Label;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Weight {
    /// Worth knowing.
    Notice,
    /// Something is slow, or will be.
    Warning,
    /// Something stands still, fails, or is dead.
    Critical,
}

/// A value of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Value {
    /// In the unit beside it.
    Number(f64),
    /// A text of ours or of the daemon.
    Text(Label),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number((value * 1e3).round() / 1e3)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value as f64)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Label::from(text))
    }
}

/// A measured value, and what it was held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// What was measured.
    #[serde(deserialize_with = "known::word")]
    pub what: Word,
    /// The value.
    pub value: Value,
    /// Its unit: `s`, `%`, `/s`, `bytes`, or null for a count or a text.
    #[serde(default, deserialize_with = "known::maybe")]
    pub unit: Option<Word>,
    /// From where on it is a finding; null where there is no such bound.
    pub limit: Option<Value>,
}

/// One thing that is wrong, with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    #[serde(deserialize_with = "known::word")]
    pub id: Word,
    /// How bad.
    pub severity: Weight,
    /// How sure, 0 to 1: of what the title says, not of its being the only cause.
    pub confidence: f64,
    /// In a line.
    pub title: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// The places concerned, the first one first.
    #[serde(rename = "where")]
    pub places: Vec<Party>,
    /// What to run next.
    pub next: Vec<String>,
    /// The board that it is of: beside those of others nothing else may say so, since not all have places.
    #[serde(default)]
    pub board: Option<Label>,
    /// Its process.
    #[serde(default)]
    pub pid: Option<u64>,
    /// What stands beside it follows from it, most likely, so that it comes first of equals.
    #[serde(skip)]
    pub(super) first: bool,
}

impl Finding {
    pub(super) fn new(id: &'static str, severity: Weight, confidence: f64, title: String) -> Self {
        let (evidence, places, next) = (Vec::new(), Vec::new(), Vec::new());
        let (board, pid) = (None, None);
        let first = false;
        Self { id, severity, confidence, title, evidence, places, next, board, pid, first }
    }

    /// Held against nothing.
    pub(super) fn with(
        mut self,
        what: &'static str,
        value: impl Into<Value>,
        unit: Option<&'static str>,
    ) -> Self {
        self.evidence.push(Evidence { what, value: value.into(), unit, limit: None });
        self
    }

    /// Held against a limit.
    pub(super) fn against(
        mut self,
        what: &'static str,
        value: impl Into<Value>,
        unit: Option<&'static str>,
        limit: impl Into<Value>,
    ) -> Self {
        let limit = Some(limit.into());
        self.evidence.push(Evidence { what, value: value.into(), unit, limit });
        self
    }

    pub(super) fn at(mut self, place: Party) -> Self {
        self.places.push(place);
        self
    }

    pub(super) fn next(mut self, command: impl Into<String>) -> Self {
        self.next.push(command.into());
        self
    }
}

/// Seconds, for evidence.
pub(super) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// A share, for evidence.
pub(super) fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// Threads by their ids; of several of one id the first. Looked up for each of many, they would be as many again.
pub(super) fn by_tid(report: &BoardReport) -> HashMap<u64, &ThreadReport> {
    report.threads.iter().rev().map(|one| (one.tid, one)).collect()
}

/// A thread as one of the places concerned.
pub(super) fn thread(report: &BoardReport, thread: &ThreadReport) -> Party {
    Party {
        board: report.name.clone(),
        pid: report.pid,
        thread: Some(thread.name.clone()),
        tid: Some(thread.tid),
        op: None,
        op_label: None,
        file: thread.file.clone(),
        line: thread.line,
        function: thread.function.clone(),
        label: thread.label.clone(),
        line_is: "now",
    }
}

/// An operation as one of them.
pub(super) fn op(report: &BoardReport, op: &Op) -> Party {
    Party {
        board: report.name.clone(),
        pid: report.pid,
        thread: op.thread.clone().filter(|_| op.working),
        tid: op.tid.filter(|_| op.working),
        op: Some(op.id.clone()),
        op_label: Some(op.label.clone().unwrap_or_else(|| op.kind.clone())),
        file: op.file.clone(),
        line: op.line,
        function: None,
        label: op.label.clone(),
        line_is: "now",
    }
}

/// The command that shows this board, with its verb.
pub(super) fn command(verb: &str, report: &BoardReport) -> String {
    let verb = if verb.is_empty() { "inspect".to_owned() } else { format!("inspect {verb}") };
    format!("{verb} -p {}", report.pid)
}
