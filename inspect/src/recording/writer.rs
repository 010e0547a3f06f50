//! Entries into bytes. What is new in a second goes into two chunks: the words of the dictionary, then
//! the samples, which begin with where every thread is, so that each second can be read without the one
//! before (after damage).

use std::collections::HashMap;
use std::io::{self, Write};

use super::wire::{crc32, put, put_text};
use super::{Entry, MAGIC, Sink, VERSION};

/// Kind of a chunk of the dictionary.
pub(super) const DICTIONARY: u8 = b'D';
/// Kind of a chunk of samples.
pub(super) const SAMPLES: u8 = b'S';
/// Kind of the last chunk.
pub(super) const END: u8 = b'E';
/// Bytes of a chunk that are believed at most, unpacked.
pub(super) const MAX_CHUNK: usize = 8 << 20;
/// Nanoseconds after which a chunk is closed.
const CHUNK_NS: u64 = 900_000_000;
/// Effort of the packer: what is packed is small, and it is packed once a second.
const EFFORT: u8 = 6;

/// Writes a recording. Whole chunks only, each by one call: a kill loses what was not yet written, at
/// most a second, and damages nothing before it.
pub struct Writer<W> {
    out: W,
    dictionary: Vec<u8>,
    /// Groups of a run of ticks and what changed after it.
    samples: Vec<u8>,
    /// Changes since the last tick: local index of the thread, what.
    changes: Vec<(u32, Change)>,
    run: u64,
    missed: u64,
    /// Moment of the first tick of the chunk.
    base_ns: Option<u64>,
    last_ns: u64,
    period_ns: u64,
    /// Where each thread is, in the order of local indexes.
    places: Vec<Option<(u32, u32)>>,
    local: HashMap<u32, u32>,
    threads: u32,
    /// The state at the start of the chunk.
    opening: Vec<(u32, u32)>,
    hits: Vec<(u32, u64)>,
    bytes: u64,
}

