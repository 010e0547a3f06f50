//! What may stand on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::check::{Limits, NumberLimit};
use crate::export::Format;
use crate::locate::Target;
use crate::render::Sort;
use crate::report::By;
#[cfg(feature = "serve")]
use crate::serve::Listen;
use crate::words::quantity::{duration, some_time};

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
    #[arg(long, value_name = "N", global = true)]
    pub count: Option<u64>,
    /// Order of threads: first, slot, name, load, since or line.
    ///
    /// `first`: what stands still first, causes before what waits for them, the rest as they came. `slot`: as
    /// they came. `load`: the most loaded first. `since`: the longest at one place first.
    #[arg(long, hide_possible_values = true, hide_default_value = true, value_name = "KEY", value_parser = super::orders::orders(&Sort::THREADS),
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
    /// Colours: auto, always or never.
    ///
    /// The environment's NO_COLOR and CLICOLOR_FORCE say the same.
    #[arg(
        long,
        hide_possible_values = true,
        hide_default_value = true,
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
        #[arg(short, long, value_name = "HZ", default_value_t = 1_000,
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
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
        /// folded, svg, timeline, speedscope, pprof, csv, perfetto, firefox; prom, otlp.
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
    Why(Which),
    /// Who waits for whom: chains from who waits to who could act, deadlocks first.
    Waits {
        /// Which of them, and how.
        #[command(flatten)]
        pick: WaitsPick,
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

/// Where a history is.
#[derive(Clone, Debug, Args)]
pub struct HistoryPlace {
    /// Where the history is.
    ///
    /// Else where INSPECT_HISTORY says, or `/var/lib/scoreboard/history`.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub history: Option<PathBuf>,
}

impl HistoryPlace {
    /// The directory.
    pub fn directory(&self) -> PathBuf {
        let said =
            self.history.clone().or_else(|| std::env::var_os("INSPECT_HISTORY").map(PathBuf::from));
        said.unwrap_or_else(|| PathBuf::from("/var/lib/scoreboard/history"))
    }
}

/// Which part of the past is shown, and how.
#[derive(Clone, Debug, Args)]
pub struct HistoryPick {
    /// Where it is.
    #[command(flatten)]
    pub place: HistoryPlace,
    /// From then on: so long ago (`2h`), `HH:MM[:SS]` or a date with time, in UTC.
    #[arg(long, value_name = "T", default_value = "1h")]
    pub since: String,
    /// Up to then; else up to now.
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
    /// By status, line, kind or thread.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, hide_possible_values = true)]
    pub by: crate::history::By,
    /// Compare with as long a time from then on: which differences are more than noise.
    #[arg(long, value_name = "T")]
    pub against: Option<String>,
    /// Points at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub points: u64,
    /// A picture instead of a table, into a new file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// What may be done with a history.
#[derive(Clone, Debug, Subcommand)]
pub enum HistoryAction {
    /// Record every board, once a second, until Ctrl-C.
    Record {
        /// Where to.
        #[command(flatten)]
        place: HistoryPlace,
        /// All of it at most; the oldest goes first: 64MiB, 1GiB.
        #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = crate::words::quantity::size)]
        history_size: u64,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
}

/// Forms of `export`: those of profiles, and those of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One stack a line with its samples, for flame graph tools.
    Folded,
    /// A flame graph, one file for any browser.
    Svg,
    /// For speedscope.app.
    Speedscope,
    /// For `go tool pprof`, packed as it expects.
    Pprof,
    /// A row for each thread and stack.
    Csv,
    /// How each thread moved over time, with load and stalls, one SVG file for any browser.
    Timeline,
    /// A trace for Perfetto: threads, lines, operations and levels over time.
    Perfetto,
    /// For the Firefox Profiler.
    Firefox,
    /// What a board counts, as Prometheus reads it.
    Prom,
    /// Numbers, operations or samples, as OpenTelemetry has them.
    Otlp,
}

impl Form {
    /// Whether it is something else than text.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Perfetto | Self::Otlp) || self.profile().is_some_and(Format::is_binary)
    }

    /// The form of a counted profile that it is, if it is one.
    pub fn profile(self) -> Option<Format> {
        Some(match self {
            Self::Folded => Format::Folded,
            Self::Svg => Format::Svg,
            Self::Speedscope => Format::Speedscope,
            Self::Pprof => Format::Pprof,
            Self::Csv => Format::Csv,
            Self::Timeline => Format::Timeline,
            Self::Perfetto | Self::Firefox | Self::Prom | Self::Otlp => return None,
        })
    }
}

/// How numbers are exported.
#[derive(Clone, Debug, Args)]
pub struct Numbers {
    /// prom, otlp: again every so often, until Ctrl-C.
    ///
    /// A file that prom writes is replaced whole each time.
    #[arg(long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
    pub every: Option<Duration>,
    /// prom in OpenMetrics 1.0, with units and an end mark.
    #[arg(long, hide_short_help = true)]
    pub openmetrics: bool,
    /// otlp: numbers.
    #[arg(long, conflicts_with_all = ["spans", "profiles"])]
    pub metrics: bool,
    /// otlp: operations, a span each.
    ///
    /// Once it ended, or its process did.
    #[arg(long, conflicts_with = "profiles")]
    pub spans: bool,
    /// otlp: samples.
    #[arg(long)]
    pub profiles: bool,
    /// otlp: to this collector; else to stdout.
    ///
    /// `http://HOST[:PORT][/PATH]`, below which each signal has its own path.
    ///
    /// Without it OTEL_EXPORTER_OTLP_ENDPOINT says where to; stdout when nobody does.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Of operations in flight: a span of no length each, with the status so far.
    #[arg(long, requires = "spans", hide_short_help = true)]
    pub pending: bool,
    /// What was sent is noted in this file: no operation is sent twice by the next one.
    #[arg(long, value_name = "FILE", requires = "spans", hide_short_help = true)]
    pub state: Option<PathBuf>,
}

/// Where and to whom it is served.
#[cfg(feature = "serve")]
#[derive(Clone, Debug, Args)]
pub struct Serving {
    /// ADDRESS:PORT, or unix:PATH.
    ///
    /// Loopback, port 7399, unless said otherwise; a UNIX socket is its user's alone. An address that other
    /// machines reach needs --tls-cert, --tls-key and --token-file.
    #[arg(long, value_name = "ADDR", default_value = Listen::DEFAULT)]
    pub listen: Listen,
    /// The secret that cancelling needs: one line, mode 0600.
    ///
    /// On an address that other machines reach, everything but the empty page needs it.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
    /// A certificate with its chain, PEM.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM, mode 0600.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Keep the past in this directory, too, as `history record` does.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub history: Option<PathBuf>,
    /// Bytes that the history may take.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = crate::words::quantity::size, requires = "history")]
    pub history_size: u64,
    /// A name by which browsers call this server; repeatable.
    ///
    /// NAME or NAME:PORT, beside localhost and addresses: `localhost:8080` where a port is forwarded from 8080.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
}

/// What a link leads to.
#[cfg(feature = "serve")]
#[derive(Clone, Debug, Args)]
pub struct LinkTo {
    /// Where `inspect serve` is reached.
    #[arg(long, value_name = "URL", default_value = concat!("http://", "127.0.0.1:7399", "/"))]
    pub server: String,
    /// why, boards, threads, ops, numbers or profile.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "VIEW", default_value_t)]
    pub view: PageView,
    /// An operation, thread or line that is selected.
    #[arg(long, value_name = "ID")]
    pub select: Option<String>,
    /// Operations that have been at it for longer.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub over: Option<Duration>,
}

/// A view of the page.
#[cfg(feature = "serve")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PageView {
    /// What is the matter.
    #[default]
    Why,
    /// Every board.
    Boards,
    /// Threads and where they are.
    Threads,
    /// Operations in flight.
    Ops,
    /// Queues, counters, gauges, histograms.
    Numbers,
    /// Lines and flame graph of the last seconds.
    Profile,
}

