//! Where and to whom boards are served, and what a link leads to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::serve::Listen;
use crate::words::quantity::duration;

/// Where and to whom it is served.
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
    /// Show the past that `history record` keeps in this directory, and keep none.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with = "history")]
    pub history_from: Option<PathBuf>,
    /// Bytes that the history may take.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = super::history::history_size, requires = "history")]
    pub history_size: u64,
    /// Also sample where threads are, so many times a second (250), for heat maps of the past.
    #[arg(long, value_name = "HZ", num_args = 0..=1, require_equals = true, default_missing_value = "250", requires = "history", value_parser = clap::value_parser!(u32).range(50..=1_000))]
    pub sample: Option<u32>,
    /// A directory above the sources that the page may show; repeatable.
    ///
    /// Shown are files of source code in it, of at most 4 MiB, that a probe of a board is in; links out of it are not
    /// followed, and what is hidden stays so. Whoever may look at boards here sees them.
    #[arg(long = "source", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub sources: Vec<PathBuf>,
    /// A name by which browsers call this server; repeatable.
    ///
    /// NAME or NAME:PORT, beside localhost and addresses: `localhost:8080` where a port is forwarded from 8080.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
}

/// What a link leads to.
#[derive(Clone, Debug, Args)]
pub struct LinkTo {
    /// Where `inspect serve` is reached.
    #[arg(long, value_name = "URL", default_value = concat!("http://", "127.0.0.1:7399", "/"))]
    pub server: String,
    /// why, boards, threads, ops, numbers, profile or history.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "VIEW", default_value_t)]
    pub view: PageView,
    /// An operation, thread or line that is selected.
    #[arg(long, value_name = "ID")]
    pub select: Option<String>,
    /// Operations that have been at it for longer.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub over: Option<Duration>,
    /// The past from then on: 2h, 03:12, or 2026-01-31T03:12:00Z.
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub since: Option<String>,
    /// And until then.
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub until: Option<String>,
}

/// A moment, as it was written: it is the reader's, whose clock is another one.
fn when(text: &str) -> Result<String, String> {
    crate::words::moment::moment(text, 0).map(|_| text.to_owned())
}

/// A view of the page.
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
    /// What was active when.
    History,
}
