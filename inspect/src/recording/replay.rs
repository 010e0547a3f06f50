//! A ring as a recording, and what comes after it.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use super::entry::{Entry, Sink};
use super::ring::{Event, Ring};
use super::writer::Writer;
use crate::words::label::Label;

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
    live: HashSet<u32>,
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
        for (&board, &(threads, without_room)) in &ring.unseen {
            replay.writer.put(&Entry::Unseen { board, threads, without_room })?;
        }
        for (&site, &passes) in &ring.passes {
            replay.writer.put(&Entry::Hits { site, passes })?;
        }
        let opening = seconds().next().map(|second| second.opening.as_slice()).unwrap_or_default();
        for &(thread, stack) in opening {
            replay.event(ring, Event::At { thread, stack })?;
        }
        for second in seconds() {
            second.events.iter().try_for_each(|event| replay.event(ring, *event))?;
            second.blamed.iter().try_for_each(|one| replay.blamed(ring, one))?;
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
            Entry::Board(_) | Entry::Site(_) | Entry::Unseen { .. } => self.writer.put(entry),
            // One that was not introduced yet will be, by its new name.
            Entry::Renamed { thread, name } => match self.threads.get(thread) {
                Some(&thread) => self.writer.put(&Entry::Renamed { thread, name: name.clone() }),
                None => Ok(()),
            },
            Entry::At { thread, stack } => {
                self.event(ring, Event::At { thread: *thread, stack: *stack })
            }
            Entry::Torn { thread } => self.event(ring, Event::Torn { thread: *thread }),
            Entry::Gone { thread } => self.event(ring, Event::Gone { thread: *thread }),
            Entry::Ticks { at_ns, count } => {
                let count = u32::try_from(*count).unwrap_or(u32::MAX);
                self.event(ring, Event::Ticks { at_ns: *at_ns, count })
            }
            Entry::Blamed { thread, stack, by, at, ticks } => {
                self.blamed(ring, &([*thread, *stack, *by, *at], *ticks))
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

    fn blamed(&mut self, ring: &Ring, (who, ticks): &([u32; 4], u64)) -> io::Result<()> {
        let [thread, stack, by, at] = *who;
        let threads = self.thread(ring, thread)?.zip(self.thread(ring, by)?);
        let stacks = self.stack(ring, stack)?.zip(self.stack(ring, at)?);
        let (Some((thread, by)), Some((stack, at))) = (threads, stacks) else { return Ok(()) };
        self.writer.put(&Entry::Blamed { thread, stack, by, at, ticks: *ticks })
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
