//! The frame of a board: its header and table of contents, checked before anything else is read.

use std::ops::Range;
use std::path::{Path, PathBuf};

use probe::layout::{
    Capacity, HeaderCopy, MAGIC, MAJOR, MAX_BOARD_BYTES, MAX_SECTIONS, MINOR, OP_SPARE,
    SECTION_FIXED_WORDS, SectionCopy, SectionKind, check_word,
};

use crate::error::OpenError;
use crate::source::Source;

/// What the writer stores in [`HeaderCopy::byte_order`].
pub const BYTE_ORDER: u64 = 0x0102_0304_0506_0708;

/// A section whose place and shape were checked against the size of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sect {
    /// Offset of the first record, bytes, a multiple of 8.
    pub offset: u64,
    /// Bytes from record to record, a multiple of 8 but for text.
    pub stride: u64,
    /// Records (bytes of text) that fit, inside the board.
    pub capacity: u64,
    /// Records in use, at most `capacity`.
    pub used: u64,
    /// Records that found no room.
    pub lost: u64,
}

impl Sect {
    /// Offset of one record, `None` past the capacity.
    pub fn at(&self, index: u64) -> Option<u64> {
        (index < self.capacity).then(|| self.offset + index * self.stride)
    }
}

/// A board whose header was read and believed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Board {
    /// Where its words come from.
    pub source: Source,
    /// Its header, which never changes.
    pub header: HeaderCopy,
    /// Where it was found.
    pub path: PathBuf,
}

/// The table of contents as it was at one moment.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    sections: Vec<(SectionKind, Sect)>,
    /// Entries that were left out, and why.
    pub remarks: Vec<String>,
}

impl Contents {
    /// The first section of a kind.
    pub fn get(&self, kind: SectionKind) -> Option<&Sect> {
        self.all(kind).next()
    }

    /// Every section of a kind.
    pub fn all(&self, kind: SectionKind) -> impl Iterator<Item = &Sect> {
        self.sections.iter().filter(move |(found, _)| *found == kind).map(|(_, sect)| sect)
    }
}

/// The kinds of sections that this reader knows.
const KNOWN: [SectionKind; 22] = [
    SectionKind::Strings,
    SectionKind::Sites,
    SectionKind::Metrics,
    SectionKind::Cells,
    SectionKind::Slots,
    SectionKind::Frames,
    SectionKind::Shards,
    SectionKind::Watches,
    SectionKind::Workers,
    SectionKind::Queues,
    SectionKind::Histograms,
    SectionKind::BusyRing,
    SectionKind::CountRing,
    SectionKind::Facts,
    SectionKind::Ops,
    SectionKind::Trails,
    SectionKind::Lost,
    SectionKind::Pulse,
    SectionKind::End,
    SectionKind::Windows,
    SectionKind::Locks,
    SectionKind::Traces,
];

/// Sections of one kind that are read: rings come in cascades, the rest alone.
const MAX_OF_A_KIND: usize = 8;

/// What a file is instead of a board, by the word where the magic should be.
fn other_magic(word: u64, bytes: u64) -> String {
    match word {
        word if word == MAGIC.swap_bytes() => {
            "written on a machine of the other byte order; `inspect dump` there saves it so that \
             it can be read here"
                .to_owned()
        }
        0 if bytes == 0 => "it is empty".to_owned(),
        0 => "its writer has not finished it, or never will".to_owned(),
        word => format!("it begins with {word:#018x}, not with SCOREBD1"),
    }
}

/// The field of a header that cannot be, if there is one.
fn impossible(header: &HeaderCopy) -> Option<String> {
    let contents = header.toc_count.min(MAX_SECTIONS) * SectionCopy::BYTES as u64;
    let end = header.toc_offset.checked_add(contents).filter(|&end| end <= header.total_bytes);
    if header.byte_order != BYTE_ORDER {
        Some(format!("byte order at 0x10 is {:#x}", header.byte_order))
    } else if header.pointer_bytes != 8 {
        Some(format!(
            "pointer size at 0x18 is {}; only boards of 64-bit programs are read",
            header.pointer_bytes
        ))
    } else if header.toc_count > MAX_SECTIONS {
        Some(format!(
            "section count at 0x30 is {}, at most {MAX_SECTIONS} make sense",
            header.toc_count
        ))
    } else if end.is_none() || !header.toc_offset.is_multiple_of(8) {
        Some(format!("table of contents at 0x28 is at {:#x}, outside the board", header.toc_offset))
    } else {
        None
    }
}

impl Board {
    /// Reads and checks the header.
    ///
    /// # Errors
    /// [`OpenError::NotABoard`], [`OpenError::Layout`], [`OpenError::Truncated`] or
    /// [`OpenError::Damaged`], with the field and its value.
    pub fn open(source: Source, path: &Path) -> Result<Self, OpenError> {
        let not = |why: String| OpenError::NotABoard { path: path.to_owned(), why };
        let bytes = source.bytes();
        if bytes > MAX_BOARD_BYTES {
            return Err(not(format!(
                "{bytes} bytes are more than any board has ({MAX_BOARD_BYTES})"
            )));
        }
        let mut words = [0; HeaderCopy::BYTES / 8];
        let complete = source.words(0, &mut words);
        // The magic is stored last, with release: what is read after it, once it is there, is whole.
        if words[0] != MAGIC {
            return Err(not(other_magic(words[0], bytes)));
        }
        source.fence();
        source.words(0, &mut words);
        let header = HeaderCopy::from_words(&words)
            .ok_or_else(|| not("shorter than a header".to_owned()))?;
        let (major, minor) = ((header.layout_version >> 32) as u32, header.layout_version as u32);
        if major != MAJOR {
            return Err(OpenError::Layout {
                path: path.to_owned(),
                found_major: major,
                found_minor: minor,
                known_major: MAJOR,
                known_minor: MINOR,
            });
        }
        if !complete || bytes < header.total_bytes {
            return Err(OpenError::Truncated {
                path: path.to_owned(),
                expected: header.total_bytes.max(HeaderCopy::BYTES as u64),
                found: bytes,
            });
        }
        let damaged = |what: String| OpenError::Damaged { path: path.to_owned(), what };
        impossible(&header).map_or(Ok(()), |what| Err(damaged(what)))?;
        let board = Self { source, header, path: path.to_owned() };
        if header.check != 0 && board.check_word(&words) != header.check {
            return Err(damaged(
                "its header or table of contents is not what was written there (check word at 0xd0)"
                    .to_owned(),
            ));
        }
        Ok(board)
    }

