//! What a command is, what it works with, and what comes after it.

use std::time::Instant;

use super::counted::Counted;
use super::name::Name;
use super::refusal::Refusal;
use crate::resp::request::Request;
use crate::shared::Shared;
use crate::store::Reader;

/// One command.
#[derive(Debug)]
pub(crate) struct Command {
    /// In lower case.
    pub(crate) name: &'static str,
    /// In capital letters, for people.
    pub(crate) shown: &'static str,
    /// Words of a request, the name included; negative: at least so many.
    pub(crate) arity: i64,
    /// Whether it may submit updates.
    pub(crate) is_write: bool,
    /// Position of the first key, of the last (negative: from the end), and the step between keys.
    pub(crate) keys: (i64, i64, i64),
    /// One line for a person.
    pub(crate) summary: &'static str,
    /// Runs it.
    pub(crate) run: fn(&mut Context<'_>, &Request<'_>) -> Outcome,
}

impl Command {
    /// Whether a request of so many words has the right number.
    pub(crate) fn takes(&self, words: usize) -> bool {
        let words = i64::try_from(words).unwrap_or(i64::MAX);
        if self.arity < 0 { words >= -self.arity } else { words == self.arity }
    }
}

/// What belongs to one connection.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Number of the connection.
    pub(crate) id: u64,
    /// The commit that holds what the command at hand wrote, if its reply must wait for it.
    pub(crate) unacknowledged: Option<u64>,
    /// The table in use.
    pub(super) table: usize,
    /// As CLIENT SETNAME said.
    pub(super) name: Vec<u8>,
    /// The command at hand waited for a commit already.
    pub(super) waited: bool,
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
    /// All commands.
    pub(crate) commands: &'static [Command],
    /// The daemon.
    pub(crate) shared: &'a Shared,
    /// The last commit.
    pub(crate) reader: &'a mut Reader,
    /// The connection.
    pub(crate) session: &'a mut Session,
    /// When this turn began.
    pub(crate) now: Instant,
    /// What is counted at the turn's end.
    pub(crate) counted: &'a mut Counted,
    /// Where commands get their names on the board.
    pub(crate) name: &'a mut Name,
    /// Where the reply goes.
    pub(crate) out: &'a mut Vec<u8>,
}

impl Context<'_> {
    /// Something was submitted that this commit will hold.
    pub(super) fn wrote(&mut self, generation: u64) {
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

/// What a command comes to.
pub(super) type Outcome = Result<After, Refusal>;

/// The command of a name in any case, and its place among `commands`, which are in the order of their names.
pub(crate) fn find(commands: &'static [Command], name: &[u8]) -> Option<(usize, &'static Command)> {
    const LONGEST: usize = 16;
    let mut buffer = [0; LONGEST];
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let index = commands.binary_search_by(|command| command.name.as_bytes().cmp(lower)).ok()?;
    commands.get(index).map(|command| (index, command))
}
