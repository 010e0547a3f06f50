//! The last seconds of what a sampler saw, in bounded memory, for a recording that is only wanted when
//! something happens. Old seconds are dropped whole; each begins with where every thread was.
//!
//! What grows with time is bounded: entries by [`MAX_EVENTS`], threads by those that some kept second
//! shows. Sites and stacks are as many as the program has.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, Write};

use super::{BoardInfo, Entry, Sink, SiteInfo, Writer};
use crate::snapshot::Label;

/// Entries that are kept at most: 64 MiB of them.
pub const MAX_EVENTS: usize = 4 << 20;
/// Entries after which a second is closed early, so that dropping one frees little at a time.
const MAX_SECOND: usize = MAX_EVENTS / 16;
/// Length of what is dropped at once, ns.
const SECOND_NS: u64 = 1_000_000_000;

/// An entry without text.
#[derive(Clone, Copy, Debug)]
enum Event {
    At { thread: u32, stack: u32 },
    Torn { thread: u32 },
    Gone { thread: u32 },
    Ticks { at_ns: u64, count: u32 },
    Missed(u64),
    Hits { site: u32, passes: u64 },
}

/// About a second.
#[derive(Debug, Default)]
struct Second {
    /// Where every thread is at its start.
    opening: Vec<(u32, u32)>,
    events: Vec<Event>,
    /// Moment of its first tick and of the end of its last, ns.
    span: Option<(u64, u64)>,
}

impl Second {
    fn size(&self) -> usize {
        self.opening.len() + self.events.len()
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
    rate_mhz: u64,
    wall_ns: u64,
    boards: Vec<BoardInfo>,
    ends: Vec<(u32, Label)>,
    sites: Vec<SiteInfo>,
    stacks: Vec<Box<[u32]>>,
    threads: BTreeMap<u32, Seen>,
    next_thread: u32,
    /// Passes of each counted site when the oldest kept second began.
    passes: BTreeMap<u32, u64>,
    old: VecDeque<Second>,
    now: Second,
    /// Entries in `old`.
    events: usize,
    /// End of the last tick, ns.
    now_ns: u64,
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
        self.threads.values().filter_map(|seen| {
            let (stack, since) = seen.place?;
            let leaf = *self.stacks.get(stack as usize)?.last()?;
            let site = self.sites.get(leaf as usize)?;
            Some((seen, site, self.now_ns.saturating_sub(since)))
        })
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
            Entry::BoardEnd { board, verdict } => self.ends.push((*board, verdict.clone())),
            Entry::End { .. } => {}
        }
        Ok(())
    }
}

/// A recording made of a ring, and of what comes after it. Stacks and threads get new numbers: the old
/// ones count also what was dropped.
pub struct Replay<W> {
    writer: Writer<W>,
    /// What the moments are counted from, ns.
    start_ns: u64,
    threads: HashMap<u32, u32>,
    stacks: HashMap<u32, u32>,
    ends: usize,
    /// Ticks written, and samples in them.
    pub ticks: u64,
    /// Threads looked at, over all ticks.
    pub samples: u64,
    /// Ticks that were due and not delivered.
    pub missed: u64,
    live: std::collections::HashSet<u32>,
}

impl<W: Write> Replay<W> {
    /// Writes all that the ring keeps.
    ///
    /// # Errors
    /// It could not be written.
    pub fn begin(out: W, ring: &Ring) -> io::Result<Self> {
        let seconds = || ring.old.iter().chain([&ring.now]);
        let first = seconds().find_map(|second| second.span);
        let start_ns = first.map_or(ring.now_ns, |(start, _)| start);
        let mut replay = Self {
            writer: Writer::new(out),
            start_ns,
            threads: HashMap::new(),
            stacks: HashMap::new(),
            ends: 0,
            ticks: 0,
            samples: 0,
            missed: 0,
            live: Default::default(),
        };
        let wall_ns = ring.wall_ns.saturating_add(start_ns);
        replay.writer.put(&Entry::Start { rate_mhz: ring.rate_mhz, wall_ns })?;
        ring.boards.iter().try_for_each(|board| replay.writer.put(&Entry::Board(board.clone())))?;
        ring.sites.iter().try_for_each(|site| replay.writer.put(&Entry::Site(site.clone())))?;
        for (&site, &passes) in &ring.passes {
            replay.writer.put(&Entry::Hits { site, passes })?;
        }
        let opening = seconds().next().map(|second| second.opening.as_slice()).unwrap_or_default();
        for &(thread, stack) in opening {
            replay.event(ring, Event::At { thread, stack })?;
        }
        for event in seconds().flat_map(|second| &second.events) {
            replay.event(ring, *event)?;
        }
        replay.said_ends(ring)?;
        Ok(replay)
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// One more entry, which the ring has taken before.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put(&mut self, ring: &Ring, entry: &Entry) -> io::Result<()> {
        match entry {
            // Numbered as in the ring: all of them were written.
            Entry::Board(_) | Entry::Site(_) => self.writer.put(entry),
            Entry::At { thread, stack } => {
                self.event(ring, Event::At { thread: *thread, stack: *stack })
            }
            Entry::Torn { thread } => self.event(ring, Event::Torn { thread: *thread }),
            Entry::Gone { thread } => self.event(ring, Event::Gone { thread: *thread }),
            Entry::Ticks { at_ns, count } => {
                let count = u32::try_from(*count).unwrap_or(u32::MAX);
                self.event(ring, Event::Ticks { at_ns: *at_ns, count })
            }
            Entry::Missed(ticks) => self.event(ring, Event::Missed(*ticks)),
            Entry::Hits { site, passes } => {
                self.event(ring, Event::Hits { site: *site, passes: *passes })
            }
            Entry::BoardEnd { .. } => self.said_ends(ring),
            // Introduced when they are first used; begun and ended by their own calls.
            Entry::Stack(_) | Entry::Thread { .. } | Entry::Start { .. } | Entry::End { .. } => {
                Ok(())
            }
        }
    }

