//! The table of commands.

use super::{Context, Outcome, debug, keys, server, strings};
use crate::net::request::Request;

/// One command.
#[derive(Debug)]
pub(crate) struct Command {
    /// In lower case.
    pub(crate) name: &'static str,
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
        if self.arity < 0 {
            words >= -self.arity
        } else {
            words == self.arity
        }
    }
}

macro_rules! commands {
    ($($name:literal $arity:literal $kind:ident $keys:tt $run:path, $summary:literal;)*) => {
        &[$(Command {
            name: $name,
            arity: $arity,
            is_write: commands!($kind),
            keys: $keys,
            summary: $summary,
            run: $run,
        }),*]
    };
    (read) => { false };
    (write) => { true };
}

/// All commands, in the order of their names.
pub(crate) const COMMANDS: &[Command] = commands! {
    "client"    -2 read  (0, 0, 0)  server::client,    "Names and describes the connection";
    "command"   -1 read  (0, 0, 0)  server::command,   "Describes the commands";
    "config"    -2 read  (0, 0, 0)  server::config,    "Tells settings";
    "dbsize"     1 read  (0, 0, 0)  keys::dbsize,      "Counts the records of the table";
    "debug"     -2 read  (0, 0, 0)  debug::debug,      "Makes trouble on purpose, where allowed";
    "decr"       2 write (1, 1, 1)  strings::decr,     "Subtracts one from a number";
    "decrby"     3 write (1, 1, 1)  strings::decrby,   "Subtracts from a number";
    "del"       -2 write (1, -1, 1) keys::del,         "Deletes records";
    "echo"       2 read  (0, 0, 0)  server::echo,      "Repeats what it is told";
    "exists"    -2 read  (1, -1, 1) keys::exists,      "Counts those of the records that exist";
    "expire"     3 write (1, 1, 1)  keys::expire,      "Sets a time to live in seconds";
    "flushall"  -1 write (0, 0, 0)  keys::flushall,    "Empties all tables";
    "flushdb"   -1 write (0, 0, 0)  keys::flushdb,     "Empties the table";
    "get"        2 read  (1, 1, 1)  strings::get,      "Reads a record";
    "incr"       2 write (1, 1, 1)  strings::incr,     "Adds one to a number";
    "incrby"     3 write (1, 1, 1)  strings::incrby,   "Adds to a number";
    "info"      -1 read  (0, 0, 0)  server::info,      "Describes the daemon";
    "mget"      -2 read  (1, -1, 1) strings::mget,     "Reads several records";
    "mset"      -3 write (1, -1, 2) strings::mset,     "Writes several records";
    "persist"    2 write (1, 1, 1)  keys::persist,     "Removes the time to live";
    "pexpire"    3 write (1, 1, 1)  keys::pexpire,     "Sets a time to live in milliseconds";
    "ping"      -1 read  (0, 0, 0)  server::ping,      "Answers";
    "pttl"       2 read  (1, 1, 1)  keys::pttl,        "Tells the time to live in milliseconds";
    "quit"      -1 read  (0, 0, 0)  server::quit,      "Closes the connection";
    "select"     2 read  (0, 0, 0)  server::select,    "Chooses the table";
    "set"       -3 write (1, 1, 1)  strings::set,      "Writes a record";
    "strlen"     2 read  (1, 1, 1)  strings::strlen,   "Tells the length of a record";
    "ttl"        2 read  (1, 1, 1)  keys::ttl,         "Tells the time to live in seconds";
    "unlink"    -2 write (1, -1, 1) keys::del,         "Deletes records";
};

/// The command of a name in any case, and its place in [`COMMANDS`].
pub(crate) fn find(name: &[u8]) -> Option<(usize, &'static Command)> {
    const LONGEST: usize = 16;
    let mut buffer = [0; LONGEST];
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let index = COMMANDS
        .binary_search_by(|command| command.name.as_bytes().cmp(lower))
        .ok()?;
    COMMANDS.get(index).map(|command| (index, command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_any_case() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        for command in COMMANDS {
            let upper = command.name.to_ascii_uppercase();
            assert_eq!(
                find(upper.as_bytes()).map(|(_, found)| found.name),
                Some(command.name)
            );
        }
        for unknown in ["", "ge", "gett", "a name that is longer than any"] {
            assert!(find(unknown.as_bytes()).is_none());
        }
    }

    #[test]
    fn arity_is_exact_or_a_minimum() {
        let takes = |name: &str, words| {
            find(name.as_bytes()).is_some_and(|(_, command)| command.takes(words))
        };
        assert!(takes("get", 2) && !takes("get", 1) && !takes("get", 3));
        assert!(takes("del", 2) && takes("del", 99) && !takes("del", 1));
    }
}
