//! `history` over hosts: each is asked for its own past, and boards of a name are one picture, by what was active or by
//! host. A host that is down, or keeps no history, is a row with the reason.

use std::io::Write;

use super::super::args::{Cli, HistoryPick};
use super::super::failure::Failure;
use super::super::history::{points, span};
use super::super::history_table;
use super::super::output::Output;
use super::ask::Ask;
use super::rows::rest;
use crate::clock::{Moment, rfc3339};
use crate::endpoints::merged::apart;
use crate::endpoints::{State, past};
use crate::history::{Frame, Past, svg_together, together};
use crate::locate::Target;
use crate::opener;
use crate::words::term::term;

/// Points that a server sends.
const MOST: u64 = 3_600;

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    pick: &HistoryPick,
    (out, remarks): (&mut dyn Write, &mut dyn Write),
) -> Result<(), Failure> {
    let idle = [
        ("--heat", pick.heat, "ask on the host itself, or `inspect serve` there"),
        ("--against", pick.against.is_some(), "compare on the host itself"),
        ("--history", pick.place.history.is_some(), "each host has its own"),
    ];
    if let Some((flag, _, instead)) = idle.into_iter().find(|(_, said, _)| *said) {
        return Err(Failure::usage(format!("{flag} does nothing with --endpoints: {instead}")));
    }
    let span = span(pick, Moment::now(false).wall_ns)?;
    let points = points(cli, pick);
    if points > MOST {
        return Err(Failure::usage(format!("--points: at most {MOST} over other hosts")));
    }
    let frame = Frame::new(span, points);
    let picture = pick.svg.as_deref().map(Output::create).transpose()?;
    if picture.is_some() && nix::unistd::geteuid().is_root() {
        // Root is given up before anybody is asked; who keeps it gives the picture its name. Without it that is refused.
        let _ = opener::keep(Vec::new(), opener::NOBODY);
    }
    let mut ask = Ask::new(cli, target, out, remarks)?;
    let question = past::question(ask.board.as_deref(), pick.by, &frame);
    let replies = ask.ask_until(&question, |past: &Past| !past.boards.is_empty());
    let (endpoints, said) = apart(replies);
    let told = past::told(said);
    let all = together(&told, pick.by, &frame);
    let answered = told.iter().filter(|one| !one.past.boards.is_empty()).count();
    match picture {
        Some(file) => {
            rest(ask.remarks, &endpoints, &ask.look)?;
            if answered > 0 {
                file.finish(svg_together(&frame, &all).as_bytes())?;
            }
        }
        None if ask.json() => {
            ask.document(&endpoints, past::document(&told, &all, &frame))?;
        }
        None => {
            if answered > 0 {
                let text = history_table::together(&frame, &all, ask.look.columns);
                ask.out.write_all(text.as_bytes())?;
            }
            rest(ask.out, &endpoints, &ask.look)?;
        }
    }
    if answered == 0 && endpoints.iter().any(|one| one.state == State::Ok) {
        return Err(nowhere(ask.board.as_deref(), &frame));
    }
    ask.content(&endpoints, answered)
}

/// Nobody who answered has anything of that time.
fn nowhere(board: Option<&str>, frame: &Frame) -> Failure {
    let when = [frame.span.from_ns, frame.span.to_ns].map(rfc3339).join(" and ");
    let what = match board {
        Some(name) => format!("no board {}", term(name)),
        None => "no board".to_owned(),
    };
    let text = format!("{what} was recorded between {when} at any endpoint that answered");
    Failure { code: 3, text }
}
