//! The command line as a whole: which of the options of every verb mean something for which, what help looks
//! like, and what is said of a line that is wrong.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::args::{Cli, Form};
use super::failure::Failure;
use super::orders::orders;
use crate::render::Sort;
use crate::words::term::term;

/// The options of every verb that mean something for it. Any other is not in its help, and refused. (Without
/// a verb all of them do; `--color` does no harm anywhere.)
pub const TAKES: &[(&str, &[&str])] = &[
    (
        "list",
        &[
            "name",
            "pid",
            "file",
            "json",
            "jsonl",
            "wait",
            "interval",
            "count",
            "filter",
            "color",
            "endpoints",
        ],
    ),
    (
        "top",
        &[
            "name",
            "pid",
            "file",
            "wait",
            "interval",
            "count",
            "sort",
            "filter",
            "all",
            "color",
            "endpoints",
        ],
    ),
    ("dump", &["name", "pid", "file", "wait"]),
    ("record", &["name", "pid", "file", "wait", "json", "count"]),
    ("profile", &["name", "pid", "file", "wait", "json", "filter", "all", "color"]),
    ("report", &["file", "json", "filter", "all", "color"]),
    ("export", &["name", "pid", "file", "wait", "filter"]),
    ("annotate", &["file", "json", "filter", "all", "color"]),
    ("diff", &["json", "wait", "interval", "filter", "all", "color"]),
    (
        "ops",
        &[
            "name",
            "pid",
            "file",
            "json",
            "jsonl",
            "wait",
            "interval",
            "count",
            "sort",
            "filter",
            "since_start",
            "color",
            "endpoints",
        ],
    ),
    ("ops cancel", &["name", "pid", "json", "jsonl", "wait", "endpoints"]),
    (
        "why",
        &[
            "name",
            "pid",
            "file",
            "json",
            "jsonl",
            "wait",
            "interval",
            "count",
            "color",
            "endpoints",
        ],
    ),
    ("capacity", &["name", "pid", "file", "json", "jsonl", "wait", "filter", "color", "endpoints"]),
    (
        "waits",
        &[
            "name",
            "pid",
            "file",
            "json",
            "jsonl",
            "wait",
            "interval",
            "count",
            "filter",
            "color",
            "endpoints",
        ],
    ),
    ("check", &["name", "pid", "file", "json", "endpoints"]),
    ("history", &["name", "pid", "json", "jsonl", "color"]),
    ("history record", &["name", "pid"]),
    #[cfg(feature = "serve")]
    ("serve", &["endpoints"]),
    #[cfg(feature = "serve")]
    ("link", &["name", "pid", "filter"]),
    ("doctor", &["name", "pid", "file", "json"]),
    ("clean", &["name", "pid"]),
    ("completions", &[]),
    ("man", &[]),
];

/// Whether an option means something for a verb that takes those: what is said of endpoints does where they are.
fn taken(takes: &[&str], id: &str) -> bool {
    takes.contains(&id) || id.starts_with("endpoints_") && takes.contains(&"endpoints")
}

/// Help of the whole: the verbs, and the options of a table by their names alone.
const HELP: &str = "\
{about}

Usage: inspect [VERB] [TARGET] [OPTIONS]     (no verb: the board, as a table)
VERBS

TARGET: a name (* and ?), a pid, or the path of a saved board or recording
Options: -n NAME, -p PID, -f PATH, --json, --jsonl, --wait T, --interval T,
  --count N, --sort KEY, --filter GLOB, --all, --since-start, --trail,
  --color WHEN, --endpoints LIST, --help-numbers (what each number means)
`inspect VERB -h` says which a verb takes; `inspect man VERB` says all.";

/// Every verb in few words, two on a line, by what one is after: so all of them fit on a screen.
const VERBS: &[(&str, &[(&str, &str)])] = &[
    (
        "Look",
        &[
            ("list", "every board on this host"),
            ("top", "live screen"),
            ("ops", "operations in flight"),
            ("why", "what is wrong, ranked"),
            ("waits", "who waits for whom"),
            ("capacity", "how much more it takes"),
            ("check", "thresholds, for alerts"),
            ("dump", "save a board as it is"),
            ("diff", "two boards, or recordings"),
            ("history", "the past, second by second"),
        ],
    ),
    (
        "Sample",
        &[
            ("profile", "sample now, and report"),
            ("record", "sample into a file"),
            ("report", "lines of a recording"),
            ("annotate", "its lines beside sources"),
            ("export", "in the form of other tools"),
        ],
    ),
    #[cfg(feature = "serve")]
    ("Share", &[("serve", "a page, JSON, /metrics"), ("link", "the page's address")]),
    (
        "Keep",
        &[
            ("clean", "remove boards of the dead"),
            ("doctor", "why do I see nothing?"),
            ("man", "the manual"),
            ("completions", "of a shell"),
        ],
    ),
];

