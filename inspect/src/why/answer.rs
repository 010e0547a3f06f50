//! All findings of a board, ranked and bounded.

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Weight};
use super::found::{Found, ORDER, rank};
use super::seen::Seen;
use super::{
    blocked, growth, jobs, locks, monitor, operations, panics, process, retries, threads, work,
};
use crate::liveness::State;
use crate::model::{BoardReport, Headline, Severity};
use crate::words::known::{self, Word};
use crate::words::label::Label;

/// Findings of an answer, and bytes of it in JSON.
const FINDINGS: usize = 10;
const BYTES: usize = 6_000;
/// A life in which descriptors were counted, if they are.
const COUNTED_NS: u64 = 3_000_000_000;

/// What is wrong, the worst first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// Version of this form: 1.
    pub schema: u32,
    /// When it was made, RFC 3339 in UTC.
    pub taken_at: String,
    /// Which boards it is of.
    pub boards: Vec<Of>,
    /// The worst finding, or that there is none.
    pub verdict: String,
    /// Ranked: the worst first, of equals what causes before what follows.
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub more: usize,
    /// Ids of the rules that ran.
    #[serde(default, deserialize_with = "known::words")]
    pub looked_at: Vec<Word>,
    /// What could not be seen, and why.
    pub not_known: Vec<String>,
}

/// A board that an answer is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Of {
    /// Its name.
    pub name: Label,
    /// Its process.
    pub pid: u64,
    /// The run of the daemon.
    pub instance: u64,
    /// What the process is doing.
    pub state: State,
}

/// Those that only say how much is seen.
const BESIDE: [&str; 5] = ["panics", "losses", "windows-unseen", "threads-unseen", "keeper-late"];

/// What every rule finds.
fn rules(report: &BoardReport, seen: &Seen) -> Found {
    let mut found = Found::default();
    process::dead(report, &mut found);
    process::crash_loop(report, seen, &mut found);
    process::stopped(report, &mut found);
    process::keeper(report, &mut found);
    panics::panics(report, &mut found);
    process::descriptors(report, &mut found);
    process::limits(report, seen, &mut found);
    growth::growth(report, seen, &mut found);
    threads::deadlocks(report, &mut found);
    threads::circles(report, &mut found);
    let told = locks::held(report, seen, &mut found);
    threads::stalled(report, seen, &told, &mut found);
    work::saturated(report, &mut found);
    work::queues(report, &mut found);
    operations::operations(report, seen, &mut found);
    retries::retries(report, &mut found);
    operations::errors(report, &mut found);
    jobs::heartbeats(report, &mut found);
    monitor::losses(report, &mut found);
    monitor::skipped(report, &mut found);
    found
}

/// The headline of a report: as bad as the worst that a rule finds in one look, and in that one's words where the report's own
/// say less.
pub fn headline(report: &BoardReport) -> Headline {
    let said = &report.headline;
    if report.state == State::Dead {
        return said.clone();
    }
    let (mut found, _) = rules(report, &Seen::default()).ranked(FINDINGS);
    let severity = match found.first().map(|finding| finding.severity) {
        Some(Weight::Critical) => Severity::Critical,
        Some(Weight::Warning) => Severity::Warning,
        Some(Weight::Notice) | None => Severity::Ok,
    };
    if severity <= said.severity {
        return said.clone();
    }
    Headline { severity, text: found.swap_remove(0).title }
}

/// Runs every rule over one board. `not_known` is what the reader could not see of its surroundings.
pub fn answer(report: &BoardReport, seen: &Seen, not_known: &[String], taken_at: String) -> Answer {
    let (mut found, more) = rules(report, seen).ranked(FINDINGS);
    let worst = found.first().filter(|finding| finding.severity > Weight::Notice);
    let verdict = match worst {
        Some(finding) => finding.title.clone(),
        // Of the dead that ended in order nothing is wrong.
        None => report.headline.text.clone(),
    };
    for finding in &mut found {
        finding.board = Some(report.name.clone());
        finding.pid = Some(report.pid);
    }
    let mut looked_at: Vec<&'static str> = ORDER.into_iter().chain(BESIDE).collect();
    if report.state != State::Live {
        let of_the_living = ["thread-hot", "thread-starved", "cpu-throttled", "memory-limit"];
        looked_at.retain(|id| !of_the_living.contains(id));
    }
    if seen.grows.is_none() {
        looked_at.retain(|id| !["memory-grows", "threads-grow"].contains(id));
    }
    let not_known = unseen(report, seen, &found, not_known);
    let of = Of {
        name: report.name.clone(),
        pid: report.pid,
        instance: report.instance,
        state: report.state,
    };
    let boards = vec![of];
    let answer = Answer {
        schema: 1,
        taken_at,
        boards,
        verdict,
        findings: found,
        more,
        looked_at,
        not_known,
    };
    answer.bounded()
}

