//! Long times at one line, without any other line seen in between.

use probe::layout::Class;

use super::tally::Tally;

/// Stalls that are kept.
const MAX_STALLS: usize = 256;

/// A long time at one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// Index of the thread.
    pub thread: u32,
    /// Index of the cell.
    pub cell: usize,
    /// Since the start of the recording, ns.
    pub start_ns: u64,
    /// Length, ns.
    pub length_ns: u64,
    /// It had not ended.
    pub open: bool,
}

impl Tally {
    pub(super) fn stall(
        &mut self,
        thread: u32,
        cell: usize,
        start_ns: u64,
        end_ns: u64,
        open: bool,
    ) {
        let long = if self.options.stall_ns == 0 { 1_000_000_000 } else { self.options.stall_ns };
        let length_ns = end_ns.saturating_sub(start_ns);
        let class = self.class(&self.cells[cell]);
        let counts =
            matches!(class, Some(Class::Work | Class::Wait)) && self.shows(&self.cells[cell]);
        if length_ns < long || !counts {
            return;
        }
        self.stalls.push(Stall { thread, cell, start_ns, length_ns, open });
        if self.stalls.len() >= 2 * MAX_STALLS {
            self.keep_longest();
        }
    }

    pub(super) fn keep_longest(&mut self) {
        self.stalls.sort_by_key(|stall| (std::cmp::Reverse(stall.length_ns), stall.start_ns));
        self.stalls.truncate(MAX_STALLS);
    }

    /// For how long each thread that is not idle has been at one place, up to now: thread, cell, ns.
    pub fn standing(&self) -> impl Iterator<Item = (u32, usize, u64)> + '_ {
        self.live.iter().filter_map(|&thread| {
            let (cell, since) = self.threads[thread as usize].still?;
            let class = self.class(&self.cells[cell])?;
            let ns = self.now_ns().saturating_sub(since);
            (class != Class::Idle && self.shows(&self.cells[cell])).then_some((thread, cell, ns))
        })
    }
}
