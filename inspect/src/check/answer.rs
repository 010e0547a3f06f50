//! What is answered: one word, one line, numbers behind it.

use std::fmt;

use serde::Serialize;

use super::limits::Limits;
use crate::words::term::term;

/// How it stands, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Status {
    /// Nothing that was asked for is the case.
    Ok,
    /// It cannot be told.
    Unknown,
    /// A first limit is passed.
    Warning,
    /// A second limit is passed, or the daemon does not serve.
    Critical,
}

impl Status {
    /// The exit code that stands for it: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        })
    }
}

/// A value that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Measure {
    /// What it is of: the board's name and the question.
    pub label: String,
    /// The value.
    pub value: f64,
    /// Its unit as the convention has it: `s`, `%`, `c` for a counter, or nothing.
    pub unit: &'static str,
    /// The limits, in the same unit.
    #[serde(skip)]
    pub limits: Option<Limits>,
}

/// The answer to one question about one board.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How it stands.
    pub status: Status,
    /// Board name; nothing when there is no board.
    pub name: String,
    /// Process id; null when there is no board.
    pub pid: Option<u64>,
    /// In words.
    pub text: String,
    /// The value that it rests on.
    pub measure: Option<Measure>,
}

/// The answer to all of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The worst of the findings.
    pub status: Status,
    /// All of them, the worst first.
    pub findings: Vec<Finding>,
}

/// Findings that are put into words; the rest is a number.
const CLAUSES: usize = 4;

impl Answer {
    /// The worst decides.
    pub fn new(mut findings: Vec<Finding>) -> Self {
        // Stable: what was asked for first stands first among equals.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.status));
        let status = findings.first().map_or(Status::Unknown, |finding| finding.status);
        Self { status, findings }
    }

    /// The line of the convention, harmless on a terminal and in a log.
    pub fn line(&self) -> String {
        // What is fine is not worth words beside what is not.
        let worth =
            self.findings.iter().filter(|one| self.status == Status::Ok || one.status > Status::Ok);
        let mut clauses: Vec<String> = worth.map(Finding::words).collect();
        let more = clauses.len().saturating_sub(CLAUSES);
        clauses.truncate(CLAUSES);
        if more > 0 {
            clauses.push(format!("and {more} more"));
        }
        let line = format!("{} - {}{}", self.status, clauses.join("; "), self.data());
        line
    }

    /// The values, the worst of each label: the names of a series must not change with the processes.
    fn data(&self) -> String {
        let mut measures: Vec<&Measure> = Vec::new();
        for measure in self.findings.iter().filter_map(|finding| finding.measure.as_ref()) {
            match measures.iter_mut().find(|other| other.label == measure.label) {
                Some(other) if measure.worse(other) => *other = measure,
                Some(_) => {}
                None => measures.push(measure),
            }
        }
        measures.sort_by(|a, b| a.label.cmp(&b.label));
        let data: Vec<String> = measures.into_iter().map(Measure::data).collect();
        if data.is_empty() { String::new() } else { format!(" | {}", data.join(" ")) }
    }
}

impl Finding {
    fn words(&self) -> String {
        let whose = match (self.pid, self.name.as_str()) {
            (Some(pid), name) => format!("{name} (pid {pid}): "),
            (None, _) => String::new(),
        };
        // A bar would begin the performance data.
        term(&format!("{whose}{}", self.text)).replace('|', "/")
    }
}

impl Measure {
    fn worse(&self, other: &Self) -> bool {
        let below = self.limits.is_some_and(|limits| limits.below);
        if below { self.value < other.value } else { self.value > other.value }
    }

    /// `'label'=value[unit];[warn];[crit];[min];[max]`
    fn data(&self) -> String {
        // A range of what is well: `10` is 0 to 10, `10:` is 10 or more.
        let range = |limit: f64| match self.limits {
            Some(Limits { below: true, .. }) => format!("{limit}:"),
            _ => format!("{limit}"),
        };
        let warning = self.limits.map(|limits| range(limits.warning)).unwrap_or_default();
        let critical = self.limits.and_then(|limits| limits.critical);
        let critical = critical.map(range).unwrap_or_default();
        let label: String =
            term(&self.label).chars().map(|c| if "'=|".contains(c) { '_' } else { c }).collect();
        let max = if self.unit == "%" { "100" } else { "" };
        format!("'{label}'={}{};{warning};{critical};0;{max}", self.value, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(status: Status, text: &str, value: f64, limits: Option<Limits>) -> Finding {
        let label = "d stalled".to_owned();
        let measure = Some(Measure { label, value, unit: "s", limits });
        Finding { status, name: "d".into(), pid: Some(7), text: text.into(), measure }
    }

    #[test]
    fn the_worst_decides_and_a_series_keeps_its_name() {
        let limits = Some(Limits { warning: 1.0, critical: Some(5.0), below: false });
        let answer = Answer::new(vec![
            finding(Status::Ok, "well", 0.5, limits),
            finding(Status::Critical, "stalled 9s", 9.0, limits),
            finding(Status::Unknown, "not told", 0.0, limits),
        ]);
        assert_eq!(answer.status.exit_code(), 2);
        assert_eq!(
            answer.line(),
            "CRITICAL - d (pid 7): stalled 9s; d (pid 7): not told | 'd stalled'=9s;1;5;0;"
        );
    }

    #[test]
    fn nothing_at_all_is_unknown() {
        assert_eq!(Answer::new(Vec::new()).status.exit_code(), 3);
    }

    #[test]
    fn a_hostile_name_ends_neither_the_line_nor_the_words() {
        let mut hostile = finding(Status::Ok, "a|b\nc\u{1b}[2J", 1.0, None);
        hostile.measure.as_mut().expect("a measure").label = "it's = | \n".into();
        let line = Answer::new(vec![hostile]).line();
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(!line.contains(['\n', '\u{1b}']), "{line:?}");
        let (_, data) = line.split_once(" | ").expect("data");
        assert_eq!(data.matches('\'').count(), 2, "{data}");
        assert_eq!(data.matches('=').count(), 1, "{data}");
    }
}
