//! `why`: what is wrong, the evidence, and the next command.

use std::io::Write;
use std::time::Duration;

use super::args::Cli;
use super::common::{boards, look, repeat};
use super::failure::Failure;
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::locate::Target;
use crate::render::{text, why};
use crate::why::{Answer, Seen, answer, kernel};

/// Between the two looks at what the kernel says.
const APART: Duration = Duration::from_millis(500);

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    let mut boards = boards(target, &cli.common, Around::All, remarks)?;
    if (cli.common.json || cli.common.jsonl) && boards.len() > 1 {
        return Err(Failure::usage(
            "several boards: name one with --pid, or ask without --json for all of them",
        ));
    }
    repeat(&cli.common, |again| {
        let first: Vec<_> = boards
            .iter()
            .map(|board| {
                // Threads are numbered on the board as its own pid namespace has them.
                let pid = board.context.host_pid.filter(|_| board.exists())?;
                (u64::from(pid) == board.board.header.pid).then(|| kernel::first(pid))
            })
            .collect();
        if first.iter().any(Option::is_some) {
            std::thread::sleep(APART);
        }
        for (board, first) in boards.iter_mut().zip(first) {
            if again {
                board.look(Around::All);
            }
            let report = board.report()?;
            let seen = first.map_or_else(unseen, |first| first.again());
            let taken_at = rfc3339(Moment::now(false).wall_ns);
            let answer = answer(&report, &seen, &board.context.unseen, taken_at);
            if cli.common.json || cli.common.jsonl {
                compact(out, &answer)?;
            } else {
                write!(out, "{}{}", text::heading(&report, &look), why::findings(&answer, &look))?;
            }
        }
        Ok(out.flush()?)
    })
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
