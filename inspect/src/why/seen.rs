//! What two looks at a process's threads and limits came to.

use std::collections::BTreeMap;

use crate::liveness::State;
use crate::model::BoardReport;
use crate::words::label::Label;

/// Times of one thread between the looks, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ran {
    /// On a processor.
    pub ran_ns: u64,
    /// Ready, and waiting for one.
    pub waited_ns: u64,
}

/// In which call the kernel has a thread, as far as it shows that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Its state: `S` sleeps, `D` sleeps and cannot be woken.
    pub state: Option<char>,
    /// The function of the kernel that it sleeps in.
    pub at: Option<String>,
    /// The system call; `none` where it is in none.
    pub name: Option<String>,
    /// What the call is about, where it begins with a descriptor.
    pub file: Option<String>,
}

/// A process of the same name that has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Life {
    /// Wall clock when it began, ns since 1970.
    pub began_ns: u64,
    /// How long it lived, ns.
    pub lived_ns: u64,
    /// It exited with code 0.
    pub clean: bool,
}

impl Life {
    /// Of these boards the processes of this one's name that have ended, itself left out.
    pub fn earlier<'a>(
        of: &BoardReport,
        all: impl IntoIterator<Item = &'a BoardReport>,
    ) -> Vec<Self> {
        all.into_iter()
            .filter(|one| one.name == of.name && one.uid == of.uid && one.state == State::Dead)
            .filter(|one| (one.pid, one.instance) != (of.pid, of.instance))
            .map(Self::of)
            .collect()
    }

    /// That of a board.
    pub(super) fn of(report: &BoardReport) -> Self {
        Self {
            began_ns: report.started_wall_ns,
            lived_ns: report.uptime_ns,
            clean: report.end.as_ref().is_some_and(|end| end.clean),
        }
    }
}

/// What a process takes of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// Resident memory, bytes.
    Memory,
    /// Threads.
    Threads,
    /// Open descriptors.
    Descriptors,
}

impl Taken {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Threads, Self::Descriptors];

    /// By how much it grows at least.
    pub fn least_growth(self) -> u64 {
        match self {
            Self::Memory => 16 << 20,
            Self::Threads | Self::Descriptors => 8,
        }
    }
}

/// Growth without an end, by a history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grows {
    /// Of what.
    pub what: Taken,
    /// The least in the first part of that time.
    pub from: u64,
    /// The least in the last part.
    pub to: u64,
    /// From the one to the other, ns.
    pub over_ns: u64,
    /// A gauge that grew all the time as well, with its means then and now.
    pub with: Option<(String, u64, u64)>,
}

/// What some looks found of the threads that poll futures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Polls {
    /// Looks.
    pub looks: u32,
    /// By thread id.
    pub threads: BTreeMap<u64, Polled>,
}

/// A thread that was found in a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Polled {
    /// Looks that found it in a poll of a tenth of a second or longer.
    pub long: u32,
    /// The longest of these polls so far, ns, to 50 ms.
    pub longest_ns: u64,
    /// Kind and status of the operation in it.
    pub what: (Label, Option<Label>),
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Between the looks, ns; 0 where nothing was seen.
    pub over_ns: u64,
    /// By thread id.
    pub threads: BTreeMap<u64, Ran>,
    /// By thread id, of those that say that they work and stand.
    pub calls: BTreeMap<u64, Call>,
    /// The time that its control group was throttled, ns.
    pub throttled_ns: Option<u64>,
    /// Memory of the tightest control group: in use and the limit, bytes.
    pub memory: Option<(u64, u64)>,
    /// Lives of processes of this name that are over, as far as their boards are kept.
    pub earlier: Vec<Life>,
    /// What grows without an end; absent where no history of it is kept that is long enough.
    pub grows: Option<Vec<Grows>>,
    /// What several looks in between found of threads that poll futures.
    pub polls: Polls,
    /// What could not be seen.
    pub not_known: Vec<String>,
}
