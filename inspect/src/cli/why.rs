//! `why`: what is wrong, the evidence, and the next command.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use super::args::{Cli, HistoryPlace};
use super::common::{boards, look, repeat};
use super::failure::Failure;
use super::grown::Grown;
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::locate::{self, Candidate, Target};
use crate::model::{BoardReport, Severity};
use crate::open_board::{Found, OpenBoard};
use crate::render::{Look, text, why};
use crate::snapshot::Depth;
use crate::why::{Answer, Life, Polls, Seen, Weight, answer, kernel, together};

/// Boards of one name that are looked at for how long their processes lived.
const ENDED: usize = 16;
/// Between the two looks at what the kernel says.
const APART: Duration = Duration::from_millis(500);
/// Looks at polls in that time, where there are futures.
const LOOKS: u32 = 5;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    place: &HistoryPlace,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    let mut grown = Grown::new(place, target)?;
    let mut boards = boards(target, &cli.common, Around::All, remarks)?;
    repeat(&cli.common, |again| {
        let mut first: Vec<_> = boards
            .iter_mut()
            .map(|board| {
                // Threads are numbered on the board as its own pid namespace has them.
                let pid = board.context.host_pid.filter(|_| board.exists())?;
                let ours = u64::from(pid) == board.board.header.pid;
                // What the board says now is held against what it says then.
                ours.then(|| (kernel::first(pid), polled(board.report().ok())))
            })
            .collect();
        meanwhile(&mut boards, &mut first);
        let (mut answers, mut ended) = (Vec::new(), Ended::new());
        grown.look(&mut boards)?;
        for (number, (board, first)) in boards.iter_mut().zip(first).enumerate() {
            if again {
                board.look(Around::All);
            }
            let mut report = board.report()?;
            let mut seen = match first {
                Some((first, polls)) => {
                    Seen { polls: polls.unwrap_or_default(), ..first.again_with(&report) }
                }
                None => unseen(),
            };
            seen.earlier = Life::earlier(&report, ended.of(&board.candidate.name));
            seen.grows = grown.of(report.instance);
            let taken_at = rfc3339(Moment::now(false).wall_ns);
            let answer = answer(&report, &seen, &board.context.unseen, taken_at);
            if cli.common.json || cli.common.jsonl {
                answers.push(answer);
            } else {
                if number > 0 {
                    writeln!(out)?;
                }
                out.write_all(told(&mut report, &answer, &look).as_bytes())?;
            }
        }
        match answers.len() {
            0 => {}
            1 => compact(out, &answers[0])?,
            _ => compact(out, &together(answers, rfc3339(Moment::now(false).wall_ns)))?,
        }
        Ok(out.flush()?)
    })
}

/// What is looked at several times between the two looks at the kernel: polls, where there are futures.
fn polled(report: Option<BoardReport>) -> Option<Polls> {
    let report = report.filter(Polls::are_there)?;
    let mut polls = Polls::default();
    polls.note(&report);
    Some(polls)
}

/// Waits for the second look, and looks at polls meanwhile.
fn meanwhile(boards: &mut [OpenBoard], first: &mut [Option<(kernel::First, Option<Polls>)>]) {
    if first.iter().all(Option::is_none) {
        return;
    }
    for _ in 0..LOOKS {
        std::thread::sleep(APART / LOOKS);
        for (board, first) in boards.iter_mut().zip(&mut *first) {
            if let Some((_, Some(polls))) = first
                && let Ok(report) = board.report()
            {
                polls.note(&report);
            }
        }
    }
}

/// An answer for people.
fn told(report: &mut BoardReport, answer: &Answer, look: &Look) -> String {
    // The line under the heading is the answer's: a warning below "all well" would be none.
    if let Some(worst) = answer.findings.first() {
        report.headline.severity = match worst.severity {
            Weight::Critical => Severity::Critical,
            Weight::Warning => Severity::Warning,
            Weight::Notice => report.headline.severity,
        };
        report.headline.text.clone_from(&answer.verdict);
    }
    format!("{}{}", text::heading(report, look), why::findings(answer, look))
}

/// What dead boards say, by their name: looked for once, however many boards are asked about.
struct Ended {
    here: Vec<Candidate>,
    known: HashMap<String, Vec<BoardReport>>,
}

impl Ended {
    fn new() -> Self {
        Self { here: locate::here(), known: HashMap::new() }
    }

    /// Those of a name.
    fn of(&mut self, name: &str) -> &[BoardReport] {
        let here = &self.here;
        self.known.entry(name.to_owned()).or_insert_with(|| {
            let same = here.iter().filter(|candidate| candidate.name == name).cloned();
            let found = Found::open(same.take(ENDED).collect(), Around::Verdict).boards;
            let dead = found.into_iter().filter(|board| !board.exists());
            dead.filter_map(|mut board| board.report_of(Depth::Brief).ok()).collect()
        })
    }
}

fn unseen() -> Seen {
    let not_known = vec!["what the kernel says of its threads and limits".to_owned()];
    Seen { not_known, ..Seen::default() }
}

/// On one line: a program reads it, and its size is bounded.
fn compact(out: &mut dyn Write, answer: &Answer) -> Result<(), Failure> {
    let text = serde_json::to_string(answer).map_err(|error| Failure::new(error.to_string()))?;
    Ok(writeln!(out, "{text}")?)
}
