//! Boards of 64 MiB of any words, and what is held and written while all of one is told.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use inspect::board_file::{BoardFile, Trust};
use inspect::export::prom::{Dialect, prom};
use inspect::model::{BoardReport, Document};
use inspect::render::{Look, json, text};
use inspect::snapshot::{Board, Depth, Snapshot};
use inspect::source::Source;
use inspect::why::{self, Seen};
use inspect::{State, derive};
use probe::layout::*;
use zerocopy::IntoBytes;

use super::common::{Synth, context};
use super::counting::most_held;

pub(crate) const SIZE: u64 = MAX_BOARD_BYTES;
/// Of 64 MiB, what the program's own pages leave.
pub(crate) const BOUND: usize = 56 << 20;
/// Bytes of JSON of any board.
const WRITTEN: u64 = 64 << 20;

fn stride(kind: u64) -> u64 {
    match kind {
        1 => 1,
        3 | 5 | 17 | 21 => 128,
        2 | 4 | 8 => 64,
        6 => 2048,
        7 => 1024,
        11 => HISTOGRAM_BYTES as u64,
        16 => 512,
        20 => 1760,
        _ => 256,
    }
}

/// A board with these sections (kind and records; disjoint unless `over`), every word of them as `word` says.
pub(crate) fn filled(
    file: &mut File,
    sections: &[(u64, u64)],
    over: bool,
    word: impl Fn(u64) -> u64,
) {
    made(file, sections, over, |at, _| word(at));
}

/// The same, each word as is said of its section's kind, its record and its place in that.
pub(crate) fn aimed(file: &mut File, sections: &[(u64, u64)], word: impl Fn(u64, u64, u64) -> u64) {
    made(file, sections, false, |at, entries| {
        let entry =
            entries.iter().find(|entry| (entry[2]..entry[2] + entry[3]).contains(&(8 * at)));
        entry.map_or(0, |&[kind, _, offset, _, stride, ..]| {
            let (inside, long) = (at - offset / 8, stride.div_ceil(8));
            word(kind, inside / long, inside % long)
        })
    });
}

fn made(
    file: &mut File,
    sections: &[(u64, u64)],
    over: bool,
    word: impl Fn(u64, &[[u64; 8]]) -> u64,
) {
    let mut at = 8192;
    let mut entries = Vec::new();
    for &(kind, records) in sections {
        let stride = stride(kind);
        let room = if over { SIZE / stride } else { (SIZE - at) / stride };
        let records = records.min(room);
        let (offset, length) =
            if over { (0, SIZE) } else { (at, (records * stride).next_multiple_of(8)) };
        entries.push([kind, 1, offset, length, stride, records, records, 0]);
        at += length;
    }
    let mut header = Synth::new(&Capacity::default()).words[..32].to_vec();
    header[0x20 / 8] = SIZE;
    header[0x28 / 8] = 512;
    header[0x30 / 8] = entries.len() as u64;
    let fixed = entries.iter().map(|entry: &[u64; 8]| *entry.first_chunk().unwrap());
    header[CHECK_WORD] = check_word(&header, fixed);
    file.set_len(0).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut words = vec![0; 1 << 17];
    for chunk in 0..SIZE / (8 << 17) {
        for (index, place) in words.iter_mut().enumerate() {
            *place = word((chunk << 17) + index as u64, &entries);
        }
        file.write_all(words.as_bytes()).unwrap();
    }
    file.write_all_at(header.as_bytes(), 0).unwrap();
    file.write_all_at(entries.as_bytes(), 512).unwrap();
}

/// Reads that this thread has asked the kernel for.
fn reads() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/io").unwrap_or_default();
    let line = said.lines().find_map(|line| line.strip_prefix("syscr: "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Calls of the kernel for one look at 64 MiB: each stretch is copied three times, and some tables are looked at
/// more than once. A call for each word was 287,511 of them, and most of the time.
const READS: u64 = 12_000;

/// What is said of it, and the most bytes that were held while it was read, told as a table and as JSON.
pub(crate) fn told(path: &Path, saved: bool) -> (BoardReport, usize) {
    let (document, most) = most_held(|| document_of(path, saved));
    (document.boards.into_iter().next().unwrap(), most)
}

fn document_of(path: &Path, saved: bool) -> Document {
    let file = BoardFile::open(path, Trust::Named).unwrap();
    let source = match saved {
        true => Source::Saved { file, base: 0, bytes: SIZE, swapped: false },
        false => Source::Copy(file),
    };
    let board = Board::open(source, path).unwrap();
    let asked = reads();
    let snapshot = Snapshot::take(&board, Depth::Full).unwrap();
    assert!(reads() - asked <= READS, "{} reads", reads() - asked);
    let report = derive::report(&board, &snapshot, &context(State::Dead));
    // As every verb does.
    drop(snapshot);
    let mut look = Look::at(100);
    look.all = true;
    let mut lines = text::board(&report, &look).lines().count();
    let mut table = String::new();
    let ops: Vec<_> = report.ops.iter().chain(&report.ended_ops).collect();
    inspect::render::ops::rows(&mut table, &ops, &look);
    lines += table.lines().count();
    assert!(lines > 2);
    drop(table);
    let answer = why::answer(&report, &Seen::default(), &[], String::new());
    json::write(&mut std::io::sink(), &answer, false).unwrap();
    drop((answer, prom(std::slice::from_ref(&report), Dialect::Text)));
    let document = json::document(vec![report], &look);
    for pretty in [true, false] {
        let mut written = Written(0);
        json::write(&mut written, &document, pretty).unwrap();
        assert!(written.0 <= WRITTEN, "{} bytes of JSON", written.0);
    }
    document
}

/// How much was written.
struct Written(u64);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