/// Those lines.
fn verbs_in_short() -> String {
    let mut lines = Vec::new();
    for &(group, verbs) in VERBS {
        for (index, pair) in verbs.chunks(2).enumerate() {
            let mut line = format!("{:<7}", if index == 0 { group } else { "" });
            for (verb, what) in pair {
                line.push_str(&format!("{verb:<9} {what:<27}"));
            }
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}

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
    command.mut_args(|arg| arg.global(false))
}

fn root() -> Command {
    Cli::command()
        .disable_help_flag(true)
        .help_template(HELP.replace("VERBS", &verbs_in_short()))
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::HelpShort)
                .global(true)
                .help("Print help; `inspect man VERB` says more"),
        )
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

/// Help of a verb: a screen has no lines for headings.
const VERB_HELP: &str = "{about}\n{usage-heading} {usage}\n\n{positionals}\n{options}";
/// The same, of one that has many.
const TIGHT_HELP: &str = "{about}\n{usage-heading} {usage}\n{positionals}\n{options}";
const VERBS_HELP: &str =
    "{about}\n{usage-heading} {usage}\n{subcommands}\n{positionals}\n{options}";

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
    refuse(&matches).map_err(|text| Early::Wrong(Failure::usage(text)))?;
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
    let verbs: Vec<String> =
        command().get_subcommands().map(|verb| verb.get_name().into()).collect();
    let bare = words.iter().skip(1).filter_map(|word| word.to_str());
    let verb = bare.clone().find(|word| verbs.iter().any(|verb| verb == word));
    let help = verb.map_or_else(|| "inspect -h".to_owned(), |verb| format!("inspect {verb} -h"));
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
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut said: Vec<String> = lines
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: ").trim_end_matches(':').to_owned())
        .collect();
    said.push(format!("see `{help}`"));
    term(&said.join("; "))
}

/// Says no to what would do nothing.
fn refuse(matches: &ArgMatches) -> Result<(), String> {
    let (mut verb, mut last) = (String::new(), matches);
    while let Some((name, inner)) = last.subcommand() {
        verb = if verb.is_empty() { name.to_owned() } else { format!("{verb} {name}") };
        last = inner;
    }
    let takes = TAKES.iter().find(|(name, _)| *name == verb).map(|(_, takes)| *takes);
    takes.map_or(Ok(()), |takes| refuse_others(last, &verb, takes))?;
    refuse_idle(last, &verb)?;
    #[cfg(feature = "serve")]
    for (id, flag) in [("endpoints_token", "--endpoints-token"), ("endpoints_ca", "--endpoints-ca")]
    {
        if last.contains_id(id) && !last.contains_id("endpoints") {
            return Err(format!("{flag} does nothing without --endpoints"));
        }
    }
    Ok(())
}

/// Options of a verb that do nothing for what else was said.
fn refuse_idle(last: &ArgMatches, verb: &str) -> Result<(), String> {
    let said = |id: &str| {
        matches!(last.try_contains_id(id), Ok(true))
            && last.value_source(id) == Some(ValueSource::CommandLine)
    };
    let (for_what, idle): (&str, &[&str]) = match verb {
        "export" => match last.get_one::<Form>("format") {
            Some(Form::Prom) => ("export prom", &NOT_OF_PROM),
            Some(Form::Otlp) if said("profiles") => ("export otlp --profiles", &["openmetrics"]),
            Some(Form::Otlp) => ("export otlp", &NOT_OF_OTLP),
            _ => return Ok(()),
        },
        "ops" if said("history") => ("ops --history", &["over", "by", "ended", "slowest"]),
        "ops" if said("by") => ("ops --by", &["over", "ended", "slowest"]),
        "top" if said("endpoints") => ("top --endpoints", &["rate", "wait", "sort"]),
        "history" if said("against") => ("history --against", &["svg"]),
        "history" if said("svg") => ("history --svg", &["json", "jsonl"]),
        _ => return Ok(()),
    };
    match idle.iter().find(|id| said(id)) {
        Some(id) => Err(format!("--{id} does nothing for `{for_what}`; see `inspect {verb} -h`")),
        None => Ok(()),
    }
}

