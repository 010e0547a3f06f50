//! `why` over hosts: each finds what is wrong with its boards; the worst of all first.

use std::time::Duration;

use super::super::failure::Failure;
use super::ask::Ask;
use super::rows::rest;
use crate::endpoints::Question;
use crate::endpoints::merged::{self, apart};
use crate::render::{Paint, why};
use crate::why::{Answer, Weight};
use crate::words::term::{cut, term};

/// The kernel is looked at twice there, so long apart.
const APART: Duration = Duration::from_millis(500);
pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    ask.repeat(once)
}

fn once(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let question = Question::get("why").with("board", ask.board.as_deref()).after(APART);
    let replies = ask.ask_until(&question, |answer: &Answer| !answer.boards.is_empty());
    let (endpoints, mut said) = apart(replies);
    said.retain(|(_, answer)| !answer.boards.is_empty());
    merged::worst_first(&mut said);
    let answered = said.len();
    if ask.json() {
        ask.document(&endpoints, merged::why(said))?;
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
