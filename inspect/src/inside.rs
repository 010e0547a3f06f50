//! The name that a board has in itself, for a file that has lost its own. Of fixed places, and bounded: nothing
//! else of the file is believed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use probe::layout::{
    HeaderCopy, MAGIC, MAX_BOARD_BYTES, MAX_SECTIONS, SectionCopy, SectionKind, TextRef, unpack,
};

/// Bytes of a name at most.
const LONGEST: u64 = 255;

/// A board's own name.
pub(crate) fn name(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len().min(MAX_BOARD_BYTES);
    let header = HeaderCopy::from_words(&words(&file, 0, HeaderCopy::BYTES / 8)?)?;
    let text = TextRef::from_word(header.name);
    let (from, length) = (u64::from(text.offset), u64::from(text.length));
    let strings = (0..header.toc_count.min(MAX_SECTIONS)).find_map(|index| {
        let at = header.toc_offset.checked_add(index * SectionCopy::BYTES as u64)?;
        let entry = SectionCopy::from_words(&words(&file, at, SectionCopy::BYTES / 8)?)?;
        (entry.kind == SectionKind::Strings as u64).then_some(entry.offset)
    })?;
    let start = strings.checked_add(from)?;
    let end = start.checked_add(length).filter(|&end| end <= bytes)?;
    if length == 0 || length > LONGEST || header.magic != MAGIC {
        return None;
    }
    let (first, skipped) = (start / 8 * 8, (start % 8) as usize);
    let packed = words(&file, first, ((end - first).div_ceil(8)) as usize)?;
    let text = unpack(&packed, skipped + length as usize);
    String::from_utf8(text.get(skipped..)?.to_vec()).ok()
}

/// Words of a file, if all of them are there.
fn words(file: &File, at: u64, count: usize) -> Option<Vec<u64>> {
    let mut bytes = vec![0; count * 8];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect())
}
