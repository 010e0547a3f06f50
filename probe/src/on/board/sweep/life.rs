//! How long the process of a dead board lived, by what stands on the board: its last sign of life, or its exit.
//! The file may hold anything: a few words are read, each at a place that is checked.

use std::fs::{File, Metadata};
use std::mem::offset_of;
use std::os::unix::fs::{FileExt, MetadataExt};

use crate::layout::*;

/// Lives of at least so long are long ones.
const LONG_NS: u64 = 10_000_000_000;

/// A life that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life {
    /// Wall clock at its beginning, ns.
    pub(super) began_ns: u64,
    /// How long it was; `None` when the board does not say: without a keeper, of a process
    /// that was killed.
    pub(super) lived_ns: Option<u64>,
}

impl Life {
    /// Whether it was a short one. Where the board does not say, it counts as a long one.
    pub(super) fn is_short(&self) -> bool {
        self.lived_ns.is_some_and(|lived| lived < LONG_NS)
    }

    /// What the file says.
    pub(super) fn read(file: &File, facts: &Metadata) -> Self {
        let made = u64::try_from(facts.mtime()).unwrap_or(0).saturating_mul(1_000_000_000);
        let made = made.saturating_add(u64::try_from(facts.mtime_nsec()).unwrap_or(0));
        // Ended before its board was complete.
        let unborn = Self { began_ns: made, lived_ns: Some(0) };
        let Some(header) = words::<32>(file, 0) else { return unborn };
        let of_header = |offset: usize| header.get(offset / WORD).copied().unwrap_or(0);
        if of_header(offset_of!(Header, magic)) != MAGIC {
            return unborn;
        }
        let began_ns = of_header(offset_of!(Header, started_wall_ns));
        let from_ns = of_header(offset_of!(Header, clock_start_ns));
        let from = of_header(offset_of!(Header, clock_start));
        let rate = of_header(offset_of!(Header, clock_ns_per_unit));
        let (toc, count) =
            (of_header(offset_of!(Header, toc_offset)), of_header(offset_of!(Header, toc_count)));
        let place = |kind: SectionKind| {
            (0..count.min(MAX_SECTIONS)).find_map(|index| {
                let at = toc.checked_add(index * SectionCopy::BYTES as u64)?;
                let [found, _, offset] = words::<3>(file, at)?;
                (found == kind as u64).then_some(offset)
            })
        };
        let at = |offset: u64, field: usize| offset.checked_add(field as u64);
        let pulse = place(SectionKind::Pulse).and_then(|pulse| {
            // The later of the two: a torn one is at most a beat off.
            let [_, even] = words::<2>(file, at(pulse, offset_of!(PulseRecord, even))?)?;
            let [_, odd] = words::<2>(file, at(pulse, offset_of!(PulseRecord, odd))?)?;
            even.max(odd).checked_sub(from_ns)
        });
        let since = |stamp: u64| {
            let units = stamp.checked_sub(from).filter(|_| stamp != 0)?;
            u64::try_from((u128::from(units) * u128::from(rate)) >> 32).ok()
        };
        let end = place(SectionKind::End).and_then(|end| {
            let stamp = |field| words::<1>(file, at(end, field)?).and_then(|[word]| since(word));
            let exit = stamp(offset_of!(EndRecord, exit_stamp));
            // A panic that aborts is the end as well.
            let even = stamp(offset_of!(EndRecord, even));
            exit.max(even).max(stamp(offset_of!(EndRecord, odd)))
        });
        Self { began_ns, lived_ns: pulse.max(end) }
    }
}

/// Words at a place of a file, if they are there.
fn words<const COUNT: usize>(file: &File, at: u64) -> Option<[u64; COUNT]> {
    let mut bytes = [0; 256];
    let bytes = bytes.get_mut(..COUNT * WORD)?;
    file.read_exact_at(bytes, at).ok()?;
    let mut words = [0; COUNT];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<WORD>().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    Some(words)
}
