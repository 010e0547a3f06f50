//! `check` over hosts: each board against the limits; the worst decides. A host that did not answer is not known.

use super::super::args::Verb;
use super::super::check::{asked, missing, told, unknown};
use super::super::common::folded;
use super::super::failure::Failure;
use super::ask::Ask;
use super::table::boards;
use crate::check::{Answer, Finding, judge};
use crate::endpoints::{Remote, State};
use crate::words::term::term;

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let cli = ask.cli;
    let Some(Verb::Check { ask: limits, .. }) = &cli.verb else { return Ok(()) };
    if limits.owner.is_some() {
        let text = "--owner is a user of this host, and --endpoints asks others: name a board, or ask there";
        return Err(Failure::usage(text));
    }
    let limits = asked(limits);
    let (endpoints, boards) = boards(ask);
    let mut findings: Vec<Finding> = Vec::new();
    for standing in &endpoints {
        let short = standing.short();
        let at = |finding: Finding| {
            let mut finding = finding;
            finding.text = format!("{} (on {short})", finding.text);
            if let Some(measure) = &mut finding.measure {
                // Performance data are told apart by their labels.
                measure.label = format!("{short} {}", measure.label);
            }
            finding
        };
        if standing.state != State::Ok {
            let why = standing.error.as_deref().unwrap_or("no answer");
            findings.push(unknown(format!("{short}: {}: {why}", standing.state.word())));
            continue;
        }
        let mut here = boards.iter().filter(|(of, _)| of.endpoint == standing.endpoint).peekable();
        if here.peek().is_none() {
            let name = ask
                .board
                .as_deref()
                .map_or_else(|| "no board".to_owned(), |name| format!("no board {}", term(name)));
            findings.push(missing(format!("{short}: {name}")));
        }
        for (_, one) in here {
            match one {
                Remote::Read(report) => findings.extend(judge(report, &limits).into_iter().map(at)),
                Remote::Unread(row) => {
                    let (name, why) = (term(&row.name), term(&row.verdict));
                    findings.push(unknown(format!("{short}: {name}: {why}")));
                }
            }
        }
    }
    let answer = Answer::new(findings);
    let rows = serde_json::json!({
        "status": answer.status, "text": answer.line(), "findings": answer.findings,
    });
    let done = match ask.json() {
        true => ask.document(&endpoints, rows),
        false => {
            let text = folded(&std::io::stdout(), &answer.line());
            writeln!(ask.out, "{text}").map_err(Failure::from)
        }
    };
    told(&answer, done.and_then(|()| Ok(ask.out.flush()?)))
}