impl Numbers {
    /// Whether anything of it was said.
    pub fn asked(&self) -> bool {
        let flags = [self.openmetrics, self.metrics, self.spans, self.profiles, self.pending];
        self.every.is_some() || self.endpoint.is_some() || flags.contains(&true)
    }
}

/// Limits, each WARN or WARN,CRIT.
#[derive(Clone, Debug, Args)]
pub struct Ask {
    /// A thread, not idle, stands still for longer.
    #[arg(long, value_name = "T[,T]", value_parser = Limits::times, allow_hyphen_values = true)]
    pub stalled: Option<Limits>,
    /// A periodic job is late (critical).
    #[arg(long)]
    pub overdue: bool,
    /// Threads or operations wait for each other for ever (critical).
    #[arg(long)]
    pub deadlock: bool,
    /// A thread's load over 10 s is higher, in percent.
    #[arg(long, value_name = "PCT[,PCT]", value_parser = Limits::percent, allow_hyphen_values = true)]
    pub load: Option<Limits>,
    /// An operation at work, or the first of a queue, is older.
    #[arg(long, value_name = "T[,T]", value_parser = Limits::times, allow_hyphen_values = true)]
    pub oldest: Option<Limits>,
    /// Something found no room on the board (a warning).
    #[arg(long)]
    pub lost: bool,
    /// A counter or gauge: 'NAME>WARN', 'NAME<WARN', 'rate(NAME)>WARN', with ',CRIT' behind; may be repeated.
    #[arg(long = "counter", value_name = "COND", value_parser = NumberLimit::parse)]
    pub numbers: Vec<NumberLimit>,
}

