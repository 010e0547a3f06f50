//! What processes and the machine hold: flat, or a fault.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use super::Stage;

/// Descriptors of a daemon: its connections, and what it is made of.
const DESCRIPTORS: usize = 80;
/// Boards of the name: the living one, and the few dead ones that stay.
const BOARDS: usize = 7;

/// Memory of processes that live all the while, as it was seen.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<BTreeMap<&'static str, Vec<Resident>>>);

/// What is resident of a process, KiB: its own, of files (its program), and of boards.
#[derive(Clone, Copy, Debug)]
struct Resident {
    own: u64,
    files: u64,
    boards: u64,
}

impl Resident {
    fn all(self) -> u64 {
        self.own + self.files + self.boards
    }
}

impl fmt::Display for Resident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, files, boards } = self;
        write!(f, "{} KiB ({own} its own, {files} of files, {boards} of boards)", self.all())
    }
}

fn resident(pid: u32) -> Option<Resident> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some(Resident { own: of("RssAnon:")?, files: of("RssFile:")?, boards: of("RssShmem:")? })
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// The most of each half, where there is enough to tell.
pub(super) fn halves(all: &[u64]) -> Option<(u64, u64)> {
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (early, late) = all.split_at(all.len() / 2);
    (all.len() >= 8).then(|| (most(early), most(late)))
}

impl Usage {
    /// A daemon, which lives for a while only.
    pub(crate) fn daemon(&self, stage: &Stage, pid: u32) {
        let held = descriptors(pid);
        if held > DESCRIPTORS {
            stage.fault(format!("the daemon has {held} descriptors"));
        }
        if let Some(much) = resident(pid).filter(|one| one.all() > 160 << 10) {
            stage.fault(format!("the daemon has {much}"));
        }
        let start = format!("{}.", stage.board);
        let boards = std::fs::read_dir("/dev/shm").map_or(0, |all| {
            all.flatten()
                .filter(|entry| entry.file_name().to_string_lossy().starts_with(&start))
                .count()
        });
        if boards > BOARDS {
            stage.fault(format!("{boards} boards of one name"));
        }
        stage.count("looks at memory, descriptors and boards", 1);
    }

    /// One that lives all the while.
    pub(crate) fn note(&self, stage: &Stage, what: &'static str, pid: u32) {
        let Some(now) = resident(pid) else { return };
        self.0.lock().expect("no panic").entry(what).or_default().push(now);
        let held = descriptors(pid);
        if held > DESCRIPTORS {
            stage.fault(format!("{what} has {held} descriptors"));
        }
    }

    /// It has ended: what it held in its second half is what it held in its first, or a little more.
    pub(crate) fn judge(&self, stage: &Stage, what: &'static str) {
        let all = self.0.lock().expect("no panic").remove(what).unwrap_or_default();
        let sums: Vec<u64> = all.iter().map(|one| one.all()).collect();
        let Some((early, late)) = halves(&sums) else { return };
        let name = match what {
            "top" => "KiB of top at the end",
            _ => "KiB of serve at the end",
        };
        stage.count(name, late);
        if late > early + early / 4 + (4 << 10) {
            let most = |part: &[Resident]| part.iter().copied().max_by_key(|one| one.all());
            let (before, after) = all.split_at(all.len() / 2);
            if let Some((before, after)) = most(before).zip(most(after)) {
                stage.fault(format!("{what} grew from {before} to {after}"));
            }
        }
    }
}
