//! What the kernel says of a sampled process's threads: how many there are, so that a profile tells how many
//! it does not see, and what they are called, since a thread may take another name after its first probe.

use probe::layout::{LostCopy, SectionKind};

use crate::derive::OWN_THREADS;
use crate::open_board::OpenBoard;
use crate::proc;
use crate::recording::{Entry, Sink};
use crate::snapshot::Board;
use crate::words::label::Label;

use super::board_sampler::BoardSampler;

/// Asks the kernel about one process, a little at a time.
#[derive(Debug)]
pub struct ProcessThreads {
    pid: u32,
    /// Thread ids on the board are those that we see.
    same_ids: bool,
    /// Threads that `probe` itself started.
    own: u64,
    /// The slot whose thread's name is asked for next.
    turn: usize,
    /// What was said last.
    said: Option<(u64, u64)>,
}

impl ProcessThreads {
    /// Those of a board's process; `None` where the process cannot be seen.
    pub fn of(board: &OpenBoard) -> Option<Self> {
        let pid = board.context.host_pid?;
        let tasks = proc::tasks(pid)?;
        let own = tasks
            .iter()
            .filter(|task| OWN_THREADS.contains(&proc::task_name(pid, task.tid).as_str()))
            .count();
        let same_ids = u64::from(pid) == board.board.header.pid;
        Some(Self { pid, same_ids, own: own as u64, turn: 0, said: None })
    }

    /// Says how many threads are out of sight, where that changed.
    pub(super) fn count(
        &mut self,
        board: &Board,
        sampler: &BoardSampler,
        sink: &mut dyn Sink,
    ) -> std::io::Result<()> {
        let Some(process) = proc::process(self.pid) else { return Ok(()) };
        let all = process.threads.saturating_sub(self.own);
        let unseen = all.saturating_sub(sampler.threads() as u64);
        let mut words = [0; LostCopy::BYTES / 8];
        if let Some(sect) = board.contents().get(SectionKind::Lost) {
            board.record(sect, 0, &mut words);
        }
        let found = (unseen, words[0]);
        if self.said == Some(found) || (self.said.is_none() && unseen == 0) {
            return Ok(());
        }
        self.said = Some(found);
        sink.put(&Entry::Unseen { board: sampler.board, threads: found.0, without_room: found.1 })
    }

    /// Asks for the name of the next thread in turn, and says it where it is another.
    pub(super) fn name(
        &mut self,
        sampler: &mut BoardSampler,
        sink: &mut dyn Sink,
    ) -> std::io::Result<()> {
        if !self.same_ids {
            return Ok(());
        }
        let Some((thread, tid, known)) = sampler.seated_from(&mut self.turn) else { return Ok(()) };
        let Ok(tid) = u32::try_from(tid) else { return Ok(()) };
        let name = Label::from(proc::task_name(self.pid, tid).as_str());
        // No name: it has just ended.
        if name.is_empty() || name == *known {
            return Ok(());
        }
        *known = name.clone();
        sink.put(&Entry::Renamed { thread, name })
    }
}
