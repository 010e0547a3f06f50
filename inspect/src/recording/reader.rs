//! Bytes into entries. A recording may come from anywhere: every number is checked against what was
//! introduced before it, every size against a bound, and what cannot be believed is left out and said.

use std::io::Read;
use std::path::Path;

use super::dictionary::{self, Known};
use super::wire::{Bytes, crc32};
use super::writer::{DICTIONARY, END, MAX_CHUNK, SAMPLES};
use super::{Entry, MAGIC, OLDEST, VERSION, columns};
use crate::attach::{BoardFile, Trust};
use crate::error::AttachError;
use crate::snapshot::Label;

/// Bytes of a recording that are read at most.
const MAX_BYTES: u64 = 16 << 30;
/// Missed ticks that are believed at once.
const MAX_RUN: u64 = 1 << 32;

/// A recording in memory.
#[derive(Clone, Debug)]
pub struct Recording {
    bytes: Vec<u8>,
    /// Ticks wanted, a thousandth of one a second.
    pub rate_mhz: u64,
    /// When it began, ns since 1970.
    pub wall_ns: u64,
}

/// Whether a file begins like a recording.
pub fn is_recording(path: &Path) -> bool {
    let mut word = [0; 8];
    let read = path.is_file()
        && std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut word).is_ok());
    read && u64::from_le_bytes(word) == MAGIC
}

impl Recording {
    /// Opens a recording.
    ///
    /// # Errors
    /// [`AttachError`]: it cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self, AttachError> {
        let board = BoardFile::open(path, Trust::Named)?;
        let io = |source| AttachError::Io { path: path.to_owned(), doing: "reading", source };
        let mut bytes = Vec::new();
        board.file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io)?;
        Self::from_bytes(bytes, path)
    }

    /// A recording from its bytes.
    ///
    /// # Errors
    /// [`AttachError::NotABoard`], with what speaks against it.
    pub fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<Self, AttachError> {
        let not = |why: String| AttachError::NotABoard { path: path.to_owned(), why };
        let words: Vec<u64> =
            bytes.as_chunks::<8>().0.iter().take(4).map(|word| u64::from_le_bytes(*word)).collect();
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
        Ok(Self { bytes, rate_mhz, wall_ns })
    }

    /// Time between two ticks, ns.
    pub fn period_ns(&self) -> u64 {
        1_000_000_000_000 / self.rate_mhz
    }

    /// Bytes of it.
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Hands out every entry that can be believed, in order. Returns what could not, in words.
    pub fn read(&self, mut take: impl FnMut(Entry)) -> Vec<String> {
        take(Entry::Start { rate_mhz: self.rate_mhz, wall_ns: self.wall_ns });
        let mut remarks = Vec::new();
        let mut known = Known::default();
        let mut live = Vec::new();
        let mut bytes = Bytes(self.bytes.get(32..).unwrap_or_default());
        let (mut damaged, mut ended) = (0u64, false);
        while !bytes.is_empty() && !ended {
            let Some((kind, packed, size, crc)) = chunk(&mut bytes) else {
                remarks.push(format!(
                    "it is cut: {} bytes at its end are no whole chunk",
                    bytes.0.len()
                ));
                break;
            };
            let payload =
                Some(packed).filter(|packed| crc32(packed) == crc && size <= MAX_CHUNK).and_then(
                    |packed| miniz_oxide::inflate::decompress_to_vec_with_limit(packed, size).ok(),
                );
            let read = payload.and_then(|payload| match kind {
                DICTIONARY => dictionary::read(&mut Bytes(&payload), &mut known, &mut take),
                SAMPLES => {
                    let period = self.period_ns();
                    samples(&mut Bytes(&payload), &known, period, &mut live, &mut take)
                }
                END => end(&mut Bytes(&payload), &mut take).map(|()| ended = true),
                // Of a later version.
                _ => Some(()),
            });
            damaged += u64::from(read.is_none());
            // A dictionary with a gap would name the wrong lines from there on.
            if read.is_none() && kind == DICTIONARY {
                remarks.push("its names are damaged; what follows them is not shown".to_owned());
                break;
            }
        }
        if damaged > 0 {
            remarks.push(format!("{damaged} damaged chunks (a second each) are left out"));
        }
        if !ended {
            remarks.push("it has no end: its recorder was killed, or still runs".to_owned());
        }
        remarks
    }
}

/// The head of a chunk and its packed bytes.
pub(super) fn chunk<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8], usize, u32)> {
    let before = bytes.clone();
    let whole = (|| {
        let kind = bytes.word()?.to_le_bytes()[0];
        let (packed, size, crc) = (bytes.word()?, bytes.word()?, bytes.word()?);
        Some((kind, bytes.take(packed as usize)?, size as usize, crc))
    })();
    if whole.is_none() {
        *bytes = before;
    }
    whole
}

/// One second. Either all of it is believed or nothing.
fn samples(
    bytes: &mut Bytes<'_>,
    known: &Known,
    period_ns: u64,
    live: &mut Vec<u32>,
    take: &mut impl FnMut(Entry),
) -> Option<()> {
    let base_ns = bytes.number()?;
    let mut hits = Vec::new();
    for _ in 0..bytes.small()? {
        let site = bytes.small().filter(|&site| site < known.sites)?;
        hits.push(Entry::Hits { site, passes: bytes.number()? });
    }
    columns::read(bytes, (known.threads, known.stacks), (base_ns, period_ns), live, take)?;
    hits.into_iter().for_each(take);
    Some(())
}

fn end(bytes: &mut Bytes<'_>, take: &mut impl FnMut(Entry)) -> Option<()> {
    let (duration_ns, missed) = (bytes.number()?, bytes.number()?);
    let why: Label = bytes.text()?;
    if missed > 0 {
        take(Entry::Missed(missed.min(MAX_RUN)));
    }
    take(Entry::End { duration_ns, why });
    Some(())
}
