//! The command line as a whole: every verb with the options that mean something for it, and what is said of a
//! line that is wrong.

mod refuse;
mod screen;
mod similar;
mod takes;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use super::args::Cli;
use super::failure::Failure;
use super::orders::orders;
use crate::render::Sort;
use crate::words::term::term;
use screen::{TIGHT_HELP, VERB_HELP, VERBS_HELP, help};
pub use takes::TAKES;
use takes::taken;

/// The whole command line.
pub fn command() -> Command {
    with(root(), |verb, global, taken| match taken {
        true => verb,
        // Known, so that it can be refused with a reason.
        false => verb.arg(global.hide(true)),
    })
}

/// The same for what a shell offers: a verb has what it takes, and does not know of the rest.
pub(super) fn offered() -> Command {
    let command = with(root(), |verb, global, taken| match taken {
        true => verb.arg(global.global(false)),
        false => verb,
    });
    // The order of operations is none of a verb below.
    let command = command.mut_subcommand("ops", |ops| ops.mut_arg("sort", |arg| arg.global(false)));
    command.mut_args(|arg| arg.global(false))
}

fn root() -> Command {
    signed(Cli::command())
        .disable_help_flag(true)
        .help_template(help(super::common::room().unwrap_or(80)))
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::HelpShort)
                .global(true)
                .help("Print help; `inspect man VERB` says more"),
        )
}

/// What begins with `-1` behind an option is its number, to be refused as that, and no option.
fn signed(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_action().takes_values() {
        true if !arg.is_positional() => arg.allow_negative_numbers(true),
        _ => arg,
    });
    command.mut_subcommands(signed)
}

/// Every verb with each of the global options, and whether it takes that.
fn with(mut command: Command, each: fn(Command, Arg, bool) -> Command) -> Command {
    let globals: Vec<Arg> =
        command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    for (verbs, takes) in TAKES {
        let fit = |verb: Command| {
            let name = verb.get_name().to_owned();
            // The least of an export's options: a screen has no more lines.
            let verb = match name == "export" {
                true => verb.mut_arg("follow", |arg| arg.hide_short_help(true)),
                false => verb,
            };
            let template = match verb.has_subcommands() {
                true => VERBS_HELP,
                false if name == "export" => TIGHT_HELP,
                false => VERB_HELP,
            };
            globals.iter().fold(verb.help_template(template), |verb, arg| {
                let id = arg.get_id().as_str();
                let taken = taken(takes, id) || id == "help";
                match name == "ops" && id == "sort" {
                    true => verb.arg(of_operations(arg.clone())),
                    false => each(verb, arg.clone(), taken),
                }
            })
        };
        command = match verbs.split_once(' ') {
            None => command.mut_subcommand(verbs, fit),
            Some((verb, of)) => command.mut_subcommand(verb, |sub| sub.mut_subcommand(of, fit)),
        };
    }
    command
}

/// The option for an order, of operations instead of threads.
fn of_operations(sort: Arg) -> Arg {
    sort.value_parser(orders(&Sort::OPERATIONS))
        .default_value("active")
        .alias("order")
        .help("Order: active (longest first), age, status, kind")
        .long_help(None::<&str>)
}

/// How a command line ended before any verb ran.
#[derive(Debug)]
pub enum Early {
    /// It asked for this text.
    Text(String),
    /// It is wrong.
    Wrong(Failure),
}

/// Reads a command line.
///
/// # Errors
/// [`Early`], to be printed.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Early> {
    let words: Vec<OsString> = words.into_iter().collect();
    let matches = command().try_get_matches_from(&words).map_err(|error| early(&error, &words))?;
    refuse::refuse(&matches).map_err(|text| Early::Wrong(Failure::usage(text)))?;
    Cli::from_arg_matches(&matches).map_err(|error| early(&error, &words))
}

fn early(error: &clap::Error, words: &[OsString]) -> Early {
    if !error.use_stderr() {
        return Early::Text(error.render().to_string());
    }
    Early::Wrong(Failure::usage(sentence(error, words)))
}

/// What is wrong, on one line: what, what would be right, and where that is said.
fn sentence(error: &clap::Error, words: &[OsString]) -> String {
    let bare = words.iter().skip(1).filter_map(|word| word.to_str());
    let verb = verb_of(words);
    let help = match &verb {
        Some(verb) => format!("inspect {verb} -h"),
        None => "inspect -h".to_owned(),
    };
    // A second bare word where only a target is expected: the first was to be a verb.
    if matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand)
        && verb.is_none()
        && let Some(first) = bare.clone().find(|word| !word.starts_with('-'))
        && bare.filter(|word| !word.starts_with('-')).count() > 1
    {
        let meant = similar(first).map(|verb| format!("; did you mean `{verb}`?"));
        let first = term(first);
        return format!("`{first}` is no verb{}; see `{help}`", meant.unwrap_or_default());
    }
    let text = plain(error.render().to_string());
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut said: Vec<String> = lines
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: ").trim_end_matches(':').to_owned())
        .collect();
    said.push(format!("see `{help}`"));
    term(&said.join("; "))
}

/// What is said of a number that is none, in words for people.
fn plain(mut text: String) -> String {
    for (said, meant) in [
        ("invalid digit found in string", "a whole number is meant"),
        ("cannot parse integer from empty string", "a whole number is meant"),
        ("number too large to fit in target type", "that is too large"),
    ] {
        text = text.replace(said, meant);
    }
    text
}

/// The verb of a command line, with the verb below it: `ops cancel`.
pub fn verb_of(words: &[OsString]) -> Option<String> {
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    let whole = command();
    let verb = words.find_map(|word| whole.find_subcommand(word))?;
    let below = words.find_map(|word| verb.find_subcommand(word));
    let names = [Some(verb), below].into_iter().flatten().map(Command::get_name);
    Some(names.collect::<Vec<_>>().join(" "))
}

/// The verb that a word was probably meant to be.
pub fn similar(word: &str) -> Option<String> {
    let command = command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    similar::nearest(word, verbs.map(|verb| verb.get_name())).map(str::to_owned)
}

#[cfg(test)]
mod tests;
