//! What is asked of this moment: operations, waits, thresholds.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::which::Which;
use crate::check::{Limits, NumberLimit};
use crate::words::quantity::duration;

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
    /// Only boards of this user, by name or number: what another user calls the same is not looked at.
    #[arg(long, value_name = "USER", value_parser = owner)]
    pub owner: Option<u32>,
}

/// A user of this host.
fn owner(text: &str) -> Result<u32, String> {
    if let Ok(uid) = text.parse() {
        return Ok(uid);
    }
    match nix::unistd::User::from_name(text) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        Ok(None) => Err("this host has no such user".to_owned()),
        Err(errno) => Err(format!("cannot be looked up: {errno}; write its number")),
    }
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
    /// The same, the slowest first.
    #[arg(long)]
    pub slowest: bool,
    /// Where a kind's time goes: all, and the slowest tenth.
    ///
    /// By status and line, over those that ended and are still there and those in flight. What the slowest have most
    /// more of comes first.
    #[arg(long, value_name = "KIND", conflicts_with_all = ["over", "by", "history", "ended", "slowest"])]
    pub why_slow: Option<String>,
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
    /// Rolled up: `lock` or `queue`.
    ///
    /// How often each lock was waited for, how long, and who holds it; or who says that he waits in each queue, and who serves it.
    #[arg(long, value_name = "WHAT", value_enum, hide_possible_values = true)]
    pub by: Option<WaitsBy>,
}

/// What waits are rolled up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WaitsBy {
    /// Lock: how often it was waited for, how long, who holds it.
    Lock,
    /// Queue: who says that he waits in it, for how long, and who serves it.
    Queue,
}
