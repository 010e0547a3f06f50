//! The past: which part of it, and where it is.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::which::Which;

/// How large a history may be: one that is smaller holds no segment, and would forget all but the last minutes.
pub(super) fn history_size(text: &str) -> Result<u64, String> {
    match crate::words::quantity::size(text)? {
        bytes if bytes < 1 << 20 => Err("at least 1MiB".to_owned()),
        bytes => Ok(bytes),
    }
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
    #[arg(long, value_name = "T", default_value = "1h", allow_hyphen_values = true)]
    pub since: String,
    /// Up to then; else up to now.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// By status, line, kind or thread; with --endpoints also by host.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, hide_possible_values = true)]
    pub by: crate::history::By,
    /// Compare with as long a time from then on: which differences are more than noise.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub against: Option<String>,
    /// Points at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub points: u64,
    /// A heat map of what was sampled (`record --sample`): a row a second, fifty columns in it; at most 10 minutes.
    #[arg(long)]
    pub heat: bool,
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
        #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = history_size)]
        history_size: u64,
        /// Also sample where threads are, so many times a second (250), for `history --heat`.
        ///
        /// It takes 6 MiB an hour more at most, and what `record` of as many samples takes of a processor.
        #[arg(long, value_name = "HZ", num_args = 0..=1, require_equals = true, default_missing_value = "250", value_parser = clap::value_parser!(u32).range(50..=1_000))]
        sample: Option<u32>,
        /// Which boards.
        #[command(flatten)]
        which: Which,
    },
}
