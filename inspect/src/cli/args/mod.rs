//! What may stand on the command line.

mod export;
mod history;
mod moment;
mod sampling;
#[cfg(feature = "serve")]
mod serving;
mod which;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::export::{Form, Numbers};
pub use self::history::{HistoryAction, HistoryPick, HistoryPlace};
pub use self::moment::{Ask, OpsAction, OpsBy, OpsPick, WaitsBy, WaitsPick};
pub use self::sampling::{Only, Pacing, Pick, Trigger};
#[cfg(feature = "serve")]
pub use self::serving::{LinkTo, PageView, Serving};
pub use self::which::Which;
use crate::locate::Target;
use crate::render::Sort;
use crate::words::quantity::{duration, rate, some_time};

/// Which source line each thread of a daemon is on, and what its numbers say.
#[derive(Debug, Parser)]
#[command(name = "inspect", version, disable_help_subcommand = true)]
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
    /// The same, each document on a line of its own.
    #[arg(long, global = true)]
    pub jsonl: bool,
    /// Wait this long for the target to appear.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, global = true)]
    pub wait: Option<Duration>,
    /// Show again every so often.
    #[arg(long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true, global = true)]
    pub interval: Option<Duration>,
    /// Show this many times, a second apart.
    ///
    /// Apart by --interval, where that is said. Of `record --when`: so many files.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), global = true)]
    pub count: Option<u64>,
    /// Order of threads: first, slot, name, load, since or line.
    ///
    /// `first`: what stands still first, causes before what waits for them, the rest as they came. `slot`: as
    /// they came. `load`: the most loaded first. `since`: the longest at one place first.
    #[arg(long, hide_possible_values = true, hide_default_value = true, value_name = "KEY", value_parser = crate::cli::orders::orders(&Sort::THREADS),
          default_value = "first", global = true)]
    pub sort: Sort,
    /// Only what has a name, label or place that matches.
    ///
    /// Threads by name, label, function or file; numbers by name; operations by kind, label, peer, status,
    /// thread or file.
    #[arg(long, value_name = "GLOB", global = true)]
    pub filter: Option<String>,
    /// Also what is left out: idle threads, numbers never used.
    #[arg(long, global = true)]
    pub all: bool,
    /// Quantiles since the start, not of the last seconds.
    #[arg(long, global = true)]
    pub since_start: bool,
    /// Also the last tags of each thread, where the daemon keeps trails.
    #[arg(long, global = true)]
    pub trail: bool,
    /// What each number means: its kind, unit and help.
    #[arg(long, global = true)]
    pub help_numbers: bool,
    /// Ask these `inspect serve` of hosts: URLs, or @FILE.
    ///
    /// With commas between: `http://HOST:PORT`, `https://HOST:PORT` and `unix:/PATH`; `HOST:PORT` (or
    /// `dns+https://HOST:PORT`) is every address of a name. A file has one a line and is read again when it changes.
    #[cfg(feature = "serve")]
    #[arg(long, value_name = "LIST", global = true)]
    pub endpoints: Option<String>,
    /// The token of those hosts: one line, mode 0600.
    #[cfg(feature = "serve")]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, hide_short_help = true, global = true)]
    pub endpoints_token: Option<PathBuf>,
    /// Who certifies them, PEM; else whom the system believes.
    #[cfg(feature = "serve")]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, hide_short_help = true, global = true)]
    pub endpoints_ca: Option<PathBuf>,
    /// Colours: auto, always or never.
    ///
    /// The environment's NO_COLOR and CLICOLOR_FORCE say the same.
    #[arg(
        long,
        hide_possible_values = true,
        hide_default_value = true,
        hide_short_help = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true
    )]
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
    /// Live screen of threads, queues, lines, numbers, operations.
    Top {
        /// Samples a second, up to 10000.
        #[arg(short, long, value_name = "HZ", default_value = "1000", value_parser = rate::<10_000>, allow_hyphen_values = true)]
        rate: u32,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// Save a board as it is, for later reading with -f.
    ///
    /// Byte for byte, with its context: what the clocks and `/proc` said.
    Dump {
        /// The file to write, must not exist; - is stdout.
        #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
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
        /// The file to write, must not exist [default: TARGET.rec].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Which boards, all on one clock.
        #[command(flatten)]
        which: Which,
    },
    /// Sample now, for 10 seconds or --duration, and report.
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
    /// Lines (functions, threads, stacks) of a recording by share.
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
        /// folded svg timeline bottle speedscope pprof csv perfetto firefox …
        ///
        /// And `prom` and `otlp`: numbers, operations and samples for engines.
        #[arg(value_enum, hide_possible_values = true)]
        format: Form,
        /// How often and for how long, when a process is sampled.
        #[command(flatten)]
        pacing: Pacing,
        /// Which samples count.
        #[command(flatten)]
        only: Only,
        /// How numbers are exported.
        #[command(flatten)]
        numbers: Numbers,
        /// The file to write; stdout without it.
        ///
        /// It must not exist, but for that of prom.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The recording, or which boards.
        #[command(flatten)]
        which: Which,
    },
    /// The sources of a recording, with share, samples and hits beside.
    Annotate {
        /// Which samples count.
        #[command(flatten)]
        only: Only,
        /// Where the sources are; else where they were compiled.
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        source: Option<PathBuf>,
        /// The recording.
        #[command(flatten)]
        which: Which,
    },
    /// Two recordings or two boards: what changed.
    ///
    /// Of recordings how each line's share moved, and whether that is more than noise; of boards, living or
    /// saved, what changed per line and per number.
    Diff {
        /// The recording, or board, before.
        before: String,
        /// The one after (the same board: after --interval, 1s).
        after: String,
        /// Which samples count.
        #[command(flatten)]
        only: Only,
        /// Also draw two recordings' differences as a flame graph.
        ///
        /// The file must not exist.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// Operations in flight: age, status, where; the longest active first.
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
    /// What is wrong, ranked: the evidence, and the next command.
    Why {
        /// Where it was recorded: what grows without an end is known of ten minutes or more.
        #[command(flatten)]
        place: HistoryPlace,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// Who waits for whom: chains from who waits to who could act, deadlocks first.
    Waits {
        /// Which of them, and how.
        #[command(flatten)]
        pick: WaitsPick,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// How much more each queue and group of workers can take.
    Capacity {
        /// For how long to look [default: 2s].
        ///
        /// Beside what the board remembers of its last 12 seconds. The longer, the surer.
        #[arg(short, long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
        duration: Option<Duration>,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// Thresholds for monitoring: OK, WARNING, CRITICAL or UNKNOWN.
    Check {
        /// What is asked of each board, beside that it lives.
        #[command(flatten)]
        ask: Ask,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
    /// HTTP on loopback: a page, JSON, a stream; until Ctrl-C.
    #[cfg(feature = "serve")]
    Serve(Serving),
    /// The address of what `serve` shows, for a ticket or a chat.
    #[cfg(feature = "serve")]
    Link {
        /// What it leads to.
        #[command(flatten)]
        to: LinkTo,
        /// Which board.
        #[command(flatten)]
        which: Which,
    },
    /// The past: what was active, loads, queues, numbers, between two moments.
    #[command(args_conflicts_with_subcommands = true)]
    History {
        /// What to do, instead of showing it.
        #[command(subcommand)]
        action: Option<HistoryAction>,
        /// Which time, and how.
        #[command(flatten)]
        pick: HistoryPick,
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
    /// The manual: of all, or of a verb.
    Man {
        /// Which verb; without one, of the whole.
        #[arg(value_name = "VERB")]
        verb: Option<String>,
        /// Write every page into this directory instead.
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with = "verb")]
        dir: Option<PathBuf>,
    },
}

impl Cli {
    /// The board that is meant.
    ///
    /// # Errors
    /// A sentence, when two targets are named.
    pub fn target(&self) -> Result<Target, String> {
        let after = match &self.verb {
            Some(Verb::List(which) | Verb::Doctor(which)) => which.target.as_ref(),
            #[cfg(feature = "serve")]
            Some(Verb::Serve(_)) => None,
            #[cfg(feature = "serve")]
            Some(Verb::Link { which, .. }) => which.target.as_ref(),
            Some(Verb::History { action: Some(HistoryAction::Record { which, .. }), .. }) => {
                which.target.as_ref()
            }
            Some(Verb::Ops { action: Some(OpsAction::Cancel { which, .. }), .. }) => {
                which.target.as_ref()
            }
            Some(
                Verb::Top { which, .. }
                | Verb::Why { which, .. }
                | Verb::Dump { which, .. }
                | Verb::Clean { which, .. }
                | Verb::Record { which, .. }
                | Verb::Profile { which, .. }
                | Verb::Report { which, .. }
                | Verb::Export { which, .. }
                | Verb::Ops { which, .. }
                | Verb::Waits { which, .. }
                | Verb::Capacity { which, .. }
                | Verb::Check { which, .. }
                | Verb::History { which, .. }
                | Verb::Annotate { which, .. },
            ) => which.target.as_ref(),
            // By name, so that a new verb's target cannot be forgotten.
            None | Some(Verb::Diff { .. } | Verb::Completions { .. } | Verb::Man { .. }) => None,
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
