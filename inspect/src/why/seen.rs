//! What two looks at a process's threads and limits came to.

use std::collections::{BTreeMap, BTreeSet};

use crate::liveness::State;
use crate::model::{BoardReport, LineReport, ThreadReport};

/// Times of one thread between the looks, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ran {
    /// On a processor.
    pub ran_ns: u64,
    /// Ready, and waiting for one.
    pub waited_ns: u64,
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

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Between the looks, ns; 0 where nothing was seen.
    pub over_ns: u64,
    /// By thread id.
    pub threads: BTreeMap<u64, Ran>,
    /// Threads that came on between the looks, wherever they were seen: a job of theirs ended, or the line was passed.
    pub moved: BTreeSet<u64>,
    /// The time that its control group was throttled, ns.
    pub throttled_ns: Option<u64>,
    /// Memory of the tightest control group: in use and the limit, bytes.
    pub memory: Option<(u64, u64)>,
    /// Lives of processes of this name that are over, as far as their boards are kept.
    pub earlier: Vec<Life>,
    /// What could not be seen.
    pub not_known: Vec<String>,
}

/// Threads that came on from one report to a later one: each look may find a loop at the same line.
pub fn moved(before: &BoardReport, now: &BoardReport) -> BTreeSet<u64> {
    let passes = |report: &BoardReport, one: &ThreadReport| {
        let same = |line: &&LineReport| {
            (&line.file, line.line, &line.label) == (&one.file, one.line, &one.label)
        };
        // Of several threads at a line nobody knows who passed it.
        report.lines.iter().find(same).filter(|line| line.threads == 1)?.hits
    };
    let came_on = |one: &&ThreadReport| {
        let then = before.threads.iter().find(|then| then.tid == one.tid);
        then.is_some_and(|then| {
            let passed = passes(before, then).zip(passes(now, one));
            then.jobs != one.jobs || passed.is_some_and(|(then, now)| then != now)
        })
    };
    now.threads.iter().filter(came_on).map(|one| one.tid).collect()
}
