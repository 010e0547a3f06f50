//! Entries into bytes. What is new in a second goes into two chunks: the words of the dictionary, then
//! the samples, which say where every thread is, so that each second can be read without the one
//! before (after damage).

use std::io::{self, Write};

use super::columns::Columns;
use super::entry::{Entry, MAGIC, Sink, VERSION};
use super::wire::{crc32, put, put_text};

/// Kind of a chunk of the dictionary.
pub(super) const DICTIONARY: u8 = b'D';
/// Kind of a chunk of samples.
pub(super) const SAMPLES: u8 = b'S';
/// Kind of a chunk of who kept whom waiting, behind its samples.
pub(super) const BLAME: u8 = b'B';
/// Kind of the last chunk.
pub(super) const END: u8 = b'E';
/// Bytes of a chunk that are believed at most, unpacked.
pub(super) const MAX_CHUNK: usize = 8 << 20;
/// Nanoseconds after which a chunk is closed.
const CHUNK_NS: u64 = 900_000_000;
/// Effort of the packer, which works between two ticks: for 64 threads that move at every tick, 6 takes ten
/// times as long as 2 (14 ms, as many ticks) and saves an eighth.
const EFFORT: u8 = 2;

/// Writes a recording. Whole chunks only, each by one call: a kill loses what was not yet written, at
/// most a second, and damages nothing before it.
pub struct Writer<W> {
    out: W,
    dictionary: Vec<u8>,
    columns: Columns,
    missed: u64,
    /// Moment of the first tick of the chunk.
    base_ns: Option<u64>,
    last_ns: u64,
    period_ns: u64,
    hits: Vec<(u32, u64)>,
    blamed: Vec<[u64; 5]>,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    pub fn new(out: W) -> Self {
        Self {
            out,
            dictionary: Vec::new(),
            columns: Columns::default(),
            missed: 0,
            base_ns: None,
            last_ns: 0,
            period_ns: 1_000_000,
            hits: Vec::new(),
            blamed: Vec::new(),
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

    fn close_samples(&mut self) -> io::Result<()> {
        self.close_dictionary()?;
        let mut payload = Vec::new();
        put(&mut payload, self.base_ns.take().unwrap_or(self.last_ns));
        put(&mut payload, self.hits.len() as u64);
        for (site, passes) in self.hits.drain(..) {
            put(&mut payload, site.into());
            put(&mut payload, passes);
        }
        self.columns.close(&mut payload);
        let chunk = Self::chunk(SAMPLES, &payload);
        self.write(&chunk)?;
        self.close_blame()
    }

    /// What is left, and the last chunk.
    fn end(&mut self, duration_ns: u64, why: &str) -> io::Result<()> {
        if !self.columns.is_empty() || !self.hits.is_empty() {
            self.close_samples()?;
        }
        self.close_blame()?;
        self.close_dictionary()?;
        let mut payload = Vec::new();
        put(&mut payload, duration_ns);
        put(&mut payload, self.missed);
        put_text(&mut payload, why);
        let chunk = Self::chunk(END, &payload);
        self.write(&chunk)
    }

    fn close_blame(&mut self) -> io::Result<()> {
        if self.blamed.is_empty() {
            return Ok(());
        }
        self.close_dictionary()?;
        let mut payload = Vec::new();
        put(&mut payload, self.blamed.len() as u64);
        self.blamed.drain(..).flatten().for_each(|number| put(&mut payload, number));
        let chunk = Self::chunk(BLAME, &payload);
        self.write(&chunk)
    }

    fn text(&mut self, kind: u8, numbers: &[u64], texts: &[&str]) {
        self.dictionary.push(kind);
        numbers.iter().for_each(|&number| put(&mut self.dictionary, number));
        texts.iter().for_each(|text| put_text(&mut self.dictionary, text));
    }

    fn ticks(&mut self, at_ns: u64, count: u64) -> io::Result<()> {
        let base = *self.base_ns.get_or_insert(at_ns);
        self.columns.ticks(count, std::mem::take(&mut self.missed));
        self.last_ns = at_ns + (count - 1) * self.period_ns;
        if self.last_ns.saturating_sub(base) >= CHUNK_NS || self.columns.is_full() {
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
                self.text(4, &[u64::from(*board), *tid], &[name.raw()]);
            }
            Entry::Renamed { thread, name } => self.text(6, &[(*thread).into()], &[name.raw()]),
            Entry::Unseen { board, threads, without_room } => {
                self.text(7, &[(*board).into(), *threads, *without_room], &[]);
            }
            Entry::At { thread, stack } => self.columns.at(*thread, *stack),
            Entry::Torn { thread } => self.columns.torn(*thread),
            Entry::Gone { thread } => self.columns.gone(*thread),
            Entry::Ticks { at_ns, count } if *count > 0 => self.ticks(*at_ns, *count)?,
            Entry::Ticks { .. } => {}
            Entry::Missed(ticks) => self.missed += ticks,
            Entry::Hits { site, passes } => self.hits.push((*site, *passes)),
            Entry::Blamed { thread, stack, by, at, ticks } => {
                let numbers = [*thread, *stack, *by, *at].map(u64::from);
                let [thread, stack, by, at] = numbers;
                self.blamed.push([thread, stack, by, at, *ticks]);
            }
            Entry::BoardEnd { board, verdict } => {
                self.text(5, &[(*board).into()], &[verdict.raw()]);
            }
            Entry::End { duration_ns, why } => self.end(*duration_ns, why.raw())?,
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
