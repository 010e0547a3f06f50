//! What the kernel says of a living process's threads and limits, from two looks: who ran, who waited for a
//! processor, and how near the process's control groups are to their limits.
//!
//! `schedstat` has the time that a task ran and the time that it was ready to run and did not (Documentation/scheduler/
//! sched-stats); `cpu.stat` counts the time that a group was kept from running by its quota, `memory.max` limits it
//! (Documentation/admin-guide/cgroup-v2, and cgroup-v1 for those who still have it).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use super::calls::calls;
use super::seen::{Ran, Seen};
use crate::model::BoardReport;

/// Threads that are asked about at most: the first of them.
const THREADS: usize = 512;

/// The first of two looks.
#[derive(Debug)]
pub struct First {
    pid: u32,
    at: Instant,
    threads: BTreeMap<u64, Ran>,
    throttled_ns: Option<u64>,
}

/// Looks for the first time at a process, by its id in our pid namespace.
pub fn first(pid: u32) -> First {
    First { pid, at: Instant::now(), threads: threads(pid), throttled_ns: throttled(pid) }
}

impl First {
    /// Looks again, and where the threads are that stand by this report of the same process.
    pub fn again_with(&self, report: &BoardReport) -> Seen {
        Seen { calls: calls(self.pid, report), ..self.again() }
    }

    /// Looks again.
    pub fn again(&self) -> Seen {
        let now = threads(self.pid);
        let over_ns = u64::try_from(self.at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let threads: BTreeMap<u64, Ran> = now
            .into_iter()
            .filter_map(|(tid, now)| {
                let before = self.threads.get(&tid)?;
                let ran_ns = now.ran_ns.saturating_sub(before.ran_ns);
                let waited_ns = now.waited_ns.saturating_sub(before.waited_ns);
                Some((tid, Ran { ran_ns, waited_ns }))
            })
            .collect();
        let throttled = throttled(self.pid)
            .zip(self.throttled_ns)
            .map(|(now, before)| now.saturating_sub(before));
        let mut not_known = Vec::new();
        if threads.is_empty() {
            not_known.push("which threads run: /proc does not show their schedstat".to_owned());
        }
        if throttled.is_none() {
            not_known.push("throttling: no cpu.stat of its control group is to be seen".to_owned());
        }
        let (memory, earlier) = (memory(self.pid), Vec::new());
        Seen {
            over_ns,
            threads,
            throttled_ns: throttled,
            memory,
            earlier,
            not_known,
            ..Seen::default()
        }
    }
}

fn threads(pid: u32) -> BTreeMap<u64, Ran> {
    let tasks = crate::proc::tasks(pid).unwrap_or_default();
    let times = tasks.into_iter().take(THREADS).filter_map(|task| {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{}/schedstat", task.tid)).ok()?;
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        let (ran_ns, waited_ns) = (numbers.next()?, numbers.next()?);
        Some((u64::from(task.tid), Ran { ran_ns, waited_ns }))
    });
    times.collect()
}

/// The folders of a process's control groups as this controller has them, from its own up to the root: of version 2, or of
/// version 1 where that has the controller.
fn groups(pid: u32, controller: &str) -> Vec<PathBuf> {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else { return Vec::new() };
    // HIERARCHY:CONTROLLERS:PATH, without controllers in version 2.
    let path = |wanted: &str| {
        text.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            controllers.split(',').any(|one| one == wanted).then_some(path)
        })
    };
    let top = PathBuf::from("/sys/fs/cgroup");
    let found = path(controller).map(|path| (top.join(controller), path));
    let Some((mut folder, path)) = found.or_else(|| Some((top, path("")?))) else {
        return Vec::new();
    };
    let mut all = vec![folder.clone()];
    for part in path.split('/').filter(|part| !part.is_empty() && *part != "..") {
        folder.push(part);
        all.push(folder.clone());
    }
    all.reverse();
    all
}

/// The number behind a word, in a file of one of each a line.
fn number(text: &str, word: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' ')?.parse().ok())
}

fn throttled(pid: u32) -> Option<u64> {
    let times = groups(pid, "cpu").into_iter().filter_map(|group| {
        let text = fs::read_to_string(group.join("cpu.stat")).ok()?;
        let ns = number(&text, "throttled_usec").map(|us| us.saturating_mul(1_000));
        ns.or_else(|| number(&text, "throttled_time"))
    });
    times.reduce(u64::saturating_add)
}

/// Of all groups with a limit, that with the least room.
fn memory(pid: u32) -> Option<(u64, u64)> {
    let used = groups(pid, "memory").into_iter().filter_map(|group| {
        let one = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse().ok();
        let limit: u64 = one("memory.max").or_else(|| one("memory.limit_in_bytes"))?;
        let used: u64 = one("memory.current").or_else(|| one("memory.usage_in_bytes"))?;
        // What may be given back at once is not in use.
        let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let cache = number(&stat, "total_inactive_file");
        let cache = cache.or_else(|| number(&stat, "inactive_file")).unwrap_or(0);
        // Version 1 writes the largest number that there is for no limit.
        (limit < 1 << 62).then(|| (used.saturating_sub(cache), limit))
    });
    used.min_by_key(|(used, limit)| limit.saturating_sub(*used))
}
