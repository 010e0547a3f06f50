//! `check`: thresholds for monitoring, by the convention of the monitoring plugins. Its exit codes are its own:
//! 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use super::args::{Ask, Cli};
use super::common::{document, folded};
use super::failure::Failure;
use crate::check::{Answer, Asked, Finding, Status, judge, unsure};
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::listed::user;
use crate::locate::{self, Target};
use crate::model::BoardReport;
use crate::open_board::{Found, OpenBoard};
use crate::patience;
use crate::root::drop_root;

/// Between two looks at a board of which one does not tell enough: a monitor waits.
const APART: Duration = Duration::from_millis(20);

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    ask: &Ask,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = Answer::new(findings(target, &asked(ask), ask.owner));
    let done = if cli.common.json || cli.common.jsonl {
        document(
            cli,
            out,
            &serde_json::json!({
                "schema": 1,
                "taken_at": rfc3339(Moment::now(false).wall_ns),
                "status": answer.status,
                "text": answer.line(),
                "findings": answer.findings,
            }),
        )
    } else {
        // A monitor reads one line, whatever its length.
        let text = folded(&std::io::stdout(), &answer.line());
        writeln!(out, "{text}").map_err(Failure::from)
    };
    told(&answer, done.and_then(|()| Ok(out.flush()?)))
}

/// What is asked of each board.
pub(super) fn asked(ask: &Ask) -> Asked {
    Asked {
        stalled: ask.stalled,
        overdue: ask.overdue,
        deadlock: ask.deadlock,
        load: ask.load,
        oldest: ask.oldest,
        lost: ask.lost,
        numbers: ask.numbers.clone(),
    }
}

/// The exit code of an answer that was said, or could not be.
pub(super) fn told(answer: &Answer, done: Result<(), Failure>) -> Result<(), Failure> {
    // What cannot be told to the monitor is not known to it.
    done.map_err(|failure| Failure { code: Status::Unknown.exit_code(), ..failure })?;
    match answer.status.exit_code() {
        0 => Ok(()),
        code => Err(Failure { code, text: String::new() }),
    }
}

fn findings(target: &Target, asked: &Asked, owner: Option<u32>) -> Vec<Finding> {
    let mut found = match locate::find(target) {
        Ok(candidates) => Found::open(candidates, Around::Verdict),
        Err(error) => return vec![unread(error)],
    };
    if !found.boards.iter().any(OpenBoard::exists) {
        // The living one may have lost its name.
        found.add(locate::unnamed(target), Around::Verdict);
    }
    let others = owner.map_or(0, |owner| leave_out(&mut found, owner));
    found.choose(target);
    if let Err(errno) = drop_root(&found.boards) {
        return vec![unknown(format!("cannot give up root before reading: {errno}"))];
    }
    let mut findings = Vec::new();
    for board in &mut found.boards {
        match report(board, asked) {
            Ok(report) => findings.extend(judge(&report, asked)),
            Err(error) => findings.push(unread(error)),
        }
    }
    findings.extend(found.failed.into_iter().map(|(_, error)| unread(error)));
    if findings.is_empty() {
        findings.push(match owner.filter(|_| others > 0) {
            Some(owner) => missing(format!(
                "no board of {} is {}'s; of others there are {others}",
                target.words(),
                user(owner)
            )),
            None => unread(locate::not_found(target)),
        });
    } else if !matches!(target, Target::File(_) | Target::Pid(_)) {
        // There may be another one of the name, and it may be dead.
        findings.extend(silent());
    }
    findings
}

/// Leaves out what is not this user's; how many there are. Whose a file is that does not show may be theirs.
fn leave_out(found: &mut Found, owner: u32) -> usize {
    let all = found.boards.len() + found.failed.len();
    found.boards.retain(|board| board.owner.0 == owner);
    found.failed.retain(|(one, _)| {
        let facts = patience::answers(&one.path).and_then(|()| one.path.symlink_metadata());
        facts.map_or(true, |facts| facts.uid() == owner)
    });
    all - found.boards.len() - found.failed.len()
}

/// Places that do not answer, where boards may be that are asked for. What this user may not look into is not one: it
/// is most likely somebody else's.
fn silent() -> impl Iterator<Item = Finding> {
    let failing = locate::unseen().into_iter().filter(|place| !locate::may_not(place));
    failing.map(|(place, why)| {
        unknown(format!(
            "{} cannot be looked into: {why}; boards there are not known",
            place.display()
        ))
    })
}

/// What is judged: a second look where one does not tell.
fn report(board: &mut OpenBoard, asked: &Asked) -> Result<BoardReport, OpenError> {
    let report = board.report()?;
    if asked.stalled.is_some_and(|limits| unsure(&report, limits).is_some()) && !board.is_saved() {
        std::thread::sleep(APART);
        return board.report();
    }
    Ok(report)
}

/// A board that is not there does not serve; of one that cannot be read nothing is known.
fn unread(error: OpenError) -> Finding {
    let absent = error.exit_code() == 3;
    let text = Failure::from(error).text;
    if absent { missing(text) } else { unknown(text) }
}

/// Nothing is there.
pub(super) fn missing(text: String) -> Finding {
    Finding { status: Status::Critical, ..unknown(text) }
}

/// It cannot be told.
pub(super) fn unknown(text: String) -> Finding {
    Finding { status: Status::Unknown, name: String::new(), pid: None, text, measure: None }
}

/// A wrong command line as this verb has it.
pub fn wrong(
    args: impl IntoIterator<Item = OsString>,
    failure: Failure,
    out: &mut dyn Write,
) -> Failure {
    let words: Vec<OsString> = args.into_iter().collect();
    if super::command::verb_of(&words).as_deref() == Some("check") {
        unasked(failure, out)
    } else {
        failure
    }
}

/// Why nothing could be asked, as this verb has it: UNKNOWN, also in a line on stdout, where a monitor reads.
pub(super) fn unasked(failure: Failure, out: &mut dyn Write) -> Failure {
    if failure.text.is_empty() || failure.code == Status::Unknown.exit_code() {
        // It was answered, or stdout does not take an answer.
        return failure;
    }
    let line = Answer::new(vec![unknown(failure.text)]).line();
    // stdout may be closed; the exit code still tells.
    let _ = writeln!(out, "{line}");
    Failure { code: Status::Unknown.exit_code(), text: String::new() }
}