#[derive(Clone, Copy)]
enum Change {
    At(u32),
    Torn,
    Gone,
    New(u32, u32),
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    pub fn new(out: W) -> Self {
        Self {
            out,
            dictionary: Vec::new(),
            samples: Vec::new(),
            changes: Vec::new(),
            run: 0,
            missed: 0,
            base_ns: None,
            last_ns: 0,
            period_ns: 1_000_000,
            places: Vec::new(),
            local: HashMap::new(),
            threads: 0,
            opening: Vec::new(),
            hits: Vec::new(),
            bytes: 0,
        }
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// A header of 16 bytes and the packed payload.
    fn chunk(kind: u8, payload: &[u8]) -> Vec<u8> {
        let packed = miniz_oxide::deflate::compress_to_vec(payload, EFFORT);
        let mut chunk = Vec::with_capacity(packed.len() + 16);
        chunk.extend_from_slice(&[kind, 0, 0, 0]);
        for word in [packed.len() as u32, payload.len() as u32, crc32(&packed)] {
            chunk.extend_from_slice(&word.to_le_bytes());
        }
        chunk.extend_from_slice(&packed);
        chunk
    }

    /// Writes out the dictionary so far: always before samples that use it.
    fn close_dictionary(&mut self) -> io::Result<()> {
        if self.dictionary.is_empty() {
            return Ok(());
        }
        let chunk = Self::chunk(DICTIONARY, &std::mem::take(&mut self.dictionary));
        self.write(&chunk)
    }

    /// A run of ticks, then the changes after it.
    fn close_group(&mut self) {
        if self.changes.is_empty() && self.missed == 0 {
            return;
        }
        put(&mut self.samples, self.run);
        self.run = 0;
        // Stable: what was said first of a thread is said first.
        self.changes.sort_by_key(|(local, _)| *local);
        put(&mut self.samples, self.changes.len() as u64 * 2 + u64::from(self.missed > 0));
        if self.missed > 0 {
            put(&mut self.samples, std::mem::take(&mut self.missed));
        }
        let mut before = 0;
        for (local, change) in self.changes.drain(..) {
            let gap = u64::from(local - before) * 4;
            before = local;
            match change {
                Change::At(stack) => {
                    put(&mut self.samples, gap);
                    put(&mut self.samples, stack.into());
                }
                Change::Torn => put(&mut self.samples, gap | 1),
                Change::Gone => put(&mut self.samples, gap | 2),
                Change::New(thread, stack) => {
                    put(&mut self.samples, gap | 3);
                    put(&mut self.samples, thread.into());
                    put(&mut self.samples, stack.into());
                }
            }
        }
    }

    fn close_samples(&mut self) -> io::Result<()> {
        self.close_dictionary()?;
        // Changes after the last tick belong to the next chunk, which begins with where all are.
        let pending = std::mem::take(&mut self.changes);
        let missed = std::mem::take(&mut self.missed);
        let mut payload = Vec::with_capacity(self.samples.len() + 64);
        put(&mut payload, self.base_ns.unwrap_or(self.last_ns));
        put(&mut payload, self.opening.len() as u64);
        for (thread, stack) in &self.opening {
            put(&mut payload, (*thread).into());
            put(&mut payload, (*stack).into());
        }
        put(&mut payload, self.hits.len() as u64);
        for (site, passes) in self.hits.drain(..) {
            put(&mut payload, site.into());
            put(&mut payload, passes);
        }
        payload.append(&mut self.samples);
        put(&mut payload, std::mem::take(&mut self.run));
        put(&mut payload, 0);
        let chunk = Self::chunk(SAMPLES, &payload);
        self.base_ns = None;
        self.places.retain(Option::is_some);
        self.opening = self.places.iter().flatten().copied().collect();
        self.local =
            (0..).zip(&self.opening).map(|(local, (thread, _))| (*thread, local)).collect();
        self.missed = missed;
        // Torn is of one tick, and is said again; the rest stands in the opening.
        let torn = pending.iter().filter(|(_, change)| matches!(change, Change::Torn));
        debug_assert_eq!(torn.count(), 0, "chunks are closed after a tick, not before one");
        self.write(&chunk)
    }

    fn text(&mut self, kind: u8, numbers: &[u64], texts: &[&str]) {
        self.dictionary.push(kind);
        numbers.iter().for_each(|&number| put(&mut self.dictionary, number));
        texts.iter().for_each(|text| put_text(&mut self.dictionary, text));
    }

    fn at(&mut self, thread: u32, stack: u32) {
        match self.local.get(&thread) {
            Some(&local) => {
                if let Some(place) = self.places.get_mut(local as usize) {
                    *place = Some((thread, stack));
                }
                self.changes.push((local, Change::At(stack)));
            }
            None => {
                let local = self.places.len() as u32;
                self.places.push(Some((thread, stack)));
                self.local.insert(thread, local);
                self.changes.push((local, Change::New(thread, stack)));
            }
        }
    }

    fn ticks(&mut self, at_ns: u64, count: u64) -> io::Result<()> {
        if self.base_ns.is_none() {
            self.base_ns = Some(at_ns);
        }
        self.close_group();
        self.run += count;
        self.last_ns = at_ns + (count - 1) * self.period_ns;
        let since = self.base_ns.map_or(0, |base| self.last_ns.saturating_sub(base));
        if since >= CHUNK_NS || self.samples.len() >= MAX_CHUNK / 4 {
            self.close_samples()
        } else {
            Ok(())
        }
    }
}

impl<W: Write> Sink for Writer<W> {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Start { rate_mhz, wall_ns } => {
                self.period_ns = 1_000_000_000_000 / (*rate_mhz).max(1);
                let words = [MAGIC, VERSION, *rate_mhz, *wall_ns];
                let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                self.write(&head)?;
            }
            Entry::Board(board) => {
                let numbers = [board.pid, board.instance, board.built_ns];
                let texts = [board.name.raw(), board.build.raw(), board.program.raw()];
                self.text(1, &numbers, &texts);
            }
            Entry::Site(site) => {
                let flags =
                    site.class as u64 | u64::from(site.scope) << 2 | u64::from(site.counted) << 3;
                let numbers = [site.board.into(), site.line.into(), site.column.into(), flags];
                self.text(2, &numbers, &[site.file.raw(), site.function.raw(), site.label.raw()]);
            }
            Entry::Stack(sites) => {
                self.text(3, &[sites.len() as u64], &[]);
                sites.iter().for_each(|&site| put(&mut self.dictionary, site.into()));
            }
            Entry::Thread { board, tid, name } => {
                self.threads += 1;
                self.text(4, &[u64::from(*board), *tid], &[name.raw()]);
            }
            Entry::At { thread, stack } => self.at(*thread, *stack),
            Entry::Torn { thread } => {
                if let Some(&local) = self.local.get(thread) {
                    self.changes.push((local, Change::Torn));
                }
            }
            Entry::Gone { thread } => {
                if let Some(local) = self.local.remove(thread) {
                    if let Some(place) = self.places.get_mut(local as usize) {
                        *place = None;
                    }
                    self.changes.push((local, Change::Gone));
                }
            }
            Entry::Ticks { at_ns, count } if *count > 0 => self.ticks(*at_ns, *count)?,
            Entry::Ticks { .. } => {}
            Entry::Missed(ticks) => self.missed += ticks,
            Entry::Hits { site, passes } => self.hits.push((*site, *passes)),
            Entry::BoardEnd { board, verdict } => {
                self.text(5, &[(*board).into()], &[verdict.raw()]);
            }
            Entry::End { duration_ns, why } => {
                if self.run > 0 || !self.hits.is_empty() {
                    self.close_samples()?;
                }
                self.close_dictionary()?;
                let mut payload = Vec::new();
                put(&mut payload, *duration_ns);
                put(&mut payload, self.missed);
                put_text(&mut payload, why.raw());
                let chunk = Self::chunk(END, &payload);
                self.write(&chunk)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
impl<W> Writer<W> {
    /// What was written.
    pub(super) fn into_inner(self) -> W {
        self.out
    }
}
