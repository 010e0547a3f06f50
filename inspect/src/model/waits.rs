//! Who waits for whom.

use serde::{Deserialize, Serialize};

use crate::words::known::{self, Word};
use crate::words::label::Label;

/// One answer of `waits`: of every board that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaitsDocument {
    /// Version of this form: 1.
    pub schema: u32,
    /// When it was made, RFC 3339 in UTC.
    pub taken_at: String,
    /// What waits, and for whom.
    #[serde(flatten)]
    pub waits: Waits,
}

/// Who waits for whom, in one process or several.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Waits {
    /// Deadlocks, and nothing that is only like one.
    pub cycles: Vec<Cycle>,
    /// Circles that lead through a queue: a deadlock, if nobody serves it but those who are known to have, and those who say that
    /// they wait in it do.
    pub circles: Vec<Circle>,
    /// Queues in which somebody says that he waits, or items wait; those with most waiting time first.
    pub queues: Vec<QueueWaits>,
    /// Queues beyond the first 1,024 of a process.
    pub queues_left_out: u64,
    /// From each victim to the last one who could act; those with most waiting time behind them first.
    pub chains: Vec<Chain>,
    /// Chains beyond the first 200 of a process.
    pub chains_left_out: u64,
    /// Locks and channels that have a record, those that most time was waited for first, waits that have
    /// not ended included.
    pub locks: Vec<LockReport>,
    /// Locks beyond the first 1,024 of a process.
    pub locks_left_out: u64,
    /// How often it was looked: 2 at the living; at the dead and at saved boards 1, since nothing moves there.
    pub looks: u32,
    /// Waits, locks or names of locks that found no room on the board, ever.
    pub lost: u64,
    /// Whether the daemon's library tells of locks at all.
    pub known: bool,
}

/// A deadlock: each member waits for the next one, the last for the first, all of them without a limit, as far as that
/// can be seen ([`Cycle::may_end`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cycle {
    /// The members' waits, in order.
    pub members: Vec<Edge>,
    /// For so long: since the last of them began to wait.
    pub first_seen_ns: u64,
}

impl Cycle {
    /// A future that waits may be dropped by whoever polls it once a limit is over (`timeout`, `select!`), which nothing
    /// tells from outside: for so long a deadlock that it is in may end by itself.
    const LIMIT_NS: u64 = 10_000_000_000;

    /// Whether one of its waits may have a limit that nobody can see.
    pub fn may_end(&self) -> bool {
        // A thread's own wait says whether it has one.
        let of_a_future = |edge: &Edge| edge.waiter.thread.is_none();
        self.first_seen_ns < Self::LIMIT_NS && self.members.iter().any(of_a_future)
    }
}

/// Those who wait for each other through a queue: of those who serve it nobody is known who is free.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Circle {
    /// The members' waits.
    pub members: Vec<Edge>,
    /// The queues that it leads through.
    pub queues: Vec<Label>,
    /// For so long: since the last of them began to wait.
    pub first_seen_ns: u64,
}

/// A queue, and who says that he waits in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueueWaits {
    /// Its board's name.
    pub board: Label,
    /// Its name.
    pub name: Label,
    /// Items that wait in it.
    pub depth: u64,
    /// How long the first of them has waited, where the daemon tells.
    pub oldest_age_ns: Option<u64>,
    /// Threads and operations that say that they wait in it, or for their item to be served.
    pub waiters: u64,
    /// What they have waited so far, all together.
    pub waiting_ns: u64,
    /// The longest of these.
    pub longest_waiting_ns: Option<u64>,
    /// Threads that have served it, and no other queue since.
    pub servers: u64,
    /// Those of them that have a job in hand.
    pub at_work: u64,
    /// The first sixteen of them.
    pub served_by: Vec<Party>,
}

