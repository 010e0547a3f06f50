//! What may stand on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::export::Format;
use crate::locate::Target;
use crate::quantity::duration;
use crate::render::Sort;
use crate::report::By;

/// Shows which source line every thread of a daemon is on, how loaded its workers are and what its
/// numbers say, without touching the daemon.
#[derive(Debug, Parser)]
#[command(
    name = "inspect",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "TARGET is a name (with * and ?), a pid, or the path of a saved board; without one the only \
                  live board is shown, or the list when there are several. Boards are looked for in /dev/shm, \
                  $XDG_RUNTIME_DIR, /run and the directories in INSPECT_DIRS (separated by colons), then in \
                  containers.\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such target, 4 no permission, 5 not a \
                  board, damaged, or of an unsupported layout."
)]
pub struct Cli {
    /// What to do; without a verb, show the board once.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Board name, pid or path.
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// Options of every verb.
    #[command(flatten)]
    pub common: Common,
}

/// Options that every verb takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Boards of this name (* and ? as in a shell).
    #[arg(short, long, value_name = "GLOB", global = true)]
    pub name: Option<String>,
    /// The board of this process.
    #[arg(short, long, value_name = "PID", global = true)]
    pub pid: Option<u32>,
    /// A saved board, or a board's own file.
    #[arg(short, long, value_name = "PATH", global = true)]
    pub file: Option<PathBuf>,
    /// One JSON document (schema 1) on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// The same, each document on a line of its own, for --interval and --count.
    #[arg(long, global = true)]
    pub jsonl: bool,
    /// Wait this long for the target to appear.
    #[arg(long, value_name = "TIME", value_parser = duration, global = true)]
    pub wait: Option<Duration>,
    /// Show again every so often.
    #[arg(long, value_name = "TIME", value_parser = duration, global = true)]
    pub interval: Option<Duration>,
    /// Show this many times, every second unless --interval says otherwise.
    #[arg(long, value_name = "N", global = true)]
    pub count: Option<u64>,
    /// Order of the threads.
    #[arg(long, value_name = "KEY", value_enum, default_value_t, global = true)]
    pub sort: Sort,
    /// Only threads and numbers whose name, label, function or file matches.
    #[arg(long, value_name = "GLOB", global = true)]
    pub filter: Option<String>,
    /// Also numbers that were never used.
    #[arg(long, global = true)]
    pub all: bool,
    /// Quantiles and ratios since the start, instead of the last 10 to 20 seconds.
    #[arg(long, global = true)]
    pub since_start: bool,
    /// Also the last tags of each thread, the newest first, where the daemon keeps trails.
    #[arg(long, global = true)]
    pub trail: bool,
    /// Colours; also by NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub color: Color,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; elsewhere only with CLICOLOR_FORCE.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Every board on this host.
    List(Which),
    /// Live screen: threads, queues, numbers, and the line histogram of the last seconds (? for keys).
    Top {
        /// Samples of every thread's line a second, up to 10000.
        #[arg(short, long, value_name = "HZ", default_value_t = 1_000,
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rate: u32,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// Save a board as it is, byte for byte with its context, for later reading with -f.
    Dump {
        /// The file to write; must not exist.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Which board.
        #[command(flatten)]
        which: Which,
    },
    /// Sample every thread's line, many times a second, into a file.
    Record {
        /// How often and for how long.
        #[command(flatten)]
        pacing: Pacing,
        /// When to write, and what.
        #[command(flatten)]
        trigger: Trigger,
        /// The file to write; must not exist. Without it, the target's name with `.rec`.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Which boards, all on one clock.
        #[command(flatten)]
        which: Which,
    },
    /// Sample now, for 10 seconds unless --duration says otherwise, and report.
    Profile {
        /// How often and for how long.
        #[command(flatten)]
        pacing: Pacing,
        /// What to report.
        #[command(flatten)]
        pick: Pick,
        /// Which boards, all on one clock.
        #[command(flatten)]
        which: Which,
    },
    /// Lines (functions, threads, labels, stacks) of a recording by their share of time.
    Report {
        /// What to report.
        #[command(flatten)]
        pick: Pick,
        /// The recording.
        #[command(flatten)]
        which: Which,
    },
    /// A recording, or 10 seconds of now, in the form of another tool.
    Export {
        /// The form.
        #[arg(value_enum)]
        format: Format,
        /// How often and for how long, when a process is sampled.
        #[command(flatten)]
        pacing: Pacing,
        /// Which samples count.
        #[command(flatten)]
        only: Only,
        /// The file to write, must not exist; stdout without it.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The recording, or which boards.
        #[command(flatten)]
        which: Which,
    },
    /// The source files of a recording, with each probed line's share, samples and hits beside it.
    Annotate {
        /// Which samples count.
        #[command(flatten)]
        only: Only,
        /// Where the sources are; else where they were compiled.
        #[arg(long, value_name = "DIR")]
        source: Option<PathBuf>,
        /// The recording.
        #[command(flatten)]
        which: Which,
    },
    /// Two recordings: how each line's share moved, and whether that is more than noise. Or two boards,
    /// living or saved: what changed, per line and per number.
    Diff {
        /// The recording before; or a board: name, pid or path.
        before: String,
        /// The recording or board after; the same living board is looked at again after --interval (1s).
        after: String,
        /// Which samples count.
        #[command(flatten)]
        only: Only,
        /// Also draw two recordings as a flame graph of differences; the file must not exist.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// Operations in flight: age, status, thread and line; the oldest first.
    #[command(args_conflicts_with_subcommands = true)]
    Ops {
        /// What to do with one, instead of showing them.
        #[command(subcommand)]
        action: Option<OpsAction>,
        /// Which of them, and how.
        #[command(flatten)]
        pick: OpsPick,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// Why do I see nothing?
    Doctor(Which),
    /// Remove boards of dead processes, and only those.
    Clean {
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
        /// Also boards of which nothing proves that their process lives.
        #[arg(long)]
        unknown: bool,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// Shell completions, on stdout.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, on stdout.
    Man,
}

/// How often, for how long, and of whom samples are taken.
#[derive(Clone, Debug, Args)]
pub struct Pacing {
    /// Samples a second, up to 10000.
    #[arg(short, long, value_name = "HZ", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// For how long; else until Ctrl-C or until the process ends.
    #[arg(short, long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Go on with the next process of that name when one is started.
    #[arg(long)]
    pub follow: bool,
}

/// A recording that waits for something to happen.
#[derive(Clone, Debug, Args)]
pub struct Trigger {
    /// Keep the last seconds in memory, and write them when this comes true: 'stalled>2s', 'load>90',
    /// 'oldest>500ms' (of any, or 'oldest(NAME)>500ms'), 'rate(COUNTER)>1000', 'NUMBER>N' or 'ended'.
    /// Several: any of them. With --count N, go on until there are N files.
    #[arg(long, value_name = "COND")]
    pub when: Vec<String>,
    /// What of the time before is written.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s", requires = "when")]
    pub keep: Duration,
    /// What of the time after is written.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s", requires = "when")]
    pub after: Duration,
}

/// Which samples count.
#[derive(Clone, Debug, Args)]
pub struct Only {
    /// Count idle samples too.
    #[arg(long)]
    pub idle: bool,
    /// Only threads whose name matches.
    #[arg(long, value_name = "GLOB")]
    pub thread: Option<String>,
}

/// What of the samples is reported.
#[derive(Clone, Debug, Args)]
pub struct Pick {
    /// Shares of the threads' whole time, also of what is idle or outside of every line and scope.
    #[arg(long)]
    pub whole: bool,
    /// What a row is.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub by: By,
    /// Which samples count.
    #[command(flatten)]
    pub only: Only,
    /// How each thread moved over time, and the load.
    #[arg(long)]
    pub timeline: bool,
    /// List times at one line from this long on (1s).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub stall: Option<Duration>,
}

/// What can be done with an operation.
#[derive(Clone, Debug, Subcommand)]
pub enum OpsAction {
    /// Ask one to end, where the daemon allows it, and say when it did.
    Cancel {
        /// Its id, as `inspect ops` shows it.
        id: String,
        /// How long it may take to look.
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
        timeout: Duration,
        /// Which board.
        #[command(flatten)]
        which: Which,
    },
}

/// Which operations are shown, and how.
#[derive(Clone, Debug, Args)]
pub struct OpsPick {
    /// Only those that are, or were, at it for so long: since they began or were last idle.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub over: Option<Duration>,
    /// Rolled up: how many, the oldest, and where the time went.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub by: Option<OpsBy>,
    /// Everything about one: its statuses, with the time in each.
    #[arg(long, value_name = "ID")]
    pub history: Option<String>,
    /// Those that ended and are still there, the last first.
    #[arg(long)]
    pub ended: bool,
    /// Those that ended and are still there, the slowest first.
    #[arg(long)]
    pub slowest: bool,
}

/// What operations are rolled up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OpsBy {
    /// Kind: how many, the oldest, and how long those that ended took.
    Kind,
    /// Status: how many, the longest, and where the time of all of them went.
    Status,
}

/// A bare target after a verb.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Board name, pid or path.
    #[arg(value_name = "TARGET", id = "which")]
    pub target: Option<String>,
}

impl Cli {
    /// The board that is meant.
    ///
    /// # Errors
    /// A sentence, when two targets are named.
    pub fn target(&self) -> Result<Target, String> {
        let after = match &self.verb {
            Some(Verb::List(which) | Verb::Doctor(which)) => which.target.as_ref(),
            Some(Verb::Ops { action: Some(OpsAction::Cancel { which, .. }), .. }) => {
                which.target.as_ref()
            }
            Some(
                Verb::Top { which, .. }
                | Verb::Dump { which, .. }
                | Verb::Clean { which, .. }
                | Verb::Record { which, .. }
                | Verb::Profile { which, .. }
                | Verb::Report { which, .. }
                | Verb::Export { which, .. }
                | Verb::Ops { which, .. }
                | Verb::Annotate { which, .. },
            ) => which.target.as_ref(),
            _ => None,
        };
        let bare =
            [self.target.as_ref(), after].into_iter().flatten().map(|text| Target::guess(text));
        let common = &self.common;
        let named = common.name.iter().map(|name| Target::Name(name.clone()));
        let pid = common.pid.iter().map(|&pid| Target::Pid(pid));
        let file = common.file.iter().map(|path| Target::File(path.clone()));
        let mut all: Vec<Target> = bare.chain(named).chain(pid).chain(file).collect();
        match (all.pop(), all.pop()) {
            (None, _) => Ok(Target::Any),
            (Some(target), None) => Ok(target),
            (Some(a), Some(b)) => {
                Err(format!("two targets: {} and {}; name one", b.words(), a.words()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_target_may_stand_anywhere_but_only_once() {
        let target = |words: &[&str]| {
            let words = ["inspect"].iter().chain(words);
            Cli::try_parse_from(words).expect("parses").target()
        };
        assert_eq!(target(&[]), Ok(Target::Any));
        assert_eq!(target(&["recordd"]), Ok(Target::Name("recordd".into())));
        assert_eq!(target(&["recordd", "--json"]), Ok(Target::Name("recordd".into())));
        assert_eq!(target(&["--json", "12"]), Ok(Target::Pid(12)));
        assert_eq!(target(&["list", "-n", "list"]), Ok(Target::Name("list".into())));
        assert_eq!(target(&["-n", "list"]), Ok(Target::Name("list".into())));
        assert_eq!(target(&["dump", "x/y", "-o", "z"]), Ok(Target::File("x/y".into())));
        assert!(target(&["a", "-p", "1"]).is_err());
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        for wrong in ["", "s", "1x", "-1s", "1e999", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
