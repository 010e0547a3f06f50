//! A second of a board that was sampled: fifty columns of it, and which lines its threads were at.

use super::texts::{Texts, TextsRead};
use crate::recording::wire::{Bytes, put};

/// Columns of a second.
pub const COLUMNS: usize = 50;
/// A column, ns.
pub const COLUMN_NS: u64 = 1_000_000_000 / COLUMNS as u64;
/// Lines that are kept of a second, those with the most samples.
const MOST_LINES: usize = 20;
/// Bytes of all boards' in a second: an hour of them takes 6 MiB at most, beside the names of lines.
const MOST_BYTES: usize = 1_600;
/// Boards of a second that are believed.
const MOST_BOARDS: u64 = 256;

/// What was seen in a fiftieth of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Column {
    /// Looks; with none nothing is known of it.
    pub ticks: u64,
    /// Threads that worked, over all looks.
    pub work: u64,
    /// Threads that waited.
    pub wait: u64,
}

/// A second of a board that was sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sampled {
    /// Its beginning, ns since 1970.
    pub at_ns: u64,
    /// Name of the board.
    pub name: String,
    /// Process id.
    pub pid: u64,
    /// The run.
    pub instance: u64,
    /// Its parts, in order.
    pub columns: [Column; COLUMNS],
    /// Lines with the samples that were no rest there, the most first.
    pub lines: Vec<(String, u64)>,
}

impl Sampled {
    /// Nothing seen yet.
    pub(super) fn new(at_ns: u64, name: &str, pid: u64, instance: u64) -> Self {
        let (columns, lines) = ([Column::default(); COLUMNS], Vec::new());
        Self { at_ns, name: name.to_owned(), pid, instance, columns, lines }
    }
}

/// Those of a record, as many as there is room for: each with how long before `at_ns` it began.
pub(super) fn write(at_ns: u64, all: &[Sampled], texts: &mut Texts) -> Vec<u8> {
    let mut out = Vec::new();
    let mut kept = 0;
    for one in all {
        let bytes = one_of(at_ns, one, texts);
        if out.len() + bytes.len() > MOST_BYTES {
            continue;
        }
        out.extend(bytes);
        kept += 1;
    }
    let mut counted = Vec::new();
    put(&mut counted, kept);
    counted.extend(out);
    counted
}

fn one_of(at_ns: u64, one: &Sampled, texts: &mut Texts) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, at_ns.saturating_sub(one.at_ns));
    put(&mut out, texts.number(&one.name));
    put(&mut out, one.pid);
    put(&mut out, one.instance);
    for column in &one.columns {
        for number in [column.ticks, column.work, column.wait] {
            put(&mut out, number);
        }
    }
    let lines = one.lines.iter().take(MOST_LINES);
    put(&mut out, lines.len() as u64);
    for (line, samples) in lines {
        put(&mut out, texts.number(line));
        put(&mut out, *samples);
    }
    out
}

/// From bytes that may be anything, or of a recorder that knew nothing of it.
pub(super) fn read(at_ns: u64, bytes: &mut Bytes<'_>, texts: &TextsRead) -> Option<Vec<Sampled>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let count = bytes.number().filter(|&count| count <= MOST_BOARDS)?;
    (0..count)
        .map(|_| {
            let began_ns = at_ns.saturating_sub(bytes.number()?);
            let name = texts.text(bytes.number()?)?;
            let mut one = Sampled::new(began_ns, &name, bytes.number()?, bytes.number()?);
            for column in &mut one.columns {
                *column =
                    Column { ticks: bytes.number()?, work: bytes.number()?, wait: bytes.number()? };
            }
            let lines = bytes.number().filter(|&lines| lines <= MOST_LINES as u64)?;
            for _ in 0..lines {
                one.lines.push((texts.text(bytes.number()?)?, bytes.number()?));
            }
            Some(one)
        })
        .collect()
}