    /// Ends the recording. Returns the time that it covers, ns.
    ///
    /// # Errors
    /// It could not be written.
    pub fn end(&mut self, ring: &Ring, why: &str) -> io::Result<u64> {
        let duration_ns = ring.now_ns.saturating_sub(self.start_ns);
        self.writer.put(&Entry::End { duration_ns, why: Label::from(why) })?;
        Ok(duration_ns)
    }

    fn event(&mut self, ring: &Ring, event: Event) -> io::Result<()> {
        let entry = match event {
            Event::At { thread, stack } => {
                let Some(thread) = self.thread(ring, thread)? else { return Ok(()) };
                let Some(stack) = self.stack(ring, stack)? else { return Ok(()) };
                self.live.insert(thread);
                Entry::At { thread, stack }
            }
            Event::Torn { thread } => match self.threads.get(&thread) {
                Some(&thread) => Entry::Torn { thread },
                None => return Ok(()),
            },
            Event::Gone { thread } => match self.threads.get(&thread) {
                Some(&thread) => {
                    self.live.remove(&thread);
                    Entry::Gone { thread }
                }
                None => return Ok(()),
            },
            Event::Ticks { at_ns, count } => {
                self.ticks += u64::from(count);
                self.samples += u64::from(count) * self.live.len() as u64;
                Entry::Ticks { at_ns: at_ns.saturating_sub(self.start_ns), count: count.into() }
            }
            Event::Missed(ticks) => {
                self.missed += ticks;
                Entry::Missed(ticks)
            }
            Event::Hits { site, passes } => Entry::Hits { site, passes },
        };
        self.writer.put(&entry)
    }

    fn said_ends(&mut self, ring: &Ring) -> io::Result<()> {
        for (board, verdict) in ring.ends.get(self.ends..).unwrap_or_default() {
            self.writer.put(&Entry::BoardEnd { board: *board, verdict: verdict.clone() })?;
        }
        self.ends = ring.ends.len();
        Ok(())
    }

    fn thread(&mut self, ring: &Ring, thread: u32) -> io::Result<Option<u32>> {
        if let Some(&known) = self.threads.get(&thread) {
            return Ok(Some(known));
        }
        let Some(seen) = ring.threads.get(&thread) else { return Ok(None) };
        let (board, tid, name) = (seen.board, seen.tid, seen.name.clone());
        self.writer.put(&Entry::Thread { board, tid, name })?;
        let number = self.threads.len() as u32;
        self.threads.insert(thread, number);
        Ok(Some(number))
    }

