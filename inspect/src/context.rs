//! What surrounds a board when it is looked at: is its writer alive, what do the clocks say, what does
//! `/proc` say. A dump keeps it beside the bytes, so that a saved board is read as it was seen.

#[cfg(target_os = "linux")]
use probe::layout::HeaderCopy;
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use crate::board_file::BoardFile;
#[cfg(target_os = "linux")]
use crate::clock;
use crate::clock::Moment;
#[cfg(target_os = "linux")]
use crate::liveness::{Asking, Evidence, Memory, Seen, Unseen};
use crate::liveness::{Proof, State};
#[cfg(target_os = "linux")]
use crate::proc::{self, Process};
use crate::vitals::{Task, Vitals};

/// The surroundings of a board at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Context {
    /// What the writer is doing.
    pub state: State,
    /// The same in words.
    pub verdict: String,
    /// What the witnesses prove.
    #[serde(default)]
    pub proof: Proof,
    /// The file belongs to a user who is not its process's: whatever it says, it is not that process's
    /// board.
    #[serde(default)]
    pub foreign: bool,
    /// What could not be seen, and why.
    #[serde(default)]
    pub unseen: Vec<String>,
    /// Whether the writer's lock is held.
    pub lock: Option<bool>,
    /// State letter of the process.
    pub process: Option<char>,
    /// All clocks.
    pub moment: Moment,
    /// The clocks are the board's: same boot, and same time namespace.
    pub same_clock: bool,
    /// Wall clock at the moment of saving, for a saved board.
    pub saved_wall_ns: Option<u64>,
    /// Where the board was.
    pub path: String,
    /// Owner of the board's file.
    pub owner: u32,
    /// The process in our pid namespace, when it is there.
    pub host_pid: Option<u32>,
    /// Its threads, ids as in the writer's pid namespace; absent when they cannot be told.
    pub tasks: Option<Vec<Task>>,
    /// How it is doing.
    pub vitals: Option<Vitals>,
}

/// How much of the surroundings is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Look {
    /// The verdict alone.
    Verdict,
    /// Threads and vitals too.
    All,
    /// Every thread's name as well, for a dump.
    Names,
    /// The verdict, and what the process takes as far as that costs little: once a second of every process of a host.
    Usage,
}

impl Context {
    /// What the caller knows of a board that is looked at alone: a file from elsewhere, or bytes. Nothing is
    /// asked; its clocks are taken for the moment's, its owner for root.
    pub fn told(state: State, moment: Moment, path: &str) -> Self {
        Self {
            state,
            verdict: state.word().to_owned(),
            proof: Proof::Nothing,
            foreign: false,
            unseen: Vec::new(),
            lock: Some(state.exists()),
            process: None,
            moment,
            same_clock: true,
            saved_wall_ns: None,
            path: path.to_owned(),
            owner: 0,
            host_pid: None,
            tasks: None,
            vitals: None,
        }
    }

    /// Looks around a board's file. Only words of fixed places in the header are used.
    #[cfg(target_os = "linux")]
    pub fn observe(
        file: &BoardFile,
        header: &HeaderCopy,
        asking: Asking,
        memory: &mut Memory,
        look: Look,
    ) -> Self {
        let evidence = Evidence::gather(file, header, asking, memory);
        let (state, proof, verdict) = evidence.verdict();
        let witness = evidence.witness;
        let process = &evidence.process;
        let same_pids = witness.pids == Seen::Yes;
        let alive = process.as_ref().filter(|_| state.exists());
        let listed = alive.filter(|_| matches!(look, Look::All | Look::Names));
        let mut tasks = listed.and_then(|process| match same_pids {
            true => proc::tasks(process.pid),
            false => proc::tasks_inside(process.pid),
        });
        if look == Look::Names
            && let (Some(tasks), Some(process)) = (&mut tasks, alive)
        {
            for task in tasks.iter_mut().filter(|task| task.name.is_empty()) {
                task.name = proc::task_name(process.pid, task.tid);
            }
        }
        Self {
            state,
            verdict,
            proof,
            foreign: witness.owner == Seen::No,
            unseen: evidence.unseen.iter().map(Unseen::text).collect(),
            lock: witness.lock.known(),
            process: process.as_ref().map(|process| process.state),
            vitals: match look {
                Look::Verdict => None,
                Look::Usage => alive.map(proc::usage),
                Look::All | Look::Names => alive.map(proc::vitals),
            },
            host_pid: process.as_ref().map(|process: &Process| process.pid),
            tasks,
            same_clock: evidence.same_clock,
            saved_wall_ns: None,
            path: file.path.display().to_string(),
            owner: file.uid,
            moment: Moment::now(clock::counts_alike(header) && evidence.same_counter),
        }
    }

    /// The clocks, where they are the board's.
    pub fn usable_moment(&self) -> Option<Moment> {
        Some(self.moment).filter(|_| self.same_clock)
    }

    /// Asks for the names of these threads (ids as in the writer's pid namespace) as they are now. The board
    /// has the name of a thread's first probe; while the process lives, the kernel knows better.
    pub fn name_threads(&mut self, tids: impl Iterator<Item = u64>) {
        let (Some(pid), Some(tasks), None) = (self.host_pid, &mut self.tasks, self.saved_wall_ns)
        else {
            return;
        };
        let wanted: std::collections::HashSet<u64> = tids.collect();
        for task in tasks.iter_mut().filter(|task| wanted.contains(&u64::from(task.tid))) {
            // Those of another pid namespace were named when they were listed.
            if task.name.is_empty() {
                task.name = task_name(pid, task.tid);
            }
        }
    }

    /// A thread with its name.
    pub fn named(&self, task: &Task) -> Task {
        match self.host_pid {
            Some(pid) if task.name.is_empty() && self.saved_wall_ns.is_none() => {
                Task { tid: task.tid, name: task_name(pid, task.tid) }
            }
            _ => task.clone(),
        }
    }
}

/// A thread's name as it is now; empty where nobody can be asked.
fn task_name(pid: u32, tid: u32) -> String {
    #[cfg(target_os = "linux")]
    return proc::task_name(pid, tid);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (pid, tid);
        String::new()
    }
}