/// How often, for how long, and of whom samples are taken.
#[derive(Clone, Debug, Args)]
pub struct Pacing {
    /// Samples a second, up to 10000.
    #[arg(short, long, value_name = "HZ", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// For how long; else until Ctrl-C or its end.
    #[arg(short, long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Go on with the next process of that name.
    #[arg(long)]
    pub follow: bool,
}

/// A recording that waits for something to happen.
#[derive(Clone, Debug, Args)]
pub struct Trigger {
    /// Write the last seconds when this comes true: 'stalled>2s', 'load>90', 'oldest>500ms', 'rate(NAME)>9',
    /// 'NUMBER>N', 'ended'.
    ///
    /// Until then they are kept in memory. 'oldest' is of any queue, or of one: 'oldest(NAME)>500ms'. Several
    /// conditions: any of them. With --count N, go on until there are N files.
    #[arg(long, value_name = "COND")]
    pub when: Vec<String>,
    /// What of the time before is written.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "30s", requires = "when")]
    pub keep: Duration,
    /// What of the time after is written.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "1s", requires = "when")]
    pub after: Duration,
}

/// Which samples count.
#[derive(Clone, Debug, Default, Args)]
pub struct Only {
    /// Count idle samples too.
    #[arg(long)]
    pub idle: bool,
    /// Only threads whose name matches.
    #[arg(long, value_name = "GLOB")]
    pub thread: Option<String>,
}

/// What of the samples is reported.
#[derive(Clone, Debug, Default, Args)]
pub struct Pick {
    /// Shares of the threads' whole time, also idle or nowhere.
    #[arg(long)]
    pub whole: bool,
    /// What a row is: line, function, thread, label or stack.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub by: By,
    /// Which samples count.
    #[command(flatten)]
    pub only: Only,
    /// How each thread moved over time, and the load.
    #[arg(long)]
    pub timeline: bool,
    /// List times at one line from this long on (1s).
    #[arg(long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
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
        #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "5s")]
        timeout: Duration,
        /// Which board.
        #[command(flatten)]
        which: Which,
    },
}

/// Which operations are shown, and how.
#[derive(Clone, Debug, Args)]
pub struct OpsPick {
    /// Only those older than this.
    ///
    /// Since they began or were last idle; of those that ended, those that were.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub over: Option<Duration>,
    /// Rolled up, by kind or by status.
    ///
    /// How many, the oldest, and where the time went.
    #[arg(long, value_name = "WHAT", value_enum, hide_possible_values = true)]
    pub by: Option<OpsBy>,
    /// Everything about one: its statuses, the time in each.
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

/// Which waits are shown, and how.
#[derive(Clone, Debug, Args)]
pub struct WaitsPick {
    /// Only chains whose victim has waited for so long; deadlocks always.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub over: Option<Duration>,
    /// Rolled up, by lock.
    ///
    /// How often each lock was waited for, how long, and who holds it.
    #[arg(long, value_name = "WHAT", value_enum, hide_possible_values = true)]
    pub by: Option<WaitsBy>,
}

/// What waits are rolled up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WaitsBy {
    /// Lock: how often it was waited for, how long, who holds it.
    Lock,
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
            Some(Verb::List(which) | Verb::Doctor(which) | Verb::Why(which)) => {
                which.target.as_ref()
            }
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
                | Verb::Dump { which, .. }
                | Verb::Clean { which, .. }
                | Verb::Record { which, .. }
                | Verb::Profile { which, .. }
                | Verb::Report { which, .. }
                | Verb::Export { which, .. }
                | Verb::Ops { which, .. }
                | Verb::Waits { which, .. }
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
