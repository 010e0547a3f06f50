//! Running a command: what is checked before, and what became of it.

use std::time::{Duration, Instant};

use probe::{Op, Operation};

use super::name::Name;
use super::refusal::{Refusal, misconf};
use super::spec::{After, Command, Context, Held, Outcome, find};
use crate::args::Fault;
use crate::metrics::COMMANDS;
use crate::resp::reply;
use crate::resp::request::Request;
use crate::store::Admission;

/// Where a command stands when it is to be run.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It is all that its client asked for.
    Alone,
    /// It comes with others.
    InPipeline,
    /// It had to wait, and may be run now.
    Before(Op),
}

/// What became of a command. One that is not done is still in flight, and its operation goes with it.
#[derive(Debug)]
pub(crate) enum Ran {
    /// Its reply may leave.
    Done,
    /// Its reply may leave, and is the last.
    Last,
    /// Its reply may leave after this commit.
    Written(u64, Op),
    /// It is to be run again.
    Waits(Held, Op),
}

/// Runs a command and appends its reply.
///
/// Each command is an operation, but for those of a pipeline: there it becomes one when it has to wait.
/// Most are over in less time than it takes to say that they began, and while they run their connection
/// says so.
pub(crate) fn run(context: &mut Context<'_>, request: &Request<'_>, begun: Begun) -> Ran {
    if request.len() == 0 {
        return Ran::Done;
    }
    let Some(found) = find(context.commands, request.word(0)) else {
        probe::count!(COMMANDS);
        reply::error(context.out, &unknown(request));
        return Ran::Done;
    };
    let command = found.1;
    let key = || (command.keys.0 == 1).then(|| request.word(1));
    context.reader.is_shown(!matches!(begun, Begun::InPipeline));
    match begun {
        Begun::Before(op) => {
            let here = op.enter();
            let after = attempt(context, request, found, Some(&here));
            drop(here);
            became(context, after, |_| op)
        }
        Begun::Alone => {
            let op = probe::op!("command", context.name.of(command.shown, key()));
            let after = attempt(context, request, found, Some(&op));
            became(context, after, |_| Operation::detach(op))
        }
        Begun::InPipeline => {
            let after = attempt(context, request, found, None);
            became(context, after, |name| {
                probe::begin_op!("command", name.of(command.shown, key()))
            })
        }
    }
}

fn became(context: &mut Context<'_>, after: After, op: impl FnOnce(&mut Name) -> Op) -> Ran {
    match (after, context.session.unacknowledged.take()) {
        (After::Wait(held), _) => Ran::Waits(held, op(context.name)),
        (_, Some(generation)) => Ran::Written(generation, op(context.name)),
        (After::Next, None) => Ran::Done,
        (After::Close, None) => Ran::Last,
    }
}

fn attempt(
    context: &mut Context<'_>,
    request: &Request<'_>,
    (index, command): (usize, &Command),
    op: Option<&Op>,
) -> After {
    if command.is_write {
        context.counted.writes();
        match context.shared.store.admit(context.now) {
            Admission::Admitted => {}
            Admission::Held => {
                probe::tag!(wait, hits, "backlog");
                return After::Wait(Held::Backlog);
            }
            Admission::Failing => {
                let status = context.shared.store.status();
                let error = status.failing.as_deref().unwrap_or("it just failed");
                reply::error(context.out, &misconf(error));
                failed(op);
                return After::Next;
            }
        }
    }
    let _scope = probe::scope!("command", index);
    // One that waited was counted then.
    if !context.session.waited {
        probe::count!(COMMANDS);
        context.counted.command(context.shared, index);
        if op.is_some() {
            context.counted.count(context.shared);
        }
    }
    let start = context.out.len();
    let outcome = match context.shared.settings.fault {
        Some(Fault::Refuse) => Err(Refusal::new("ERR refused, as asked for")),
        Some(Fault::SlowCommands) => {
            compute();
            answer(context, request, command)
        }
        _ => answer(context, request, command),
    };
    let after = outcome.unwrap_or_else(|Refusal(text)| {
        context.out.truncate(start);
        reply::error(context.out, &text);
        failed(op);
        After::Next
    });
    context.session.waited = matches!(after, After::Wait(Held::Commit(_)));
    after
}

fn answer(context: &mut Context<'_>, request: &Request<'_>, command: &Command) -> Outcome {
    if command.takes(request.len()) { (command.run)(context, request) } else { Err(arity(command)) }
}

/// Uses the processor for nothing: trouble on purpose.
fn compute() {
    probe::tag!(hits, "computes, as asked for");
    let end = Instant::now() + Duration::from_millis(20);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// The operation failed, unless it was asked to.
fn failed(op: Option<&Op>) {
    if let Some(op) = op.filter(|op| !op.asked().is_cancelled()) {
        op.fail();
    }
}

fn arity(command: &Command) -> Refusal {
    Refusal(format!("ERR wrong number of arguments for '{}' command", command.name))
}

fn unknown(request: &Request<'_>) -> String {
    const SHOWN: usize = 128;
    let shown =
        |word: &[u8]| String::from_utf8_lossy(word.get(..SHOWN).unwrap_or(word)).into_owned();
    let mut text =
        format!("ERR unknown command '{}', with args beginning with: ", shown(request.word(0)));
    for word in request.words_from(1) {
        if text.len() > 2 * SHOWN {
            break;
        }
        text.push_str(&format!("'{}' ", shown(word)));
    }
    text
}
