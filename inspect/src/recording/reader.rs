//! Bytes into entries. A recording may come from anywhere: every number is checked against what was
//! introduced before it, every size against a bound, the work against a budget, and what cannot be
//! believed is left out and said. One chunk of it is in memory at a time.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::budget::Budget;
use super::columns;
use super::dictionary::{self, Known};
use super::entry::{Entry, MAGIC, OLDEST, Sink, VERSION};
use super::wire::{Bytes, crc32};
use super::writer::{BLAME, DICTIONARY, END, MAX_CHUNK, SAMPLES};
use crate::board_file::{BoardFile, Trust, read_at};
use crate::error::OpenError;
use crate::words::label::Label;

/// Missed ticks that are believed at once.
const MAX_RUN: u64 = 1 << 32;
/// Bytes of the head.
const HEAD: u64 = 32;
/// Bytes of the head of a chunk.
const CHUNK_HEAD: usize = 16;
/// Hit counts of a chunk at most.
const MAX_HITS: u32 = 1 << 20;

/// Where its bytes are.
#[derive(Debug)]
enum Bytesource {
    File(File, u64),
    #[cfg(test)]
    Memory(Vec<u8>),
}

/// A recording that was opened.
#[derive(Debug)]
pub struct Recording {
    source: Bytesource,
    path: PathBuf,
    /// Ticks wanted, a thousandth of one a second.
    pub rate_mhz: u64,
    /// When it began, ns since 1970.
    pub wall_ns: u64,
    /// Whether it tells who kept whom waiting: from version 4 on.
    pub tells_blame: bool,
    /// Steps that reading it took.
    steps: Cell<u64>,
}

/// Whether a file begins like a recording.
pub fn is_recording(path: &Path) -> bool {
    let mut word = [0; 8];
    let read = crate::patience::answers(path).is_ok()
        && path.is_file()
        && std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut word).is_ok());
    read && u64::from_le_bytes(word) == MAGIC
}

