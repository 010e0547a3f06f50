//! A saved board: its bytes as they were, and its surroundings at that moment.
//!
//! The file is four 64-bit words in the byte order of the machine that wrote it ([`MAGIC`], version,
//! bytes of the context, bytes of the board), the context as JSON padded with spaces to whole words, then
//! the board byte for byte. A machine of the other byte order turns the words round as it reads them, so a saved
//! board travels. Records that other threads were changing are copied until two reads agree.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use probe::layout::{MAX_BOARD_BYTES, SectionKind};
use zerocopy::IntoBytes;

use crate::board_file::{BoardFile, Trust};
use crate::context::Context;
use crate::error::OpenError;
use crate::snapshot::{Board, Sect};
use crate::source::Source;

/// First word of a saved board: `SCOREDMP` read as a big-endian number.
pub const MAGIC: u64 = 0x5343_4F52_4544_4D50;
/// Version of this form.
pub const VERSION: u64 = 1;
/// Bytes before the context.
const HEAD_BYTES: u64 = 32;
/// Bytes of context that are believed at most.
const MAX_CONTEXT: u64 = 4 << 20;

/// Kinds whose records change as a whole: they are copied until two reads agree.
const CHANGING: [SectionKind; 8] = [
    SectionKind::Slots,
    SectionKind::Frames,
    SectionKind::Watches,
    SectionKind::Workers,
    SectionKind::Metrics,
    SectionKind::Facts,
    SectionKind::Pulse,
    SectionKind::End,
];

/// Words that are copied at once.
const PIECE: usize = 8 << 10;

/// Writes a board as it is now, a piece at a time: it may be as large as all that this program may take.
/// Returns its bytes.
///
/// # Errors
/// What writing said, or [`OpenError::Truncated`] when the board shrank meanwhile.
pub fn write(out: &mut impl Write, board: &Board, context: &Context) -> Result<u64, Failed> {
    let bytes = board.header.total_bytes / 8 * 8;
    let mut text = serde_json::to_vec(context).map_err(io::Error::from)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    for word in [MAGIC, VERSION, text.len() as u64, bytes] {
        out.write_all(&word.to_ne_bytes())?;
    }
    out.write_all(&text)?;
    let contents = board.contents();
    let small = |sect: &&Sect| sect.stride / 8 <= PIECE as u64;
    let changing = CHANGING.into_iter().flat_map(|kind| contents.all(kind)).filter(small);
    let mut changing: Vec<&Sect> = changing.collect();
    // They do not lie over each other.
    changing.sort_by_key(|sect| sect.offset);
    let mut words = vec![0; PIECE];
    let mut at = 0;
    for sect in changing {
        plain(out, board, at..sect.offset, &mut words)?;
        let record = &mut words[..(sect.stride / 8) as usize];
        for offset in (0..sect.capacity).filter_map(|index| sect.at(index)) {
            board.source.stable(offset, record);
            out.write_all(record.as_bytes())?;
        }
        at = sect.offset + sect.capacity * sect.stride;
    }
    plain(out, board, at..bytes, &mut words)?;
    out.flush()?;
    board.check_whole()?;
    Ok(bytes)
}

/// What does not change as a whole.
fn plain(
    out: &mut impl Write,
    board: &Board,
    bytes: Range<u64>,
    words: &mut [u64],
) -> io::Result<()> {
    let mut at = bytes.start;
    while at < bytes.end {
        let count = words.len().min(((bytes.end - at) / 8) as usize);
        let piece = &mut words[..count];
        board.source.words(at, piece);
        out.write_all(piece.as_bytes())?;
        at += count as u64 * 8;
    }
    Ok(())
}

/// Why a board was not saved.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failed {
    /// The file takes no more.
    Writing(io::Error),
    /// The board cannot be read.
    Reading(OpenError),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Writing(error)
    }
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        Self::Reading(error)
    }
}

/// Whether a file is a saved board.
pub fn is_saved(file: &BoardFile) -> bool {
    let mut first = [0];
    file.pread(0, &mut first);
    first[0] == MAGIC || first[0] == MAGIC.swap_bytes()
}

/// A saved board's bytes, in its file, and its context.
///
/// # Errors
/// [`OpenError`] when it is too large, or damaged.
pub fn read(file: BoardFile) -> Result<(Source, Context), OpenError> {
    let path = file.path.clone();
    let not = |why: String| OpenError::NotABoard { path: path.clone(), why };
    if file.bytes > MAX_BOARD_BYTES + MAX_CONTEXT + HEAD_BYTES {
        return Err(not(format!("{} bytes are more than any board has", file.bytes)));
    }
    let mut head = [0; (HEAD_BYTES / 8) as usize];
    if !file.pread(0, &mut head) {
        return Err(not("a saved board that was cut".into()));
    }
    // Words mean the same on every machine, and text stands in them as numbers; only the context is bytes.
    let swapped = head[0] == MAGIC.swap_bytes();
    let [_, version, text_bytes, bytes] = if swapped { head.map(u64::swap_bytes) } else { head };
    if version != VERSION {
        return Err(not(format!("a saved board of form {version}, this inspect reads {VERSION}")));
    }
    let base = HEAD_BYTES + text_bytes.min(MAX_CONTEXT) / 8 * 8;
    if text_bytes > MAX_CONTEXT || base > file.bytes {
        return Err(not("a saved board that was cut".into()));
    }
    if bytes > file.bytes - base {
        return Err(OpenError::Truncated { path, expected: bytes, found: file.bytes - base });
    }
    let mut text = vec![0u64; ((base - HEAD_BYTES) / 8) as usize];
    file.pread(HEAD_BYTES, &mut text);
    let context = serde_json::from_slice(text.as_bytes())
        .map_err(|error| not(format!("a saved board with a damaged context ({error})")))?;
    Ok((Source::Saved { file, base, bytes: bytes / 8 * 8, swapped }, context))
}

/// Opens a file that the user named.
///
/// # Errors
/// As [`BoardFile::open`].
pub fn open(path: &Path) -> Result<BoardFile, OpenError> {
    BoardFile::open(path, Trust::Named)
}
