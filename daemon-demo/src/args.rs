//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::quantity::{at_least_one, bytes, duration, some_bytes};

/// What `--version` says, probes included: a load test without them would show nothing.
const VERSION: &str = if probe::ENABLED {
    concat!(env!("CARGO_PKG_VERSION"), " (probes in)")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (probes out)")
};

/// A small store that is instrumented with probes: look at it with `inspect`.
#[derive(Debug, Parser)]
#[command(name = "daemon-demo", version = VERSION)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve RESP2 (what redis-cli speaks) over a store in a directory
    ///
    /// SIGTERM and SIGINT end it in order. SIGUSR1 (with probes in) lists on stderr what is in flight and
    /// where every thread is. `inspect ops` shows every connection and every command, and `inspect ops cancel`
    /// asks one to end: its client gets a -CANCELLED error.
    Serve(Serve),
    /// Send a mixed read and write load through a real Redis client library
    Load(Load),
    /// One client process of `load`
    #[command(hide = true)]
    LoadClient(LoadClient),
    /// Show the main job on one screen: serve, load, the board, and the post-mortem after kill -9
    Tour(Tour),
}

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ack {
    /// When it is queued; SIGTERM and SIGINT drain the queue, kill -9 loses what is queued
    Queued,
    /// After the fsync of its commit: nothing acknowledged is ever lost
    Durable,
}

/// Options of `serve`.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:6390", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Directory of the data; made if missing
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Name of the board
    #[arg(long, default_value = "recordd", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// When a write is acknowledged
    #[arg(long, value_enum, default_value_t = Ack::Queued)]
    pub(crate) ack: Ack,
    /// Threads that read, run commands and reply
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=32), value_name = "N")]
    pub(crate) io_threads: u16,
    /// Connections served at a time
    #[arg(long, default_value_t = 512, value_parser = at_least_one, value_name = "N")]
    pub(crate) max_clients: usize,
    /// Writers are slowed when more row writes than this wait
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one, value_name = "N")]
    pub(crate) backlog_jobs: usize,
    /// Writers are slowed when the waiting updates hold more bytes than this
    #[arg(long, default_value = "16MiB", value_parser = some_bytes, value_name = "SIZE")]
    pub(crate) backlog_bytes: usize,
    /// Writers are slowed when the oldest waiting update is older than this
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "T")]
    pub(crate) backlog_age: Duration,
    /// After the first update of a batch, wait this long for more before committing
    #[arg(long, default_value = "0", value_parser = duration, value_name = "T")]
    pub(crate) linger: Duration,
    /// Rows that the records of one table are stored in; fixed when the store is made
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_048_576), value_name = "N")]
    pub(crate) buckets: u32,
    /// Memory for cached pages of the store
    #[arg(long, default_value = "16MiB", value_parser = some_bytes, value_name = "SIZE")]
    pub(crate) cache: usize,
    /// Largest key or value
    #[arg(long, default_value = "512KiB", value_parser = some_bytes, value_name = "SIZE")]
    pub(crate) max_bulk: usize,
    /// Most arguments of one command
    #[arg(long, default_value_t = 4096, value_parser = at_least_one, value_name = "N")]
    pub(crate) max_arguments: usize,
    /// Largest request, and largest reply
    #[arg(long, default_value = "1MiB", value_parser = some_bytes, value_name = "SIZE")]
    pub(crate) max_request: usize,
    /// A connection with this much unsent output is not read until its client reads
    #[arg(long, default_value = "256KiB", value_parser = some_bytes, value_name = "SIZE")]
    pub(crate) output_limit: usize,
    /// Memory for the buffers of all connections together
    #[arg(long, default_value = "16MiB", value_parser = some_bytes, value_name = "SIZE")]
    pub(crate) client_memory: usize,
    /// Time between looks for compaction
    #[arg(long, default_value = "1m", value_parser = duration, value_name = "T")]
    pub(crate) compact_every: Duration,
    /// Time allowed for the queue to drain on SIGTERM and SIGINT
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "T")]
    pub(crate) drain_timeout: Duration,
    /// Allow DEBUG commands: SLEEP SECONDS, HANG (a lock never released), PANIC, SEGFAULT
    #[arg(long)]
    pub(crate) allow_debug: bool,
    /// Show clients' keys on the board: whoever may read it reads them. Without it, a key is its length and a
    /// number that is the same for the same key
    #[arg(long)]
    pub(crate) show_keys: bool,
    /// Make every commit this much slower: a performance problem to look for
    #[arg(long, default_value = "0", value_parser = duration, value_name = "T")]
    pub(crate) slow_commit: Duration,
    /// Find waiting updates by walking over all of them: another performance problem to look for
    #[arg(long)]
    pub(crate) walk_index: bool,
    /// After this time the statistics job takes the index lock and never releases it: a hang to look for
    #[arg(long, value_parser = duration, value_name = "T")]
    pub(crate) hang_after: Option<Duration>,
    /// Begin with something wrong, for `inspect why` to find (see also --hang-after, --slow-commit and DEBUG)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) fault: Option<Fault>,
}

