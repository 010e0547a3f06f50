//! The commands: who runs for which name, and what is checked before.

mod debug;
mod keys;
mod server;
mod strings;
mod table;

use std::time::Instant;

use crate::net::reply;
use crate::net::request::Request;
use crate::serve::Shared;
use crate::serve::metrics::{COMMANDS, COMMANDS_BY_NAME};
use crate::store::{Admission, Reader};
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
        Self {
            id,
            ..Self::default()
        }
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
    /// The same again, when the backlog has room.
    WaitForBacklog,
    /// The same again, after this commit.
    WaitForCommit(u64),
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
pub(crate) fn run(context: &mut Context<'_>, request: &Request<'_>) -> After {
    if request.len() == 0 {
        return After::Next;
    }
    let Some((index, command)) = table::find(request.word(0)) else {
        probe::count!(COMMANDS);
        reply::error(context.out, &unknown(request));
        return After::Next;
    };
    if command.is_write {
        match context.shared.store.admit(context.now) {
            Admission::Admitted => {}
            Admission::Held => {
                probe::tag!(wait, hits, "backlog");
                return After::WaitForBacklog;
            }
            Admission::Failing => {
                let status = context.shared.store.status();
                let error = status.failing.as_deref().unwrap_or("it just failed");
                reply::error(context.out, &misconf(error));
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
        After::Next
    });
    context.session.waited = matches!(after, After::WaitForCommit(_));
    after
}

fn arity(command: &Command) -> Refusal {
    Refusal(format!(
        "ERR wrong number of arguments for '{}' command",
        command.name
    ))
}

fn unknown(request: &Request<'_>) -> String {
    const SHOWN: usize = 128;
    let shown =
        |word: &[u8]| String::from_utf8_lossy(word.get(..SHOWN).unwrap_or(word)).into_owned();
    let mut text = format!(
        "ERR unknown command '{}', with args beginning with: ",
        shown(request.word(0))
    );
    for word in request.words_from(1) {
        if text.len() > 2 * SHOWN {
            break;
        }
        text.push_str(&format!("'{}' ", shown(word)));
    }
    text
}
