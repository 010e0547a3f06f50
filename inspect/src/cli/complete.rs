//! What a shell may offer: verbs and options from the command line itself, and what only this host knows: names
//! and processes of boards, operations in flight, recordings and saved boards among the files.
//!
//! The scripts that `inspect completions` prints ask this program at every Tab, by an environment variable, so
//! they need not be made anew when it learns something.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate as Candidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use clap_complete::{CompleteEnv, Shell};

use crate::context::Look;
use crate::locate;
use crate::open_board::Found;
use crate::recording::is_recording;
use crate::root::drop_root;

/// The variable by which a shell's script asks.
const VARIABLE: &str = "INSPECT_COMPLETE";

/// The script that teaches a shell to ask.
///
/// # Errors
/// What writing to memory may say.
pub(super) fn script(shell: Shell) -> io::Result<Vec<u8>> {
    let asks: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Zsh => &Zsh,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let mut text = Vec::new();
    asks.write_registration(VARIABLE, "inspect", "inspect", "inspect", &mut text)?;
    Ok(text)
}

/// Answers a shell's question, if this was one.
///
/// # Errors
/// The question was none that can be answered.
pub fn answered(words: impl IntoIterator<Item = OsString>) -> Result<bool, String> {
    let directory = std::env::current_dir().ok();
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .bin("inspect")
        .completer("inspect")
        .try_complete(words, directory.as_deref())
        .map_err(|error| error.to_string())
}

/// The command line, with what only this host knows.
fn command() -> Command {
    let targets =
        |of: fn(&Path) -> bool, boards: bool| ArgValueCompleter::new(Targets { of, boards });
    let names = ArgValueCompleter::new(|current: &OsStr| names(current));
    let pids = ArgValueCompleter::new(|current: &OsStr| pids(current));
    let ids = ArgValueCompleter::new(|current: &OsStr| operations(current));
    let known = |arg: clap::Arg| match arg.get_id().as_str() {
        "name" => arg.add(names.clone()),
        "pid" => arg.add(pids.clone()),
        "file" => arg.add(targets(is_ours, false)),
        _ => arg,
    };
    let root = super::command::offered().mut_args(|arg| match arg.get_id().as_str() {
        "target" => arg.add(targets(is_ours, true)),
        _ => known(arg),
    });
    root.mut_subcommands(|verb| {
        let name = verb.get_name().to_owned();
        let verb = verb.mut_args(|arg| match (name.as_str(), arg.get_id().as_str()) {
            ("report" | "annotate", "which") => arg.add(targets(is_recording, false)),
            ("clean", "which") => arg.add(targets(|_| false, true)),
            (_, "which") | ("diff", "before" | "after") => arg.add(targets(is_ours, true)),
            ("ops", "history") => arg.add(ids.clone()),
            ("man", "verb") => arg.add(ArgValueCompleter::new(|current: &OsStr| verbs(current))),
            (_, "output" | "svg") => arg.add(ArgValueCompleter::new(PathCompleter::any())),
            (_, "dir" | "source") => arg.add(ArgValueCompleter::new(PathCompleter::dir())),
            _ => known(arg),
        });
        verb.mut_subcommands(|of| {
            of.mut_args(|arg| match arg.get_id().as_str() {
                "which" => arg.add(targets(is_ours, true)),
                "id" => arg.add(ids.clone()),
                _ => known(arg),
            })
        })
    })
}

/// Boards by name and pid, and files of some kind.
struct Targets {
    of: fn(&Path) -> bool,
    boards: bool,
}

impl ValueCompleter for Targets {
    fn complete(&self, current: &OsStr) -> Vec<Candidate> {
        let mut found = Vec::new();
        if self.boards {
            found.extend(names(current));
            found.extend(pids(current));
        }
        found.extend(PathCompleter::any().filter(self.of).complete(current));
        found
    }
}

/// A recording or a saved board.
fn is_ours(path: &Path) -> bool {
    is_recording(path) || crate::target::is_ours(path)
}

/// Harmless on any shell's command line: names on a board may be anything.
fn plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|char| char.is_alphanumeric() || "._-+@".contains(char))
}

fn offered(text: &str, current: &OsStr, help: String) -> Option<Candidate> {
    let fits = text.as_bytes().starts_with(current.as_encoded_bytes()) && plain(text);
    fits.then(|| Candidate::new(text).help(Some(help.into())))
}

fn names(current: &OsStr) -> Vec<Candidate> {
    let mut boards = locate::here();
    boards.sort_by(|a, b| a.name.cmp(&b.name));
    let named = boards.chunk_by(|a, b| a.name == b.name);
    let said = named.filter_map(|same| {
        let first = same.first()?;
        let help = match same.len() {
            1 => format!("board of pid {}", first.pid),
            n => format!("{n} boards"),
        };
        offered(&first.name, current, help)
    });
    said.collect()
}

fn pids(current: &OsStr) -> Vec<Candidate> {
    let boards = locate::here();
    let living = boards.iter().filter(|board| crate::proc::process(board.pid).is_some());
    living
        .filter(|board| plain(&board.name))
        .filter_map(|board| offered(&board.pid.to_string(), current, board.name.clone()))
        .collect()
}

fn verbs(current: &OsStr) -> Vec<Candidate> {
    let command = super::command::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    verbs
        .filter_map(|verb| {
            let help = verb.get_about().map(ToString::to_string).unwrap_or_default();
            offered(verb.get_name(), current, help)
        })
        .collect()
}

/// Operations in flight on the living boards that may be read.
fn operations(current: &OsStr) -> Vec<Candidate> {
    let found = Found::open(locate::here(), Look::Verdict);
    if drop_root(&found.boards).is_err() {
        return Vec::new();
    }
    let living = found.boards.into_iter().filter(crate::open_board::OpenBoard::exists);
    let ops = living.filter_map(|mut board| Some(board.report().ok()?.ops)).flatten();
    let said = ops.filter_map(|op| {
        let what = [Some(&op.kind), op.label.as_ref()].into_iter().flatten();
        let what: Vec<String> = what.map(crate::words::term::label).collect();
        offered(&op.id, current, what.join(" "))
    });
    said.collect()
}
