//! `why` over hosts: each finds what is wrong with its boards; the worst of all first.

use std::cmp::Reverse;
use std::time::Duration;

use super::super::failure::Failure;
use super::ask::Ask;
use super::rows::{apart, rest};
use crate::endpoints::{Hosted, Question};
use crate::render::{Paint, why};
use crate::why::{Answer, Weight};
use crate::words::term::{cut, term};

/// The kernel is looked at twice there, so long apart.
const APART: Duration = Duration::from_millis(500);
/// Findings of an answer, and bytes of them: it is for a program that reads all of it.
const FINDINGS: usize = 10;
const BYTES: usize = 5_000;

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    ask.repeat(once)
}

fn once(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let question = Question::get("why").with("board", ask.board.as_deref()).after(APART);
    let replies = ask.ask_until(&question, |answer: &Answer| !answer.boards.is_empty());
    let (endpoints, mut said) = apart(replies);
    said.retain(|(_, answer)| !answer.boards.is_empty());
    // Stable: of equals in the order of the list.
    said.sort_by_key(|(_, answer)| Reverse(answer.findings.first().map(|one| one.severity)));
    let answered = said.len();
    if ask.json() {
        let (verdict, mut boards, mut findings) = (verdict(&said), Vec::new(), Vec::new());
        let mut more = 0;
        for (standing, answer) in said {
            let of = |row| Hosted { endpoint: standing.endpoint.clone(), row };
            boards.extend(
                answer
                    .boards
                    .into_iter()
                    .map(|row| Hosted { endpoint: standing.endpoint.clone(), row }),
            );
            findings.extend(answer.findings.into_iter().map(of));
            more += answer.more;
        }
        findings.sort_by_key(|one| Reverse(one.row.severity));
        let all = findings.len();
        findings.truncate(FINDINGS);
        let fits = |all: &Vec<_>| serde_json::to_vec(all).is_ok_and(|bytes| bytes.len() <= BYTES);
        while !fits(&findings) && findings.pop().is_some() {}
        more += all - findings.len();
        let rows = serde_json::json!({
            "verdict": verdict, "boards": boards, "findings": findings, "more": more,
        });
        ask.document(&endpoints, rows)?;
    } else {
        for (standing, answer) in &said {
            let worst = answer.findings.first().map(|one| one.severity);
            let paint = match worst {
                Some(Weight::Critical) => Paint::Bad,
                Some(Weight::Warning) => Paint::Warn,
                _ => Paint::Good,
            };
            let names: Vec<String> = answer
                .boards
                .iter()
                .map(|of| format!("{} pid {}", term(of.name.raw()), of.pid))
                .collect();
            let heading = format!("{}: {}", standing.short(), term(&answer.verdict));
            writeln!(ask.out, "{}", ask.look.paint(paint, &cut(&heading, ask.look.columns)))?;
            let of = cut(&format!(" of {}", names.join(", ")), ask.look.columns);
            writeln!(ask.out, "{of}")?;
            ask.out.write_all(why::findings(answer, &ask.look).as_bytes())?;
        }
        rest(ask.out, &endpoints, &ask.look)?;
    }
    ask.content(&endpoints, answered)
}

/// The worst host's, with its name.
fn verdict(said: &[(crate::endpoints::Standing, Answer)]) -> String {
    let first = said.first();
    first.map_or_else(
        || "no board".to_owned(),
        |(standing, answer)| format!("{}: {}", standing.short(), answer.verdict),
    )
}
