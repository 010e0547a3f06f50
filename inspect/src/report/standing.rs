//! Long times at one line, without any other line seen in between.

use probe::layout::Class;

use super::stall::Stall;
use super::tally::Tally;

/// More than the time between two readings of passes: what was read later is of this stall alone.
const READING_NS: u64 = 1_200_000_000;
/// Stalls that are kept.
const MAX_STALLS: usize = 256;

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
        let counted = self.counted_site(cell).is_some();
        let passes = counted.then_some(self.threads[thread as usize].passes);
        self.stalls.push(Stall { thread, cell, start_ns, length_ns, open, passes });
        if self.stalls.len() >= 2 * MAX_STALLS {
            self.keep_longest();
        }
    }

    /// The site of a cell's line, where its passes are counted.
    fn counted_site(&self, cell: usize) -> Option<u32> {
        let stack = self.cells.get(cell)?.stack?;
        let site = *self.stacks.get(stack as usize)?.last()?;
        self.sites.get(site as usize).filter(|site| site.counted).map(|_| site)
    }

    /// A site was passed so often since it was last read. Its threads that came before that reading are
    /// not simply standing there.
    pub(super) fn passed(&mut self, site: u32, times: u64) {
        if times == 0 {
            return;
        }
        self.work += self.live.len() as u64;
        let now = self.now_ns();
        let here = |tally: &Self, thread: u32| {
            let (cell, since) = tally.threads.get(thread as usize)?.still?;
            let long = now.saturating_sub(since) > READING_NS;
            (long && tally.counted_site(cell) == Some(site)).then_some(())
        };
        for index in 0..self.live.len() {
            let thread = self.live[index];
            if here(self, thread).is_some() {
                let passes = &mut self.threads[thread as usize].passes;
                *passes = passes.saturating_add(times);
            }
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
