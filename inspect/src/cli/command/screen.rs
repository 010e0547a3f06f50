//! How help looks: each fits on a screen of 80 by 24.

use crate::words::term::{cut, fold};

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
pub(super) const VERBS: &[(&str, &[(&str, &str)])] = &[
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
            ("clean", "remove dead boards"),
            ("doctor", "why do I see nothing?"),
            ("man", "the manual"),
            ("completions", "of a shell"),
        ],
    ),
];

/// Columns that the help of the whole is made for.
const WIDE: usize = 80;

/// Help of the whole, for a terminal of so many columns: a narrow one gets a verb a line, and folded sentences.
pub(super) fn help(columns: usize) -> String {
    if columns >= WIDE {
        return HELP.replace("VERBS", &verbs_in_short());
    }
    let mut lines: Vec<String> = Vec::new();
    for line in HELP.lines() {
        match line {
            "VERBS" => {
                for (verb, what) in VERBS.iter().flat_map(|(_, verbs)| verbs.iter()) {
                    lines.push(format!("{verb:<11} {what}"));
                }
            }
            "{about}" | "" => lines.push(line.to_owned()),
            line => lines.extend(fold(line.trim_start(), columns).lines().map(str::to_owned)),
        }
    }
    let cut = |line: String| if line == "{about}" { line } else { cut(&line, columns) };
    lines.into_iter().map(cut).collect::<Vec<_>>().join("\n")
}

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

/// Help of a verb: a screen has no lines for headings.
pub(super) const VERB_HELP: &str = "{about}\n{usage-heading} {usage}\n\n{positionals}\n{options}";
/// The same, of one that has many.
pub(super) const TIGHT_HELP: &str = "{about}\n{usage-heading} {usage}\n{positionals}\n{options}";
pub(super) const VERBS_HELP: &str =
    "{about}\n{usage-heading} {usage}\n{subcommands}\n{positionals}\n{options}";
