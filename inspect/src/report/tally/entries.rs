//! What each entry of a recording does to the count, and what it leaves behind in memory.

use super::{MOST_HELD, Tally, Thread};
use crate::recording::{Entry, Sink};
use crate::words::glob::glob;
use crate::words::label::Label;

impl Tally {
    /// Takes one entry.
    pub fn take(&mut self, entry: &Entry) {
        self.work += 1;
        self.held += weight(entry);
        match entry {
            Entry::Start { rate_mhz, wall_ns } => {
                (self.rate_mhz, self.wall_ns) = (*rate_mhz, *wall_ns);
            }
            Entry::Board(board) => self.boards.push(board.clone()),
            Entry::Site(site) => self.sites.push(site.clone()),
            Entry::Stack(sites) => self.stacks.push(sites.clone()),
            Entry::Thread { board, tid, name } => {
                let pattern = self.options.thread.as_ref();
                self.threads.push(Thread {
                    board: *board,
                    tid: *tid,
                    name: name.clone(),
                    shown: pattern.is_none_or(|pattern| glob(pattern, name.raw())),
                    cell: None,
                    torn: false,
                    counted: None,
                    since: 0,
                    slot: 0,
                    cells: Vec::new(),
                    still: None,
                    passes: 0,
                    works_since: None,
                    parallel: 0.0,
                    worked: 0,
                });
            }
            Entry::At { thread, stack } => self.at(*thread, *stack),
            Entry::Torn { thread } => self.torn(*thread),
            Entry::Gone { thread } => self.gone(*thread),
            Entry::Ticks { at_ns, count } => self.ticks(*at_ns, *count),
            Entry::Blamed { thread, stack, by, at, ticks } => {
                self.blamed((*thread, *stack), (*by, *at), *ticks);
            }
            Entry::Missed(ticks) => self.missed = self.missed.saturating_add(*ticks),
            Entry::Hits { site, passes } => {
                self.hits_until = self.ticks;
                let known = self.hits.entry(*site).or_insert((*passes, *passes));
                let before = std::mem::replace(&mut known.1, *passes);
                self.passed(*site, passes.saturating_sub(before));
            }
            Entry::Renamed { thread, name } => self.renamed(*thread, name),
            Entry::Unseen { board, threads, without_room } => {
                let known = self.unseen.entry(*board).or_default();
                *known = (known.0.max(*threads), known.1.max(*without_room));
            }
            Entry::BoardEnd { board, verdict } => self.ends.push((*board, verdict.clone())),
            Entry::End { duration_ns, why } => {
                self.duration_ns = *duration_ns;
                self.why = Some(why.clone());
            }
        }
    }
}

impl Sink for Tally {
    fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
        self.take(entry);
        if self.held > MOST_HELD {
            return Err(std::io::Error::other(format!(
                "it needs more than {} MiB of memory; that is the limit",
                MOST_HELD >> 20
            )));
        }
        Ok(())
    }

    fn work(&self) -> u64 {
        self.work
    }
}

/// Bytes that an entry leaves behind, about.
fn weight(entry: &Entry) -> u64 {
    let text =
        |labels: &[&Label]| labels.iter().map(|label| label.raw().len() as u64 + 16).sum::<u64>();
    match entry {
        Entry::Board(board) => 128 + text(&[&board.name, &board.build, &board.program]),
        Entry::Site(site) => 128 + text(&[&site.file, &site.function, &site.label]),
        Entry::Stack(sites) => 40 + 4 * sites.len() as u64,
        Entry::Thread { name, .. } => 256 + text(&[name]),
        Entry::BoardEnd { verdict, .. } => 40 + text(&[verdict]),
        Entry::Hits { .. } | Entry::Unseen { .. } => 1,
        _ => 0,
    }
}
