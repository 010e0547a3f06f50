//! A file of ten minutes. Open, it is a head and records, each with its length and checksum, added at its end: a
//! kill leaves all but the last one. Closed, it is packed as a whole.
//!
//! ```text
//! head    SCOREHIS, version, 0 or 1 (packed)       packed: bytes unpacked, checksum, deflate
//! record  length, checksum, { moment, new texts, boards, what was sampled, what boards' processes took }
//! ```
//!
//! The last two are not there in records of older recorders.

use super::sampled::{self, Sampled};
use super::second::Second;
use super::texts::{MOST_TEXT, Texts, TextsRead};
use super::usage;
use crate::recording::wire::{Bytes, crc32, put, put_text};

/// First bytes of a segment.
const MAGIC: [u8; 8] = *b"SCOREHIS";
const VERSION: u32 = 1;
/// Bytes of the head.
pub(super) const HEAD: usize = 16;
/// Bytes of a segment that are believed, packed or not.
pub(super) const MOST: usize = 32 << 20;
/// Bytes of a record, texts, and boards in one that are believed.
const MOST_RECORD: usize = 4 << 20;
const MOST_TEXTS: usize = 1 << 20;
const MOST_BOARDS: u64 = 4096;

/// The head of a segment.
pub(super) fn head(packed: bool) -> Vec<u8> {
    let flags = u32::from(packed);
    [&MAGIC[..], &VERSION.to_le_bytes(), &flags.to_le_bytes()].concat()
}

/// A record, ready to be added to a file.
pub(super) fn record(
    at_ns: u64,
    boards: &[Second],
    sampled: &[Sampled],
    texts: &mut Texts,
) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, boards.len() as u64);
    for board in boards {
        board.write(&mut body, texts);
    }
    body.extend(sampled::write(at_ns, sampled, texts));
    usage::write(boards.iter().map(|board| &board.usage), &mut body);
    let mut payload = Vec::new();
    put(&mut payload, at_ns);
    let fresh = texts.fresh();
    put(&mut payload, fresh.len() as u64);
    for text in &fresh {
        put_text(&mut payload, text);
    }
    payload.extend_from_slice(&body);
    let mut out = (payload.len() as u32).to_le_bytes().to_vec();
    out.extend_from_slice(&crc32(&payload).to_le_bytes());
    out.extend_from_slice(&payload);
    out
}

/// A whole open segment as a packed one.
pub(super) fn pack(open: &[u8]) -> Vec<u8> {
    let body = open.get(HEAD..).unwrap_or_default();
    let mut out = head(true);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32(body).to_le_bytes());
    out.extend(miniz_oxide::deflate::compress_to_vec(body, 6));
    out
}

/// A record: its moment, boards, and what was sampled.
pub(super) type Record = (u64, Vec<Second>, Vec<Sampled>);

/// Reads a segment that may be anything, a record at a time: what it costs is bounded by [`MOST`], and what stands
/// before the damage is believed. Says what could not be, in words.
pub(super) fn read(file: &[u8], each: &mut dyn FnMut(Record)) -> Option<&'static str> {
    // A recorder may have been killed before it wrote its head.
    let (head, rest) = file.split_at_checked(HEAD)?;
    if head[..8] != MAGIC || head[8..12] != VERSION.to_le_bytes() {
        return Some("no history, or of another version");
    }
    let unpacked;
    let mut bytes = Bytes(rest);
    if head[12] & 1 == 1 {
        let Some(body) = unpack(&mut bytes) else { return Some("its packed bytes are damaged") };
        unpacked = body;
        bytes = Bytes(&unpacked);
    }
    let mut texts = TextsRead::default();
    while !bytes.is_empty() {
        // The last record of a segment that is being written, or whose writer was killed.
        let Some(payload) = next(&mut bytes) else { return Some("its last record is not whole") };
        match payload.and_then(|payload| record_of(&mut Bytes(payload), &mut texts)) {
            Some(record) => each(record),
            // Texts of what is lost have no names any more.
            None => return Some("a record is damaged; what follows is not shown"),
        }
    }
    None
}

fn unpack(bytes: &mut Bytes<'_>) -> Option<Vec<u8>> {
    let (size, crc) = (bytes.word()? as usize, bytes.word()?);
    if size > MOST {
        return None;
    }
    let body = miniz_oxide::inflate::decompress_to_vec_with_limit(bytes.0, size).ok()?;
    (body.len() == size && crc32(&body) == crc).then_some(body)
}

/// The next record's payload; within, nothing if it is damaged.
fn next<'a>(bytes: &mut Bytes<'a>) -> Option<Option<&'a [u8]>> {
    let (length, crc) = (bytes.word()? as usize, bytes.word()?);
    if length > MOST_RECORD {
        return Some(None);
    }
    let payload = bytes.take(length)?;
    Some(Some(payload).filter(|payload| crc32(payload) == crc))
}

fn record_of(bytes: &mut Bytes<'_>, texts: &mut TextsRead) -> Option<Record> {
    let at_ns = bytes.number()?;
    let fresh = bytes.number()?;
    if fresh > bytes.0.len() as u64 {
        return None;
    }
    for _ in 0..fresh {
        let text = bytes.text()?;
        if texts.len() >= MOST_TEXTS || text.raw().len() > 2 * MOST_TEXT {
            return None;
        }
        texts.push(text.raw());
    }
    let boards = bytes.number()?;
    if boards > MOST_BOARDS {
        return None;
    }
    let boards: Option<Vec<Second>> = (0..boards).map(|_| Second::read(bytes, texts)).collect();
    let mut boards = boards?;
    let sampled = sampled::read(at_ns, bytes, texts)?;
    let all = usage::read(bytes, boards.len())?;
    boards.iter_mut().zip(all).for_each(|(board, usage)| board.usage = usage);
    Some((at_ns, boards, sampled))
}
