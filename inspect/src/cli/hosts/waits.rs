//! `waits` over hosts: the chains of each, deadlocks first.

use super::super::args::{Verb, WaitsBy, WaitsPick};
use super::super::failure::Failure;
use super::super::waits::choose;
use super::ask::Ask;
use super::rows::{name, rest};
use crate::endpoints::Question;
use crate::endpoints::merged::{self, apart};
use crate::model::WaitsDocument;
use crate::render::waits;

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let cli = ask.cli;
    let Some(Verb::Waits { pick, .. }) = &cli.verb else { return Ok(()) };
    ask.repeat(|ask| once(ask, pick))
}

fn once(ask: &mut Ask<'_>, pick: &WaitsPick) -> Result<(), Failure> {
    let over = pick.over.map(|over| format!("{}us", over.as_micros()));
    let question =
        Question::get("waits").with("board", ask.board.as_deref()).with("over", over.as_deref());
    let (endpoints, mut said) = apart(ask.ask_until(&question, |_: &WaitsDocument| true));
    let answered = said.len();
    for (_, document) in &mut said {
        choose(&mut document.waits, pick, &ask.look);
    }
    // Those with a deadlock first, then those that wait at all.
    said.sort_by_key(|(_, one)| (one.waits.cycles.is_empty(), one.waits.chains.is_empty()));
    if ask.json() {
        ask.document(&endpoints, merged::waits(said))?;
    } else {
        for (standing, document) in &said {
            name(ask.out, standing, &ask.look)?;
            let text = match pick.by {
                Some(WaitsBy::Lock) => waits::locks(&document.waits, &ask.look),
                Some(WaitsBy::Queue) => waits::queues(&document.waits, &ask.look),
                None => waits::chains(&document.waits, &ask.look),
            };
            ask.out.write_all(text.as_bytes())?;
        }
        rest(ask.out, &endpoints, &ask.look)?;
    }
    ask.content(&endpoints, answered)
}
