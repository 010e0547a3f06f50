//! A saved board: its bytes as they were, and its surroundings at that moment.
//!
//! The file is four 64-bit words in the byte order of the machine that wrote it ([`MAGIC`], version,
//! bytes of the context, bytes of the board), the context as JSON padded with spaces to whole words, then
//! the board byte for byte. Records that other threads were changing are copied until two reads agree.

use std::io::{self, Write};
use std::path::Path;

use probe::layout::{MAX_BOARD_BYTES, SectionKind};
use zerocopy::IntoBytes;

use crate::attach::{BoardFile, Trust};
use crate::context::Context;
use crate::error::AttachError;
use crate::snapshot::Board;

/// First word of a saved board: `SCOREDMP` read as a big-endian number.
pub const MAGIC: u64 = 0x5343_4F52_4544_4D50;
/// Version of this form.
pub const VERSION: u64 = 1;
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

/// Copies a board's words, all of them.
///
/// # Errors
/// [`AttachError::Truncated`] when it shrank meanwhile.
pub fn copy(board: &Board) -> Result<Vec<u64>, AttachError> {
    let mut words = vec![0; (board.header.total_bytes / 8) as usize];
    board.source.words(0, &mut words);
    let contents = board.contents();
    for sect in CHANGING.into_iter().flat_map(|kind| contents.all(kind)) {
        for index in 0..sect.capacity {
            let Some(at) = sect.at(index) else { break };
            let first = (at / 8) as usize;
            let Some(record) = words.get_mut(first..first + (sect.stride / 8) as usize) else {
                break;
            };
            board.source.stable(at, record);
        }
    }
    board.check_whole()?;
    Ok(words)
}

/// Writes a saved board.
///
/// # Errors
/// What writing said.
pub fn write(out: &mut impl Write, words: &[u64], context: &Context) -> io::Result<()> {
    let mut text = serde_json::to_vec(context)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    for word in [MAGIC, VERSION, text.len() as u64, words.len() as u64 * 8] {
        out.write_all(&word.to_ne_bytes())?;
    }
    out.write_all(&text)?;
    // As they stand in memory: no copy of up to 64 MiB.
    out.write_all(words.as_bytes())?;
    out.flush()
}

/// A file's words and, for a saved board, its context; `None` for a board's own file.
///
/// # Errors
/// [`AttachError`] when it cannot be read, is too large, or is a saved board that is damaged.
pub fn read(file: &BoardFile) -> Result<(Vec<u64>, Option<Context>), AttachError> {
    let not = |why: String| AttachError::NotABoard { path: file.path.clone(), why };
    if file.bytes > MAX_BOARD_BYTES + MAX_CONTEXT {
        return Err(not(format!("{} bytes are more than any board has", file.bytes)));
    }
    let mut words = vec![0; (file.bytes / 8) as usize];
    file.pread(0, &mut words);
    if words.first() != Some(&MAGIC) {
        return Ok((words, None));
    }
    let head: [u64; 4] = match words.first_chunk() {
        Some(head) => *head,
        None => return Err(not("a saved board that was cut".into())),
    };
    let [_, version, text_bytes, board_bytes] = head;
    if version != VERSION {
        return Err(not(format!("a saved board of form {version}, this inspect reads {VERSION}")));
    }
    let text_words = (text_bytes / 8) as usize;
    let rest = &words[4..];
    if text_bytes > MAX_CONTEXT || text_words > rest.len() {
        return Err(not("a saved board that was cut".into()));
    }
    let (text, board) = rest.split_at(text_words);
    if board_bytes > board.len() as u64 * 8 {
        return Err(AttachError::Truncated {
            path: file.path.clone(),
            expected: board_bytes,
            found: board.len() as u64 * 8,
        });
    }
    let text: Vec<u8> = text.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let context = serde_json::from_slice(&text)
        .map_err(|error| not(format!("a saved board with a damaged context ({error})")))?;
    // In place: a copy would be as large again.
    words.drain(..4 + text_words);
    words.truncate((board_bytes / 8) as usize);
    Ok((words, Some(context)))
}

/// Opens a file that the user named.
///
/// # Errors
/// As [`BoardFile::open`].
pub fn open(path: &Path) -> Result<BoardFile, AttachError> {
    BoardFile::open(path, Trust::Named)
}