/// Trouble on purpose. Behind each the rule of `inspect why` that finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Two threads take the index lock and the file lock, each the other one first (deadlock)
    Deadlock,
    /// An export has the index lock nearly all of the time (lock-convoy, with 3 clients and 4 io threads)
    Convoy,
    /// The expiry job computes for ever (thread-hot)
    Spin,
    /// The expiry job waits for the kernel, and says that it works (thread-blocked)
    Block,
    /// The expiry job stops being run (overdue-heartbeat)
    SkipExpiry,
    /// The expiry job panics each time, and that is caught (panics)
    Panic,
    /// The process aborts after a second (dead; crash-loop, when it is started three times)
    Abort,
    /// Operations are begun by threads that end, and are never ended (leaked-operations)
    LeakOperations,
    /// Four files a second are opened and never closed (descriptors-grow after a minute; descriptor-limit)
    LeakDescriptors,
    /// Two MiB of memory a second are kept for ever (memory-grows, after ten minutes of a history)
    LeakMemory,
    /// Four threads a second begin and never end (threads-grow, after ten minutes of a history)
    LeakThreads,
    /// A copy of each connection stays open (sockets-unclosed, after 100 connections)
    LeakSockets,
    /// No commit succeeds (retry-storm)
    FailCommits,
    /// Every command is refused (error-burst)
    Refuse,
    /// Every command computes for 20 ms (one-saturated with one busy client, all-saturated with two)
    SlowCommands,
}

/// What `load` and each of its client processes share.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Load {
    /// Address of the daemon
    #[arg(long, default_value = "127.0.0.1:6390", value_name = "ADDR")]
    pub(crate) connect: SocketAddr,
    /// Name of the daemon's board, which the clients join
    #[arg(long, default_value = "recordd", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// Client processes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64), value_name = "N")]
    pub(crate) processes: u16,
    /// Connections of each process, each with a thread
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=48), value_name = "N")]
    pub(crate) clients: u16,
    /// Different keys in use
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    pub(crate) keys: u32,
    /// Commands sent before their replies are read
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024), value_name = "N")]
    pub(crate) pipeline: u16,
    /// Share of reads, in percent
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(0..=100), value_name = "PCT")]
    pub(crate) read_share: u8,
    /// Size of a value
    #[arg(long, default_value = "64", value_parser = bytes, value_name = "SIZE")]
    pub(crate) value: usize,
    /// How long to run
    #[arg(long, default_value = "10s", value_parser = duration, value_name = "T")]
    pub(crate) duration: Duration,
}

/// Options of one client process.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct LoadClient {
    /// Which of the client processes this is
    #[arg(long, default_value_t = 0)]
    pub(crate) index: u16,
    /// What all client processes share.
    #[command(flatten)]
    pub(crate) load: Load,
}

/// Options of `tour`.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Tour {
    /// How long the load runs
    #[arg(long, default_value = "4s", value_parser = duration, value_name = "T")]
    pub(crate) duration: Duration,
}