    /// What the check word must be.
    fn check_word(&self, header: &[u64]) -> u64 {
        let entries = (0..self.header.toc_count).map(|index| {
            let mut words = [0; SECTION_FIXED_WORDS];
            self.source
                .words(self.header.toc_offset + index * SectionCopy::BYTES as u64, &mut words);
            words
        });
        check_word(header, entries)
    }

    /// Reads the table of contents. Entries of unknown kinds are skipped; impossible ones too, with
    /// a remark.
    pub fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        let own = self.header.toc_count * SectionCopy::BYTES as u64;
        let mut taken = vec![
            0..HeaderCopy::BYTES as u64,
            self.header.toc_offset..self.header.toc_offset.saturating_add(own),
        ];
        for index in 0..self.header.toc_count {
            let mut words = [0; SectionCopy::BYTES / 8];
            self.source
                .words(self.header.toc_offset + index * SectionCopy::BYTES as u64, &mut words);
            // Pairs with the release store that publishes `used`: records below it are written.
            self.source.fence();
            let Some(entry) = SectionCopy::from_words(&words) else { continue };
            let Some(kind) = KNOWN.into_iter().find(|&kind| kind as u64 == entry.kind) else {
                continue;
            };
            // Bytes that are two things at once would be read as often as they are named.
            let place = entry.offset..entry.offset.saturating_add(entry.length);
            let free = |taken: &Range<u64>| taken.end <= place.start || place.end <= taken.start;
            match self.check(kind, &entry) {
                Some(sect) if contents.all(kind).count() < MAX_OF_A_KIND => {
                    if place.is_empty() || taken.iter().all(free) {
                        taken.push(place);
                        contents.sections.push((kind, sect));
                    } else {
                        contents.remarks.push(format!(
                            "section {index} ({kind:?}) at {:#x} lies over another one",
                            entry.offset
                        ));
                    }
                }
                Some(_) => {}
                None => contents.remarks.push(format!(
                    "section {index} ({kind:?}) has an impossible place: offset {:#x}, length {:#x}, stride {:#x}",
                    entry.offset, entry.length, entry.stride
                )),
            }
        }
        contents
    }

    /// A section entry with everything inside the board, or `None`.
    fn check(&self, kind: SectionKind, entry: &SectionCopy) -> Option<Sect> {
        let end = entry.offset.checked_add(entry.length)?;
        let whole_words = kind == SectionKind::Strings || entry.stride.is_multiple_of(8);
        if end > self.header.total_bytes
            || !entry.offset.is_multiple_of(8)
            || entry.stride == 0
            || entry.stride > self.header.total_bytes
            || !whole_words
        {
            return None;
        }
        let capacity = entry.capacity.min(entry.length / entry.stride).min(most(kind));
        Some(Sect {
            offset: entry.offset,
            stride: entry.stride,
            capacity,
            used: entry.used.min(capacity),
            lost: entry.lost,
        })
    }

    /// The words of one record, as many as the writer has and `words` takes; the rest zeros. `false`
    /// when there is no such record.
    pub fn record(&self, sect: &Sect, index: u64, words: &mut [u64]) -> bool {
        let Some(at) = sect.at(index) else {
            words.fill(0);
            return false;
        };
        let known = words.len().min((sect.stride / 8) as usize);
        words[known..].fill(0);
        self.source.words(at, &mut words[..known])
    }

    /// Whether the board shrank under the reader.
    ///
    /// # Errors
    /// [`OpenError::Truncated`].
    pub fn check_whole(&self) -> Result<(), OpenError> {
        let found = self.source.bytes();
        if self.source.lost_pages() || found < self.header.total_bytes {
            return Err(OpenError::Truncated {
                path: self.path.clone(),
                expected: self.header.total_bytes,
                found,
            });
        }
        Ok(())
    }
}

/// Records of a kind that are read at most: as many as a writer can ask for, so that whatever fits a
/// board is read, and a board made to waste time cannot.
fn most(kind: SectionKind) -> u64 {
    use SectionKind::*;
    const MOST: Capacity = Capacity::MOST;
    let most = match kind {
        Slots | Frames | Watches | Workers | Trails => MOST.threads,
        // One more, for threads without a slot.
        Shards => MOST.threads + 1,
        Queues => MOST.queues,
        Facts => MOST.facts,
        Histograms => MOST.histograms,
        Windows => MOST.windows(),
        Metrics | Cells => MOST.metrics,
        Ops | Traces => MOST.ops + OP_SPARE,
        Locks => MOST.locks,
        Sites => MOST.sites,
        Strings => MOST.strings,
        Lost | Pulse | End | BusyRing | CountRing => 1,
    };
    most as u64
}
