//! How often and of whom samples are taken, and what of them is reported.

use std::time::Duration;

use clap::Args;

use crate::report::{By, Weight};
use crate::words::quantity::{duration, rate, some_time};

/// How often, for how long, and of whom samples are taken.
#[derive(Clone, Debug, Args)]
pub struct Pacing {
    /// Samples a second, up to 100k.
    ///
    /// Above 10k it spins on a processor of its own.
    #[arg(short, long, value_name = "HZ", default_value_t = Self::RATE, value_parser = rate::<100_000>, allow_hyphen_values = true)]
    pub rate: u32,
    /// For how long; else until Ctrl-C or its end.
    #[arg(short, long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Go on with the next process of that name.
    #[arg(long)]
    pub follow: bool,
}

impl Pacing {
    /// Samples a second when nothing is said.
    pub const RATE: u32 = 1000;
}

/// A recording that waits for something to happen.
#[derive(Clone, Debug, Args)]
pub struct Trigger {
    /// Write the last seconds when this comes true: 'stalled>2s', 'load>90', 'over>5s', 'oldest>500ms', 'rate(NAME)>9',
    /// 'NUMBER>N', 'ended'.
    ///
    /// Until then they are kept in memory. 'over' is of any operation, or of a kind: 'over(request)>5s'; 'oldest' of any
    /// queue, or of one: 'oldest(NAME)>500ms'. Several
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
    /// The time of waiters, at the lines of holders.
    ///
    /// Instead of where each thread is: what those who wait for locks, room in channels or ends of threads wait for,
    /// charged to the line of the last one who could act.
    #[arg(long)]
    pub blame: bool,
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
    /// samples, or parallel: what runs alone first.
    ///
    /// parallel: each tick is shared by the threads that work at it, so that a stretch in which one works and all
    /// others wait weighs as much as one in which all do. Beside it, how many times as fast the program would be at
    /// most without that line.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub weight: Weight,
    /// Which samples count.
    #[command(flatten)]
    pub only: Only,
    /// Locks by the time that was waited for them.
    ///
    /// Each with the threads that waited, how many waits were seen to begin, and who held it meanwhile, at which line.
    #[arg(long, conflicts_with_all = ["whole", "by", "weight", "idle", "thread", "blame", "timeline", "stall"])]
    pub locks: bool,
    /// How each thread moved over time, and the load.
    #[arg(long)]
    pub timeline: bool,
    /// List times at one line from this long on (1s).
    #[arg(long, value_name = "TIME", value_parser = some_time, allow_hyphen_values = true)]
    pub stall: Option<Duration>,
}
