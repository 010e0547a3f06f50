//! The commands: who runs for which name, and what is checked before.

mod debug;
mod keys;
mod name;
mod server;
mod strings;
mod table;

use std::time::Instant;

use probe::{Op, Operation};

use crate::net::reply;
use crate::net::request::Request;
use crate::serve::Shared;
use crate::serve::metrics::{COMMANDS, COMMANDS_BY_NAME};
use crate::store::{Admission, Reader};
use name::Name;
pub(crate) use name::show_keys;
use table::Command;

/// How many commands there are.
pub(crate) const COMMAND_COUNT: usize = table::COMMANDS.len();

/// What belongs to one connection.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Number of the connection.
    pub(crate) id: u64,
    /// The commit that holds what the command at hand wrote, if its reply must wait for it.
    pub(crate) unacknowledged: Option<u64>,
    /// The table in use.
    table: usize,
    /// As CLIENT SETNAME said.
    name: Vec<u8>,
    /// The command at hand waited for a commit already.
    waited: bool,
}

impl Session {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, ..Self::default() }
    }

    /// The command at hand is given up.
    pub(crate) fn forget(&mut self) {
        self.waited = false;
    }
}

/// What a command works with.
pub(crate) struct Context<'a> {
    /// The daemon.
    pub(crate) shared: &'a Shared,
    /// The last commit.
    pub(crate) reader: &'a mut Reader,
    /// The connection.
    pub(crate) session: &'a mut Session,
    /// When this turn began.
    pub(crate) now: Instant,
    /// Where the reply goes.
    pub(crate) out: &'a mut Vec<u8>,
}

impl Context<'_> {
    /// Something was submitted that this commit will hold.
    fn wrote(&mut self, generation: u64) {
        if self.shared.is_durable {
            self.session.unacknowledged = Some(generation);
        }
    }
}

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// The next one.
    Next,
    /// The end of the connection.
    Close,
    /// The same again, when this has come.
    Wait(Held),
}

/// Why a command has to wait before it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The backlog is too large for a write.
    Backlog,
    /// It needs this commit.
    Commit(u64),
}

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

/// An error reply in full.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl Refusal {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn syntax() -> Self {
        Self::new("ERR syntax error")
    }

    fn not_an_integer() -> Self {
        Self::new("ERR value is not an integer or out of range")
    }
}

impl From<crate::store::disk::StorageError> for Refusal {
    fn from(error: crate::store::disk::StorageError) -> Self {
        Self(format!("ERR cannot read the data file: {}", error.0))
    }
}

type Outcome = Result<After, Refusal>;

/// The reply to a write when commits fail.
pub(crate) fn misconf(error: &str) -> String {
    format!(
        "MISCONF cannot write the data file: {error}. Writes are refused until that works again"
    )
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
    let Some(found) = table::find(request.word(0)) else {
        probe::count!(COMMANDS);
        reply::error(context.out, &unknown(request));
        return Ran::Done;
    };
    let command = found.1;
    let name = || Name::new(command.name, (command.keys.0 == 1).then(|| request.word(1)));
    context.reader.is_shown(!matches!(begun, Begun::InPipeline));
    match begun {
        Begun::Before(op) => {
            let here = op.enter();
            let after = attempt(context, request, found, Some(&here));
            drop(here);
            became(context, after, || op)
        }
        Begun::Alone => {
            let op = probe::op!("command", name());
            let after = attempt(context, request, found, Some(&op));
            became(context, after, || Operation::detach(op))
        }
        Begun::InPipeline => {
            let after = attempt(context, request, found, None);
            became(context, after, || probe::begin_op!("command", name()))
        }
    }
}

fn became(context: &mut Context<'_>, after: After, op: impl FnOnce() -> Op) -> Ran {
    match (after, context.session.unacknowledged.take()) {
        (After::Wait(held), _) => Ran::Waits(held, op()),
        (_, Some(generation)) => Ran::Written(generation, op()),
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
        let counter = context.shared.by_name.get(index);
        if let Some(counter) = counter {
            probe::count!(*counter.get_or_init(|| probe::member!(COMMANDS_BY_NAME, command.name)));
        }
    }
    let start = context.out.len();
    let outcome = if command.takes(request.len()) {
        (command.run)(context, request)
    } else {
        Err(arity(command))
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