impl Recording {
    /// Opens a recording.
    ///
    /// # Errors
    /// [`OpenError`]: it cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let board = BoardFile::open(path, Trust::Named)?;
        Self::new(Bytesource::File(board.file, board.bytes), path)
    }

    /// A recording from its bytes.
    ///
    /// # Errors
    /// As [`Recording::open`].
    #[cfg(test)]
    pub(super) fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<Self, OpenError> {
        Self::new(Bytesource::Memory(bytes), path)
    }

    fn new(source: Bytesource, path: &Path) -> Result<Self, OpenError> {
        let mut recording = Self {
            source,
            path: path.to_owned(),
            rate_mhz: 0,
            wall_ns: 0,
            tells_blame: false,
            steps: Cell::new(0),
        };
        let not = |why: String| OpenError::NotABoard { path: path.to_owned(), why };
        let mut head = [0; HEAD as usize];
        if recording.fill(0, &mut head)? < head.len() {
            return Err(not("shorter than the head of a recording".into()));
        }
        let words: Vec<u64> =
            head.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let [magic, version, rate_mhz, wall_ns] = words[..] else {
            return Err(not("shorter than the head of a recording".into()));
        };
        if magic != MAGIC {
            return Err(not(format!("it begins with {magic:#018x}, not like a recording")));
        }
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(not(format!(
                "a recording of version {version}, this reads {OLDEST} to {VERSION}"
            )));
        }
        if !(1..=1_000_000_000).contains(&rate_mhz) {
            return Err(not(format!("a recording with a rate of {rate_mhz} mHz")));
        }
        (recording.rate_mhz, recording.wall_ns) = (rate_mhz, wall_ns);
        recording.tells_blame = version >= 4;
        Ok(recording)
    }

    /// Reads bytes from an offset on, as many as there are.
    fn fill(&self, at: u64, bytes: &mut [u8]) -> Result<usize, OpenError> {
        let read = |offset: usize, rest: &mut [u8]| match &self.source {
            Bytesource::File(file, _) => read_at(file, rest, at + offset as u64),
            #[cfg(test)]
            Bytesource::Memory(all) => {
                let from = all.get(at as usize + offset..).unwrap_or_default();
                let length = from.len().min(rest.len());
                rest[..length].copy_from_slice(&from[..length]);
                Ok(length)
            }
        };
        let mut filled = 0;
        while filled < bytes.len() {
            match read(filled, &mut bytes[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    let path = self.path.clone();
                    return Err(OpenError::Io { path, doing: "reading", source });
                }
            }
        }
        Ok(filled)
    }

    /// Time between two ticks, ns.
    pub fn period_ns(&self) -> u64 {
        1_000_000_000_000 / self.rate_mhz
    }

    /// Bytes of it.
    pub fn bytes(&self) -> u64 {
        match &self.source {
            Bytesource::File(_, bytes) => *bytes,
            #[cfg(test)]
            Bytesource::Memory(all) => all.len() as u64,
        }
    }

    /// Steps of work that reading it took: what bounds it.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Hands out every entry that can be believed, in order. Returns what could not, in words.
    ///
    /// # Errors
    /// [`OpenError::TooMuch`]: it costs more than its size allows, or more than the taker takes; and what
    /// reading said.
    pub fn read(&self, sink: &mut impl Sink) -> Result<Vec<String>, OpenError> {
        let budget = Budget::new(self.bytes());
        let mut refused = None;
        let read = self.chunks(&budget, sink, &mut refused);
        self.steps.set(budget.spent().saturating_add(sink.work()));
        let remarks = read?;
        match budget.exhausted().or(refused) {
            Some(why) => Err(OpenError::TooMuch { path: self.path.clone(), why }),
            None => Ok(remarks),
        }
    }

    fn chunks(
        &self,
        budget: &Budget,
        sink: &mut impl Sink,
        refused: &mut Option<String>,
    ) -> Result<Vec<String>, OpenError> {
        // `None` ends a chunk: that nothing more is taken is told apart below.
        let full = RefCell::new(None);
        let mut take = |entry: Entry| {
            let taken =
                sink.put(&entry).map_err(|error| full.replace(Some(error.to_string()))).ok();
            taken.and_then(|()| budget.within(sink.work()))
        };
        let start = Entry::Start { rate_mhz: self.rate_mhz, wall_ns: self.wall_ns };
        let mut going = take(start).is_some();
        let mut remarks = Vec::new();
        let mut known = Known::default();
        let mut live = Vec::new();
        let mut packed = Vec::new();
        let (mut at, mut damaged, mut ended) = (HEAD, 0u64, false);
        let bytes = self.bytes();
        while going && !ended && at < bytes {
            let Some((kind, size, crc, next)) = self.chunk(at, bytes, &mut packed)? else {
                remarks
                    .push(format!("it is cut: {} bytes at its end are no whole chunk", bytes - at));
                break;
            };
            at = next;
            let payload = unpacked(&packed, size, crc, budget);
            let read = payload.and_then(|payload| match kind {
                DICTIONARY => dictionary::read(&mut Bytes(&payload), &mut known, &mut take),
                SAMPLES => {
                    let period = self.period_ns();
                    samples(&mut Bytes(&payload), &known, period, &mut live, budget, &mut take)
                }
                BLAME => blame(&mut Bytes(&payload), &known, &mut take),
                END => end(&mut Bytes(&payload), &mut take).map(|()| ended = true),
                // Of a later version.
                _ => Some(()),
            });
            if read.is_none() {
                // Damaged, or no more is allowed: then nothing that follows is.
                going = full.borrow().is_none() && budget.exhausted().is_none();
            }
            damaged += u64::from(read.is_none());
            // A dictionary with a gap would name the wrong lines from there on.
            if read.is_none() && kind == DICTIONARY {
                remarks.push("its names are damaged; what follows them is not shown".to_owned());
                break;
            }
        }
        *refused = full.take();
        if damaged > 0 {
            remarks.push(format!("{damaged} damaged chunks (a second each) are left out"));
        }
        if !ended {
            remarks.push("it has no end: its recorder was killed, or still runs".to_owned());
        }
        Ok(remarks)
    }

    /// The chunk at an offset: its kind, unpacked size and checksum, and where the next one is. `None`: there
    /// is no whole one.
    fn chunk(
        &self,
        at: u64,
        bytes: u64,
        packed: &mut Vec<u8>,
    ) -> Result<Option<(u8, usize, u32, u64)>, OpenError> {
        let mut head = [0; CHUNK_HEAD];
        if self.fill(at, &mut head)? < head.len() {
            return Ok(None);
        }
        let Some((kind, length, size, crc)) = chunk_head(&mut Bytes(&head)) else {
            return Ok(None);
        };
        // A hole in a file is zeros, and no chunk.
        let next = at + CHUNK_HEAD as u64 + length as u64;
        if kind == 0 || length == 0 || length > MAX_CHUNK || next > bytes {
            return Ok(None);
        }
        packed.resize(length, 0);
        let whole = self.fill(at + CHUNK_HEAD as u64, packed)? == length;
        Ok(whole.then_some((kind, size, crc, next)))
    }
}