/// What samples are taken by, and other ways to send.
const NOT_OF_PROM: [&str; 13] = [
    "blame", "rate", "duration", "follow", "idle", "thread", "filter", "metrics", "spans",
    "profiles", "endpoint", "pending", "state",
];
const NOT_OF_OTLP: [&str; 8] =
    ["blame", "rate", "duration", "follow", "idle", "thread", "filter", "openmetrics"];

/// Of the options of every verb those that mean nothing for this one.
fn refuse_others(last: &ArgMatches, verb: &str, takes: &[&str]) -> Result<(), String> {
    let command = Cli::command();
    for arg in command.get_arguments().filter(|arg| arg.is_global_set()) {
        let id = arg.get_id().as_str();
        let said = last.value_source(id) == Some(ValueSource::CommandLine);
        if said && id != "color" && !taken(takes, id) {
            let flag = arg.get_long().unwrap_or(id);
            return Err(format!("--{flag} does nothing for `{verb}`; see `inspect {verb} -h`"));
        }
    }
    // Before the verb stands the order of a table's threads.
    let sort = last.value_source("sort").filter(|_| verb == "ops");
    let sort = sort.and_then(|_| last.get_one::<Sort>("sort"));
    match sort {
        Some(sort) if !Sort::OPERATIONS.contains(sort) && *sort != Sort::First => {
            Err("that is an order of threads; see `inspect ops -h`".to_owned())
        }
        _ => Ok(()),
    }
}

/// The verb that a word was probably meant to be.
pub fn similar(word: &str) -> Option<String> {
    let command = command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let near = |verb: &&Command| {
        let name = verb.get_name();
        let allowed = if name.len() > 4 { 2 } else { 1 };
        distance(word, name) <= allowed || word.len() >= 3 && name.starts_with(word)
    };
    verbs
        .filter(near)
        .map(|verb| verb.get_name().to_owned())
        .min_by_key(|name| distance(word, name))
}

