//! The table of contents: which sections there are, and how many records of each are in use.

use core::sync::atomic::Ordering;

use super::segment::{Segment, Table};
use crate::layout::*;

/// The table of contents of a board.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) entries: Table<Section>,
    /// The kind of each entry: what stands on the board decides nothing.
    kinds: Vec<SectionKind>,
}

impl Contents {
    /// Writes the table for a board planned as `sections`.
    pub(super) fn write(segment: &Segment, sections: &[Planned]) -> Option<Self> {
        let entries = segment.table::<Section>(TOC_OFFSET, SectionCopy::BYTES, sections.len())?;
        for (entry, section) in entries.iter().zip(sections) {
            // Any operation's or lock's record may be the next: none is beyond those in use.
            let all =
                matches!(section.kind, SectionKind::Ops | SectionKind::Traces | SectionKind::Locks);
            let words = [
                (&entry.kind, section.kind as u64),
                (&entry.version, 1),
                (&entry.offset, section.offset as u64),
                (&entry.length, section.length as u64),
                (&entry.stride, section.stride as u64),
                (&entry.capacity, section.capacity as u64),
                (&entry.used, if all { section.capacity as u64 } else { 0 }),
            ];
            for (word, value) in words {
                word.store(value, Ordering::Relaxed);
            }
        }
        Some(Self { entries, kinds: sections.iter().map(|section| section.kind).collect() })
    }

    /// The entry for a kind of section.
    pub(crate) fn section(&self, kind: SectionKind) -> Option<&'static Section> {
        self.entries.get(self.kinds.iter().position(|&other| other == kind)?)
    }

    /// Raises the number of records in use to at least `used`.
    pub(crate) fn raise_used(&self, kind: SectionKind, used: usize) {
        if let Some(section) = self.section(kind) {
            // Release: the records come before their count.
            section.used.fetch_max(used as u64, Ordering::Release);
        }
    }
}
