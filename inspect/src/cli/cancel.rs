//! `ops cancel`: requests that one operation be cancelled, through the daemon's cancel socket, and watches what comes of it.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::{Duration, Instant};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use probe::layout::{CancelAnswer, CancelRequest, cancel_name, op_id};

use super::args::Cli;
use super::common::boards;
use super::failure::Failure;
use crate::context::Look as Around;
use crate::locate::Target;
use crate::model::Op;
use crate::open_board::OpenBoard;
use crate::opener;
use crate::words::human::time;
use crate::words::term::{label, term};

/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at the board.
const STEP: Duration = Duration::from_millis(2);

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
    let request = CancelRequest { instance: header.instance, id: op_id(index, generation) };
    let asked_at = Instant::now();
    match ask(request, &board)? {
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
    // `parse` of a number takes a sign.
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts =
        id.split_once('-').filter(|(index, generation)| digits(index) && digits(generation));
    let parts = parts.and_then(|(index, generation)| {
        Some((index.parse::<u16>().ok()?, generation.parse::<u64>().ok()?))
    });
    match parts {
        Some((index, generation)) if generation < 1 << 48 => Ok((index.into(), generation)),
        _ => Err(Failure::usage(format!(
            "{} is no operation's id: it looks like 17-42, as `inspect ops` shows it",
            term(id)
        ))),
    }
}

fn find(board: &mut OpenBoard, id: &str) -> Result<Option<Op>, Failure> {
    Ok(board.report()?.ops.into_iter().find(|op| op.id == id))
}

/// Asks the daemon, if it is the daemon that listens there.
fn ask(request: CancelRequest, board: &OpenBoard) -> Result<CancelAnswer, Failure> {
    let header = &board.board.header;
    let pid = header.pid;
    let failed = |error: std::io::Error| {
        let why = match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                format!("nothing came in {} s; is it stopped?", PATIENCE.as_secs())
            }
            _ => error.to_string(),
        };
        Failure::new(format!("process {pid} does not answer on its cancel socket: {why}"))
    };
    let name = SocketAddr::from_abstract_name(cancel_name(request.instance)).map_err(failed)?;
    // Root may have been given up: whoever kept it connects.
    let stream =
        opener::cancel_socket(request.instance).unwrap_or_else(|| UnixStream::connect_addr(&name));
    let mut stream = stream.map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    // Whoever took that name first is told nothing.
    let peer = getsockopt(&stream, PeerCredentials).map_err(|errno| failed(errno.into()))?;
    let another = board.context.host_pid.is_some_and(|pid| i64::from(peer.pid()) != i64::from(pid));
    if peer.uid() != board.owner.0 || another {
        return Err(Failure {
            code: 4,
            text: format!(
                "process {} of user {} listens on the cancel socket of {pid}",
                peer.pid(),
                peer.uid()
            ),
        });
    }
    stream.write_all(&request.to_bytes()).map_err(failed)?;
    let mut bytes = [0; CancelAnswer::BYTES];
    stream.read_exact(&mut bytes).map_err(failed)?;
    CancelAnswer::from_bytes(&bytes)
        .ok_or_else(|| Failure::new(format!("process {pid} answers in a way that is not known")))
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
