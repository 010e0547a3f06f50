//! The last seconds of what a sampler saw, in bounded memory, for a recording that is only wanted when
//! something happens. Old seconds are dropped whole; each begins with where every thread was.
//!
//! What grows with time is bounded: entries by [`MAX_EVENTS`], threads by those that some kept second
//! shows. Sites and stacks are as many as the program has.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use super::entry::{BoardInfo, Entry, Sink, SiteInfo};
use crate::words::label::Label;

/// Entries that are kept at most: 64 MiB of them.
pub const MAX_EVENTS: usize = 4 << 20;
/// Entries after which a second is closed early, so that dropping one frees little at a time.
const MAX_SECOND: usize = MAX_EVENTS / 16;
/// Length of what is dropped at once, ns.
const SECOND_NS: u64 = 1_000_000_000;

/// An entry without text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    At { thread: u32, stack: u32 },
    Torn { thread: u32 },
    Gone { thread: u32 },
    Ticks { at_ns: u64, count: u32 },
    Missed(u64),
    Hits { site: u32, passes: u64 },
}

const _: () = assert!(size_of::<Event>() == 16, "MAX_EVENTS says how much memory that is");

/// About a second.
#[derive(Debug, Default)]
pub(super) struct Second {
    /// Where every thread is at its start.
    pub(super) opening: Vec<(u32, u32)>,
    pub(super) events: Vec<Event>,
    /// Who kept whom waiting: waiter, stack, who could act, where, ticks.
    pub(super) blamed: Vec<([u32; 4], u64)>,
    /// Moment of its first tick and of the end of its last, ns.
    pub(super) span: Option<(u64, u64)>,
}

impl Second {
    fn size(&self) -> usize {
        self.opening.len() + self.events.len() + 2 * self.blamed.len()
    }
}

/// A thread that some kept second shows.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Index of its board.
    pub board: u32,
    /// Thread id.
    pub tid: u64,
    /// Name.
    pub name: Label,
    /// Where it is, and since when, ns; `None`: it is gone.
    place: Option<(u32, u64)>,
}

/// The last seconds.
#[derive(Debug)]
pub struct Ring {
    keep_ns: u64,
    max_events: usize,
    pub(super) rate_mhz: u64,
    pub(super) wall_ns: u64,
    pub(super) boards: Vec<BoardInfo>,
    pub(super) ends: Vec<(u32, Label)>,
    /// Threads out of sight and without room, by board, as last said.
    pub(super) unseen: BTreeMap<u32, (u64, u64)>,
    pub(super) sites: Vec<SiteInfo>,
    pub(super) stacks: Vec<Box<[u32]>>,
    pub(super) threads: BTreeMap<u32, Seen>,
    next_thread: u32,
    /// Passes of each counted site when the oldest kept second began.
    pub(super) passes: BTreeMap<u32, u64>,
    pub(super) old: VecDeque<Second>,
    pub(super) now: Second,
    /// Entries in `old`.
    events: usize,
    /// End of the last tick, ns.
    pub(super) now_ns: u64,
    /// Whether memory was the limit, not time.
    cut: bool,
}

impl Ring {
    /// Keeps the last `keep_ns`, to the second and a little more.
    pub fn new(keep_ns: u64) -> Self {
        Self {
            keep_ns,
            max_events: MAX_EVENTS,
            rate_mhz: 1_000_000,
            wall_ns: 0,
            boards: Vec::new(),
            ends: Vec::new(),
            unseen: BTreeMap::new(),
            sites: Vec::new(),
            stacks: Vec::new(),
            threads: BTreeMap::new(),
            next_thread: 0,
            passes: BTreeMap::new(),
            old: VecDeque::new(),
            now: Second::default(),
            events: 0,
            now_ns: 0,
            cut: false,
        }
    }

    /// End of the last tick since the start of the sampling, ns.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Whether less is kept than was asked for, because memory was the limit.
    pub fn cut(&self) -> bool {
        self.cut
    }

    /// A board.
    pub fn board(&self, index: u32) -> Option<&BoardInfo> {
        self.boards.get(index as usize)
    }

    /// The processes that ended: board and how.
    pub fn ends(&self) -> &[(u32, Label)] {
        &self.ends
    }

    /// Every thread that is somewhere: the thread, the line, and for how long no other line was seen, ns.
    pub fn standing(&self) -> impl Iterator<Item = (&Seen, &SiteInfo, u64)> {
        self.threads.values().filter_map(|seen| self.stood(seen))
    }

    /// The same of one thread, by its number.
    pub fn one_standing(&self, thread: u32) -> Option<(&Seen, &SiteInfo, u64)> {
        self.stood(self.threads.get(&thread)?)
    }