    fn stack(&mut self, ring: &Ring, stack: u32) -> io::Result<Option<u32>> {
        if let Some(&known) = self.stacks.get(&stack) {
            return Ok(Some(known));
        }
        let Some(sites) = ring.stacks.get(stack as usize) else { return Ok(None) };
        self.writer.put(&Entry::Stack(sites.to_vec()))?;
        let number = self.stacks.len() as u32;
        self.stacks.insert(stack, number);
        Ok(Some(number))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use probe::layout::Class;

    use super::*;
    use crate::recording::Recording;

    fn site(line: u32) -> Entry {
        let text = Label::from;
        let (file, function, label) = (text("a.rs"), text("a::f"), text("here"));
        let (class, scope, counted) = (Class::Work, false, true);
        Entry::Site(SiteInfo {
            board: 0,
            file,
            line,
            column: 1,
            function,
            label,
            class,
            scope,
            counted,
        })
    }

    /// Each second a new thread appears, is at another of two lines in turn at every tick, and goes.
    fn fed(keep_s: u64, seconds: u64, max_events: usize) -> Ring {
        let mut ring = Ring { max_events, ..Ring::new(keep_s * SECOND_NS) };
        let text = Label::from;
        let board = BoardInfo {
            name: text("d"),
            pid: 7,
            instance: 1,
            build: text(""),
            program: text(""),
            built_ns: 0,
        };
        let mut put = |entry: Entry| ring.put(&entry).expect("memory");
        put(Entry::Start { rate_mhz: 1_000_000, wall_ns: 5 });
        put(Entry::Board(board));
        put(site(10));
        put(site(11));
        put(Entry::Stack(vec![0]));
        put(Entry::Stack(vec![1]));
        for second in 0..seconds {
            let thread = second as u32;
            let name = Label::from(format!("t{second}").as_str());
            put(Entry::Thread { board: 0, tid: second, name });
            for tick in 0..1000 {
                put(Entry::At { thread, stack: (tick % 2) as u32 });
                if tick == 500 {
                    put(Entry::Hits { site: 0, passes: second * 100 });
                }
                put(Entry::Ticks { at_ns: (second * 1000 + tick) * 1_000_000, count: 1 });
            }
            put(Entry::Gone { thread });
        }
        ring
    }

    fn entries(ring: &Ring) -> Vec<Entry> {
        let mut bytes = Vec::new();
        let mut replay = Replay::begin(&mut bytes, ring).expect("memory");
        replay.end(ring, "enough").expect("memory");
        drop(replay);
        let recording = Recording::from_bytes(bytes, Path::new("r")).expect("a recording");
        let mut entries = Vec::new();
        assert_eq!(recording.read(|entry| entries.push(entry)), Vec::<String>::new());
        entries
    }

    #[test]
    fn it_keeps_the_last_seconds_and_forgets_the_threads_of_the_others() {
        let ring = fed(3, 60, MAX_EVENTS);
        assert!(ring.threads.len() <= 5, "{} threads", ring.threads.len());
        assert!(!ring.cut());
        let entries = entries(&ring);
        let ticks: u64 = entries
            .iter()
            .map(|entry| if let Entry::Ticks { count, .. } = entry { *count } else { 0 })
            .sum();
        assert!((3000..=4000).contains(&ticks), "{ticks}");
        let names = entries.iter().filter_map(|entry| match entry {
            Entry::Thread { name, .. } => Some(name.raw().to_owned()),
            _ => None,
        });
        // The first of them was still there when the oldest second began, and went at once.
        assert_eq!(names.collect::<Vec<_>>(), ["t55", "t56", "t57", "t58", "t59"]);
        // Moments are counted from its own start; the clock says when that was.
        let wall = entries.iter().find_map(|entry| match entry {
            Entry::Start { wall_ns, .. } => Some(*wall_ns),
            _ => None,
        });
        assert_eq!(wall, Some(5 + 56 * SECOND_NS));
        let moments = entries.iter().filter_map(|entry| match entry {
            Entry::Ticks { at_ns, .. } => Some(*at_ns),
            _ => None,
        });
        assert_eq!(moments.min(), Some(0));
        // At every tick the thread is at the line it was at.
        let mut places: Vec<(u32, u32)> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::At { thread, stack } => Some((*thread, *stack)),
                _ => None,
            })
            .filter(|(thread, _)| *thread > 0)
            .collect();
        // Each chunk begins with where everybody is.
        places.dedup();
        let first = places[0].1;
        assert_eq!(places.len(), 4000);
        for (index, place) in (0u32..).zip(places) {
            assert_eq!(place, (index / 1000 + 1, (first + index) % 2));
        }
        // The passes before it began are the base of those in it.
        let hits: Vec<u64> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Hits { passes, .. } => Some(*passes),
                _ => None,
            })
            .collect();
        assert_eq!(hits, [5500, 5600, 5700, 5800, 5900]);
    }

    #[test]
    fn memory_is_a_limit_too_and_is_said() {
        let ring = fed(3600, 60, 10_000);
        assert!(ring.cut());
        assert!(ring.events <= 10_000, "{}", ring.events);
        assert!(entries(&ring).len() > 4000);
    }

    #[test]
    fn a_thread_stands_from_the_tick_that_saw_it_come() {
        let mut ring = fed(3, 1, MAX_EVENTS);
        let name = Label::from("still");
        ring.put(&Entry::Thread { board: 0, tid: 9, name }).expect("memory");
        ring.put(&Entry::At { thread: 1, stack: 1 }).expect("memory");
        ring.put(&Entry::Ticks { at_ns: SECOND_NS, count: 1500 }).expect("memory");
        let standing: Vec<_> = ring.standing().collect();
        assert_eq!(standing.len(), 1, "the other one is gone");
        assert_eq!((standing[0].1.line, standing[0].2), (11, 1_500_000_000));
    }
}
