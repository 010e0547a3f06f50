//! `ops cancel`: requests that one operation be cancelled, through the daemon's cancel socket, and watches what comes of it.

use std::io::Write;
use std::time::{Duration, Instant};

use probe::layout::CancelAnswer;

use super::args::Cli;
use super::common::boards;
use super::failure::Failure;
use crate::cancel::{self, AskError, parse_id};
use crate::context::Look as Around;
use crate::locate::Target;
use crate::model::Op;
use crate::open_board::OpenBoard;
use crate::words::human::time;
use crate::words::term::{label, term};

/// Between two looks at the board.
const STEP: Duration = Duration::from_millis(2);

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let code = if matches!(error, AskError::Another { .. }) { 4 } else { 1 };
        Self { code, text: error.to_string() }
    }
}

/// What became of a request.
enum End {
    /// It ended so, after this time.
    Ended(&'static str, u64),
    /// It ended, and its record was used again.
    Overwritten,
    /// It is still in flight.
    Running(Box<Op>),
}

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    id: &str,
    timeout: Duration,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let (index, generation) = parse(id)?;
    // As it is shown: 007-01 is 7-1.
    let id = &format!("{index}-{generation}");
    let (mut board, op) = having(living(cli, target, remarks)?, id)?;
    let header = &board.board.header;
    let refused = |why: &str| Failure { code: 4, text: format!("process {} {why}", header.pid) };
    if !op.cancellable {
        return Err(refused(
            "does not let its operations be cancelled: it would have to set Config::cancel(true)",
        ));
    }
    let asked_at = Instant::now();
    match cancel::ask(&board, (index, generation))? {
        CancelAnswer::Asked => {}
        CancelAnswer::Gone => {
            return Err(Failure::new(format!("operation {id} ended before it could be asked")));
        }
        CancelAnswer::Refused => {
            return Err(refused("takes such requests only from its own user and root"));
        }
    }
    let end = watch(&mut board, id, asked_at, timeout)?;
    report(cli, id, &op, end, out)
}

/// The target's boards whose processes can be asked.
fn living(cli: &Cli, target: &Target, remarks: &mut dyn Write) -> Result<Vec<OpenBoard>, Failure> {
    let mut found = boards(target, &cli.common, Around::All, remarks)?;
    // It has the run and the process of the daemon that it was saved from, which may still answer.
    if found.iter().any(OpenBoard::is_saved) {
        return Err(Failure::usage(
            "a saved board stands still, and its operations are not asked; name the process with --pid",
        ));
    }
    let unseen = found.iter().find(|board| !board.exists());
    let unseen = unseen.map(|board| (board.board.header.pid, board.context.verdict.clone()));
    found.retain(OpenBoard::exists);
    if let (true, Some((pid, verdict))) = (found.is_empty(), unseen) {
        return Err(Failure::new(format!(
            "nothing to ask: process {pid} is {}",
            term(verdict.as_str())
        )));
    }
    Ok(found)
}

/// The only one of them that has this operation in flight.
fn having(boards: Vec<OpenBoard>, id: &str) -> Result<(OpenBoard, Op), Failure> {
    let mut having = Vec::new();
    for mut board in boards {
        if let Some(op) = find(&mut board, id)? {
            having.push((board, op));
        }
    }
    let Some(one) = having.pop() else {
        return Err(Failure::new(format!(
            "no operation {id} is in flight: it ended, or never was; `inspect ops` lists those that are"
        )));
    };
    if !having.is_empty() {
        return Err(Failure::usage(format!(
            "several processes have an operation {id}; name one with --pid"
        )));
    }
    Ok(one)
}

/// The two numbers of an id.
///
/// # Errors
/// [`Failure`] of wrong usage when it is none.
pub(super) fn parse(id: &str) -> Result<(usize, u64), Failure> {
    parse_id(id).ok_or_else(|| {
        Failure::usage(format!(
            "{} is no operation's id: it looks like 17-42, as `inspect ops` shows it",
            term(id)
        ))
    })
}

fn find(board: &mut OpenBoard, id: &str) -> Result<Option<Op>, Failure> {
    Ok(board.report()?.ops.into_iter().find(|op| op.id == id))
}

/// Looks at the board until the operation ended or the time is up.
fn watch(
    board: &mut OpenBoard,
    id: &str,
    asked_at: Instant,
    timeout: Duration,
) -> Result<End, Failure> {
    loop {
        let report = board.report()?;
        if let Some(op) = report.ended_ops.iter().find(|op| op.id == id) {
            let since = u64::try_from(asked_at.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let after = since.saturating_sub(op.ended_ago_ns.unwrap_or(0));
            return Ok(End::Ended(op.outcome.unwrap_or("ended"), after));
        }
        let Some(op) = report.ops.into_iter().find(|op| op.id == id) else {
            return Ok(End::Overwritten);
        };
        if asked_at.elapsed() >= timeout {
            return Ok(End::Running(Box::new(op)));
        }
        std::thread::sleep(STEP);
    }
}

fn report(cli: &Cli, id: &str, op: &Op, end: End, out: &mut dyn Write) -> Result<(), Failure> {
    let name = op.label.as_ref().map(|text| format!(" {}", label(text))).unwrap_or_default();
    let what = format!("{id} {}{name}", label(&op.kind));
    let (outcome, after, text) = match &end {
        End::Ended(outcome, after) => (
            Some(*outcome),
            Some(*after),
            format!("{what}: {outcome}, {} after the request", time(*after)),
        ),
        End::Overwritten => (None, None, format!("{what}: ended; how is no longer known")),
        End::Running(_) => (None, None, String::new()),
    };
    if let End::Running(op) = &end {
        let status = op.status.as_ref().map_or_else(|| "no status yet".to_owned(), label);
        return Err(Failure::new(format!(
            "{what}: cancellation requested, but still in flight ({status}): it has not looked yet"
        )));
    }
    if cli.common.json || cli.common.jsonl {
        let document = serde_json::json!({
            "schema": 1, "id": id, "outcome": outcome, "after_ns": after,
        });
        super::common::document(cli, out, &document)?;
    } else {
        writeln!(out, "{text}")?;
    }
    Ok(out.flush()?)
}
