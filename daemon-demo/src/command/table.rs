//! The table of commands.

use super::spec::Command;
use super::{debug, keys, server, strings};

macro_rules! commands {
    ($($name:literal $arity:literal $kind:ident $keys:tt $run:path, $summary:literal;)*) => {
        &[$(Command {
            name: $name,
            shown: const {
                const NAME: [u8; $name.len()] = upper($name);
                match str::from_utf8(&NAME) {
                    Ok(name) => name,
                    Err(_) => $name,
                }
            },
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

/// A name in capital letters.
const fn upper<const N: usize>(name: &str) -> [u8; N] {
    let (name, mut upper) = (name.as_bytes(), [0; N]);
    let mut at = 0;
    while at < N {
        upper[at] = name[at].to_ascii_uppercase();
        at += 1;
    }
    upper
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::spec::find;

    #[test]
    fn commands_are_found_in_any_case() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        for command in COMMANDS {
            let upper = command.name.to_ascii_uppercase();
            assert_eq!(
                find(COMMANDS, upper.as_bytes()).map(|(_, found)| found.name),
                Some(command.name)
            );
        }
        for unknown in ["", "ge", "gett", "a name that is longer than any"] {
            assert!(find(COMMANDS, unknown.as_bytes()).is_none());
        }
    }

    #[test]
    fn arity_is_exact_or_a_minimum() {
        let takes = |name: &str, words| {
            find(COMMANDS, name.as_bytes()).is_some_and(|(_, command)| command.takes(words))
        };
        assert!(takes("get", 2) && !takes("get", 1) && !takes("get", 3));
        assert!(takes("del", 2) && takes("del", 99) && !takes("del", 1));
    }
}