/// What could not be seen, and why.
fn unseen(
    report: &BoardReport,
    seen: &Seen,
    found: &[Finding],
    not_known: &[String],
) -> Vec<String> {
    let mut not_known: Vec<String> = not_known.to_vec();
    if report.state == State::Live {
        not_known.extend(seen.not_known.iter().cloned());
    }
    not_known.extend(blocked::not_known(report, seen, found));
    if !report.waits.known {
        not_known.push("locks: the daemon's probes are of a version that tells of none".to_owned());
    }
    if report.state == State::Live && seen.grows.is_none() {
        not_known.push(
            "whether memory and threads grow: no ten minutes of its history to be read (inspect history record)"
                .to_owned(),
        );
    }
    // Where they are counted there is a first look after a second.
    if report.state == State::Live
        && report.fd_trend.is_none()
        && seen.grows.is_none()
        && report.uptime_ns > COUNTED_NS
    {
        not_known.push(
            "whether descriptors grow: Config::watch_descriptors counts them (Linux 6.2 and on)"
                .to_owned(),
        );
    }
    if report.state == State::Live && seen.memory.is_none() {
        not_known.push("how near memory is to a limit: none is set, or none to be seen".to_owned());
    }
    if report.threads.iter().all(|thread| thread.load.s10.is_none()) {
        not_known.push("load: no thread says when it has a job in hand".to_owned());
    }
    if report.queues.is_empty() {
        not_known.push("queues: none is declared".to_owned());
    }
    not_known
}

/// One answer of several boards' answers: all findings, the worst first.
pub fn together(answers: Vec<Answer>, taken_at: String) -> Answer {
    let mut findings = Vec::new();
    let (mut more, mut looked_at, mut not_known) = (0, Vec::new(), Vec::new());
    let (mut verdicts, mut boards) = (Vec::new(), Vec::new());
    for answer in answers {
        let worst = answer.findings.first().map(|finding| finding.severity);
        verdicts.push((worst, answer.verdict));
        boards.extend(answer.boards);
        findings.extend(answer.findings);
        more += answer.more;
        looked_at.extend(
            answer.looked_at.into_iter().filter(|id| !looked_at.contains(id)).collect::<Vec<_>>(),
        );
        not_known.extend(
            answer
                .not_known
                .into_iter()
                .filter(|text| !not_known.contains(text))
                .collect::<Vec<_>>(),
        );
    }
    rank(&mut findings);
    more += findings.len().saturating_sub(FINDINGS);
    findings.truncate(FINDINGS);
    // Of equals the first, so that it stands still.
    let verdict = verdicts.into_iter().rev().max_by_key(|(worst, _)| *worst);
    let verdict = verdict.map_or_else(|| "no board".to_owned(), |(_, text)| text);
    Answer { schema: 1, taken_at, boards, verdict, findings, more, looked_at, not_known }.bounded()
}

impl Answer {
    /// Within its bytes: of places the first stays, then evidence and commands go from the last finding on.
    fn bounded(mut self) -> Self {
        let fits =
            |answer: &Self| serde_json::to_vec(answer).is_ok_and(|bytes| bytes.len() <= BYTES);
        for places in [2, 1] {
            if !fits(&self) {
                self.findings.iter_mut().for_each(|one| one.places.truncate(places));
            }
        }
        for text in self.findings.iter_mut().map(|one| &mut one.title) {
            if let Some((cut, _)) = text.char_indices().nth(160) {
                text.truncate(cut);
                text.push('…');
            }
        }
        let mut last = self.findings.len();
        while !fits(&self) && last > 0 {
            last -= 1;
            if let Some(finding) = self.findings.get_mut(last) {
                finding.places.clear();
                finding.evidence.truncate(1);
                finding.next.truncate(1);
            }
        }
        while !fits(&self) && self.findings.pop().is_some() {
            self.more += 1;
        }
        if !fits(&self) {
            // Of very many boards: as many as fit, found by halving.
            let boards = std::mem::take(&mut self.boards);
            let (mut least, mut over) = (0, boards.len());
            while over - least > 1 {
                let middle = least + (over - least) / 2;
                self.boards = boards[..middle].to_vec();
                if fits(&self) { least = middle } else { over = middle }
            }
            self.boards = boards;
            self.boards.truncate(least);
        }
        self
    }
}
