//! `capacity` over hosts: each looks at its own boards, for as long as was asked.

use std::time::Duration;

use super::super::args::Verb;
use super::super::capacity::DEFAULT;
use super::super::failure::Failure;
use super::ask::Ask;
use super::rows::{name, rest};
use crate::capacity::{Answer, Group};
use crate::endpoints::Question;
use crate::endpoints::merged::{self, apart};
use crate::render::capacity;
use crate::words::term::{cut, label};

/// The longest that a server looks.
const LONGEST: Duration = Duration::from_secs(10);

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let cli = ask.cli;
    let Some(Verb::Capacity { duration, .. }) = &cli.verb else { return Ok(()) };
    let time = duration.unwrap_or(DEFAULT);
    if time > LONGEST {
        return Err(Failure::usage(format!("--duration: at most {LONGEST:?} over other hosts")));
    }
    let question = Question::get("capacity")
        .with("board", ask.board.as_deref())
        .with("seconds", Some(&format!("{:.3}", time.as_secs_f64().max(0.1))))
        .after(time);
    let (endpoints, mut said) = apart(ask.ask_until(&question, |_: &Answer| true));
    let answered = said.len();
    for (_, answer) in &mut said {
        answer.groups.retain(|group: &Group| ask.look.shows(&group.name));
    }
    if ask.json() {
        ask.document(&endpoints, merged::capacity(said))?;
    } else {
        for (standing, answer) in &said {
            name(ask.out, standing, &ask.look)?;
            if answer.groups.is_empty() {
                ask.out.write_all(capacity::groups(&[], &ask.look).as_bytes())?;
            }
            // Which board and process a row is of: without a target they are all of the host's.
            for board in answer.groups.chunk_by(|a, b| (&a.board, a.pid) == (&b.board, b.pid)) {
                let of = format!(" {}  pid {}", label(&board[0].board), board[0].pid);
                writeln!(ask.out, "{}", cut(&of, ask.look.columns))?;
                ask.out.write_all(capacity::groups(board, &ask.look).as_bytes())?;
            }
        }
        rest(ask.out, &endpoints, &ask.look)?;
    }
    ask.content(&endpoints, answered)
}