    fn stood<'a>(&'a self, seen: &'a Seen) -> Option<(&'a Seen, &'a SiteInfo, u64)> {
        let (stack, since) = seen.place?;
        let leaf = *self.stacks.get(stack as usize)?.last()?;
        let site = self.sites.get(leaf as usize)?;
        Some((seen, site, self.now_ns.saturating_sub(since)))
    }

    fn period_ns(&self) -> u64 {
        1_000_000_000_000 / self.rate_mhz.max(1)
    }

    fn ticks(&mut self, at_ns: u64, count: u64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let period = self.period_ns();
        let end = at_ns.saturating_add(u64::from(count).saturating_mul(period));
        self.now_ns = end;
        // A run of ticks without a change is one event.
        match self.now.events.last_mut() {
            Some(Event::Ticks { at_ns: first, count: run })
                if first.saturating_add(u64::from(*run) * period) == at_ns
                    && run.checked_add(count).is_some() =>
            {
                *run += count;
            }
            _ => self.now.events.push(Event::Ticks { at_ns, count }),
        }
        let start = self.now.span.map_or(at_ns, |(start, _)| start);
        self.now.span = Some((start, end));
        if end.saturating_sub(start) >= SECOND_NS || self.now.size() >= MAX_SECOND {
            self.close();
        }
    }

    /// Ends a second, and drops those that are too old or too many.
    fn close(&mut self) {
        let opening: Vec<(u32, u32)> = self
            .threads
            .iter()
            .filter_map(|(&thread, seen)| Some((thread, seen.place?.0)))
            .collect();
        let done = std::mem::replace(&mut self.now, Second { opening, ..Second::default() });
        self.events += done.size();
        self.old.push_back(done);
        let limit = self.now_ns.saturating_sub(self.keep_ns);
        while let Some(first) = self.old.front() {
            let past = first.span.is_none_or(|(_, end)| end < limit);
            let many = self.events > self.max_events;
            if !past && !many {
                break;
            }
            self.cut |= !past;
            if let Some(second) = self.old.pop_front() {
                self.forget(&second);
            }
        }
    }

    fn forget(&mut self, second: &Second) {
        self.events -= second.size();
        for event in &second.events {
            match event {
                Event::Hits { site, passes } => {
                    self.passes.insert(*site, *passes);
                }
                Event::Gone { thread } => {
                    self.threads.remove(thread);
                }
                _ => {}
            }
        }
    }
}

impl Sink for Ring {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Start { rate_mhz, wall_ns } => {
                (self.rate_mhz, self.wall_ns) = (*rate_mhz, *wall_ns);
            }
            Entry::Board(board) => self.boards.push(board.clone()),
            Entry::Site(site) => self.sites.push(site.clone()),
            Entry::Stack(sites) => self.stacks.push(sites.as_slice().into()),
            Entry::Thread { board, tid, name } => {
                let seen = Seen { board: *board, tid: *tid, name: name.clone(), place: None };
                self.threads.insert(self.next_thread, seen);
                self.next_thread += 1;
            }
            Entry::At { thread, stack } => {
                let now = self.now_ns;
                if let Some(seen) = self.threads.get_mut(thread) {
                    seen.place = Some((*stack, now));
                    self.now.events.push(Event::At { thread: *thread, stack: *stack });
                }
            }
            Entry::Torn { thread } => self.now.events.push(Event::Torn { thread: *thread }),
            Entry::Gone { thread } => {
                if let Some(seen) = self.threads.get_mut(thread) {
                    seen.place = None;
                    self.now.events.push(Event::Gone { thread: *thread });
                }
            }
            Entry::Ticks { count: 0, .. } => {}
            Entry::Ticks { at_ns, count } => self.ticks(*at_ns, *count),
            Entry::Missed(ticks) => self.now.events.push(Event::Missed(*ticks)),
            Entry::Hits { site, passes } => {
                self.now.events.push(Event::Hits { site: *site, passes: *passes });
            }
            Entry::Blamed { thread, stack, by, at, ticks } => {
                self.now.blamed.push(([*thread, *stack, *by, *at], *ticks));
            }
            Entry::Renamed { thread, name } => {
                if let Some(seen) = self.threads.get_mut(thread) {
                    name.clone_into(&mut seen.name);
                }
            }
            Entry::Unseen { board, threads, without_room } => {
                self.unseen.insert(*board, (*threads, *without_room));
            }
            Entry::BoardEnd { board, verdict } => self.ends.push((*board, verdict.clone())),
            Entry::End { .. } => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