/// Waits that hang on each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chain {
    /// From the victim on.
    pub edges: Vec<Edge>,
    /// How long the victim has waited; 0 where only the most is known.
    pub age_ns: u64,
    /// `holder`: the last one holds what is waited for, and could go on; `outside`: it waits for something outside of the
    /// process, or told only by its own tag; `unknown`: who could end the wait is not known.
    #[serde(deserialize_with = "known::word")]
    pub end: Word,
    /// The time that all have waited who wait behind the same last one.
    pub behind_ns: u64,
    /// It leads into a deadlock.
    pub deadlocked: bool,
    /// It leads into a circle through a queue.
    #[serde(default)]
    pub circling: bool,
}

/// Somebody waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// Who.
    pub waiter: Party,
    /// For what.
    #[serde(rename = "for")]
    pub target: WaitTarget,
    /// Who holds it, serves it, or could otherwise end the wait; empty when that is not known. Of those who serve a queue who is free
    /// comes first.
    pub held_by: Vec<Party>,
    /// For how long.
    pub since_ns: u64,
    /// Two looks found the same wait, for what the same ones held; of a dead process one look is enough. Never for what only tags
    /// tell, and where a guard may have gone to another thread.
    pub confirmed: bool,
    /// It ends by itself after a time.
    pub limited: bool,
    /// `since_ns` is at most, not at least: it came to this wait again and again, or may have.
    #[serde(default)]
    pub since_at_most: bool,
}

/// What is waited for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaitTarget {
    /// `lock`, `channel`, `queue`, `join`, `condvar`, or `outside`.
    #[serde(deserialize_with = "known::word")]
    pub what: Word,
    /// Its name, or where it was made.
    pub name: Label,
    /// `exclusive`, `shared`, `send` or `receive`; null for others.
    #[serde(default, deserialize_with = "known::maybe")]
    pub mode: Option<Word>,
}

/// A thread, or an operation that no thread works on just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Party {
    /// Its board's name.
    pub board: Label,
    /// Its process.
    pub pid: u64,
    /// The thread's name.
    pub thread: Option<Label>,
    /// The thread's id.
    pub tid: Option<u64>,
    /// Id of the operation that it is, or that the thread works on.
    pub op: Option<String>,
    /// What that operation is called: its label, or its kind.
    #[serde(default)]
    pub op_label: Option<Label>,
    /// File of the line at which it is now.
    pub file: Option<Label>,
    /// That line: not the one where it took what it holds.
    pub line: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label.
    pub label: Option<Label>,
    /// What the line is of: `now`.
    #[serde(deserialize_with = "known::word")]
    pub line_is: Word,
}

/// A lock or channel, and how it fared.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LockReport {
    /// Its board's name.
    pub board: Label,
    /// Its name, or where it was made.
    pub name: Label,
    /// `mutex`, `rwlock`, `condvar`, `channel` or `semaphore`.
    #[serde(deserialize_with = "known::word")]
    pub kind: Word,
    /// `std`, `parking_lot`, `crossbeam` or `tokio`.
    #[serde(deserialize_with = "known::word")]
    pub library: Word,
    /// File and line of its construction.
    pub site: Option<String>,
    /// Waits for it that ended, ever.
    pub contended: u64,
    /// How long those took, to a factor of four.
    pub wait_ns: WaitTimes,
    /// All of them together.
    pub waited_ns: u64,
    /// What those have waited so far who wait now, all together.
    pub waiting_ns: u64,
    /// The longest of these.
    pub longest_waiting_ns: Option<u64>,
    /// Who waits for it now.
    pub waiters: u64,
    /// Who holds it alone.
    pub holder: Option<Party>,
    /// Who holds it beside others.
    pub readers: Vec<Party>,
}

/// How long waits took since the lock got its record. A quantile is a bound: so many waits were shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct WaitTimes {
    /// Half of them took at most so long.
    pub p50: Option<u64>,
    /// 99 of 100.
    pub p99: Option<u64>,
    /// The longest.
    pub max: Option<u64>,
}