/// The head of a chunk: its kind, bytes of it packed and unpacked, and the checksum.
fn chunk_head(bytes: &mut Bytes<'_>) -> Option<(u8, usize, usize, u32)> {
    let kind = bytes.word()?.to_le_bytes()[0];
    let (packed, size, crc) = (bytes.word()?, bytes.word()?, bytes.word()?);
    Some((kind, packed as usize, size as usize, crc))
}

/// The head of a chunk and its packed bytes.
#[cfg(test)]
pub(super) fn chunk<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8], usize, u32)> {
    let mut rest = bytes.clone();
    let (kind, length, size, crc) = chunk_head(&mut rest)?;
    let packed = rest.take(length)?;
    *bytes = rest;
    Some((kind, packed, size, crc))
}

/// One second. Either all of it is believed or nothing.
fn samples(
    bytes: &mut Bytes<'_>,
    known: &Known,
    period_ns: u64,
    live: &mut Vec<u32>,
    budget: &Budget,
    take: &mut impl FnMut(Entry) -> Option<()>,
) -> Option<()> {
    let base_ns = bytes.number()?;
    let mut hits = Vec::new();
    for _ in 0..bytes.small().filter(|&count| count <= MAX_HITS)? {
        let site = bytes.small().filter(|&site| site < known.sites)?;
        hits.push((site, bytes.number()?));
    }
    let known = (known.threads, known.stacks);
    columns::read(bytes, known, (base_ns, period_ns), live, budget, take)?;
    hits.into_iter().try_for_each(|(site, passes)| take(Entry::Hits { site, passes }))
}

/// Who kept whom waiting in the second before.
fn blame(
    bytes: &mut Bytes<'_>,
    known: &Known,
    take: &mut impl FnMut(Entry) -> Option<()>,
) -> Option<()> {
    for _ in 0..bytes.small().filter(|&count| count <= MAX_HITS)? {
        let thread = |bytes: &mut Bytes<'_>| bytes.small().filter(|&one| one < known.threads);
        let stack = |bytes: &mut Bytes<'_>| bytes.small().filter(|&one| one < known.stacks);
        let (waiter, waits_at) = (thread(bytes)?, stack(bytes)?);
        let (by, at, ticks) = (thread(bytes)?, stack(bytes)?, bytes.number()?.min(MAX_RUN));
        take(Entry::Blamed { thread: waiter, stack: waits_at, by, at, ticks })?;
    }
    Some(())
}

fn end(bytes: &mut Bytes<'_>, take: &mut impl FnMut(Entry) -> Option<()>) -> Option<()> {
    let (duration_ns, missed) = (bytes.number()?, bytes.number()?);
    let why: Label = bytes.text()?;
    if missed > 0 {
        take(Entry::Missed(missed.min(MAX_RUN)))?;
    }
    take(Entry::End { duration_ns, why })
}

/// A chunk's bytes, if they are those that were written and the budget has room for them.
fn unpacked(packed: &[u8], size: usize, crc: u32, budget: &Budget) -> Option<Vec<u8>> {
    if crc32(packed) != crc || size > MAX_CHUNK {
        return None;
    }
    // The checksum and the packer read each byte.
    budget.unpacked(packed.len() + size)?;
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, size).ok()
}