/// Letters to be changed, added, left out or swapped with the next, between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(40).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut best =
                (rows[i][j] + usize::from(from != to)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(command: &mut Command) -> Vec<String> {
        let text = command.clone().term_width(80).render_help().to_string();
        text.lines().map(str::to_owned).collect()
    }

    /// Every verb, by its words.
    fn verbs() -> Vec<(String, Command)> {
        let mut all = Vec::new();
        let mut command = command();
        command.build();
        for verb in command.get_subcommands() {
            all.push((verb.get_name().to_owned(), verb.clone()));
            for of in verb.get_subcommands() {
                all.push((format!("{} {}", verb.get_name(), of.get_name()), of.clone()));
            }
        }
        all
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_help_of_the_whole_names_every_verb() {
        let mut named: Vec<&str> =
            VERBS.iter().flat_map(|(_, verbs)| verbs.iter().map(|(verb, _)| *verb)).collect();
        named.sort_unstable();
        let root = root();
        let mut all: Vec<&str> = root
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(|verb| verb.get_name())
            .collect();
        all.sort_unstable();
        assert_eq!(named, all);
    }

    #[test]
    fn help_is_never_longer_or_wider_than_a_screen() {
        let mut root = command().term_width(80);
        let mut all = vec![("(none)".to_owned(), root.clone())];
        root.build();
        all.extend(verbs());
        for (name, mut verb) in all {
            let lines = lines(&mut verb);
            assert!(lines.len() <= 24, "{name}: {} lines\n{}", lines.len(), lines.join("\n"));
            for line in &lines {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
        }
    }

    #[test]
    fn every_verb_says_which_options_it_takes_and_refuses_the_others() {
        let command = command();
        let globals: Vec<&Arg> = command
            .get_arguments()
            .filter(|arg| arg.is_global_set() && arg.get_id() != "help")
            .collect();
        let values =
            [("pid", "1"), ("wait", "1s"), ("interval", "1s"), ("count", "1"), ("sort", "load")];
        for (name, mut verb) in verbs() {
            let Some((_, takes)) = TAKES.iter().find(|(known, _)| *known == name) else {
                panic!("{name} is not in TAKES");
            };
            let help = lines(&mut verb).join("\n");
            let needed: Vec<&str> = match name.as_str() {
                "dump" => vec!["-o", "x"],
                "export" => vec!["folded"],
                "diff" => vec!["a", "b"],
                "completions" => vec!["bash"],
                "ops cancel" => vec!["1-1"],
                _ => vec![],
            };
            for arg in &globals {
                let id = arg.get_id().as_str();
                let flag = format!("--{}", arg.get_long().expect("a long name"));
                // In the column of options, not in what is said of another.
                let options =
                    help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
                let shown = options
                    .filter_map(|line| line.split("  ").next())
                    .any(|option| option.split(' ').any(|word| word == flag));
                assert_eq!(
                    shown,
                    taken(takes, id) && !arg.is_hide_short_help_set(),
                    "{name} {flag}:\n{help}"
                );
                let mut words: Vec<&str> =
                    std::iter::once("inspect").chain(name.split(' ')).collect();
                words.extend(&needed);
                let value =
                    values.iter().find(|(known, _)| *known == id).map_or("x", |(_, value)| value);
                let value = if name == "ops" && id == "sort" { "age" } else { value };
                if id.starts_with("endpoints_") && taken(takes, id) {
                    words.extend(["--endpoints", "unix:/x"]);
                }
                words.push(&flag);
                if arg.get_action().takes_values() && id != "color" {
                    words.push(value);
                }
                if id == "color" {
                    words.push("never");
                }
                let read = parse(words.iter().map(OsString::from));
                match read {
                    Ok(_) => assert!(taken(takes, id) || id == "color", "{name} takes {flag}"),
                    Err(Early::Wrong(failure)) => {
                        assert!(!taken(takes, id), "{name} {flag}: {}", failure.text);
                        assert_eq!(failure.code, 2);
                        assert!(failure.text.contains(&flag), "{}", failure.text);
                        assert_eq!(failure.text.lines().count(), 1);
                    }
                    Err(Early::Text(text)) => panic!("{name} {flag}: {text}"),
                }
            }
        }
    }

    fn wrong(line: &str) -> String {
        match parse(std::iter::once("inspect").chain(line.split(' ')).map(OsString::from)) {
            Err(Early::Wrong(failure)) if failure.code == 2 => failure.text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_said_on_one_line_with_what_would_be_right() {
        for (line, says) in [
            ("lits recordd", "`lits` is no verb; did you mean `list`?"),
            ("record x -d 0", "a time of nothing"),
            ("record x -d -1s", "cannot be negative"),
            ("profile x -d=-1s", "cannot be negative"),
            ("x --interval 0", "a time of nothing"),
            ("x --wait -5s", "cannot be negative"),
            ("ops --over -1ms", "cannot be negative"),
            ("ops --by", "--by"),
            ("ops --sort load", "invalid value 'load'"),
            ("--sort load ops", "order of threads"),
            ("--sort age", "invalid value 'age'"),
            ("dump x", "--output"),
            ("--nam x", "--name"),
            ("export pproff x", "pprof"),
            ("export prom x -d 5s", "--duration does nothing for `export prom`"),
            ("export prom x -r 10", "--rate"),
            ("export prom x --idle", "--idle"),
            ("export prom x --filter y", "--filter"),
            ("export prom --endpoint http://c", "--endpoint"),
            ("export otlp --metrics -d 5s", "--duration"),
            ("export otlp --spans --thread x", "--thread"),
            ("export otlp --profiles --openmetrics", "--openmetrics"),
            ("ops --history 1-1 --over 1s", "--over"),
            ("ops --by kind --ended", "--ended"),
            ("history --against 1h --svg x", "--svg"),
            ("history --svg x --json", "--json"),
        ] {
            let said = wrong(line);
            assert!(said.contains(says), "{line}: {said}");
            assert!(said.lines().count() == 1 && said.contains("see `inspect "), "{line}: {said}");
        }
    }

    #[test]
    fn verbs_are_found_by_what_they_look_like() {
        for (word, verb) in
            [("lst", "list"), ("recrod", "record"), ("doc", "doctor"), ("tpo", "top")]
        {
            assert_eq!(similar(word).as_deref(), Some(verb));
        }
        for word in ["recordd", "x", "store", "47"] {
            let found = similar(word);
            assert!(word == "recordd" || found.is_none(), "{word}: {found:?}");
        }
    }
}
