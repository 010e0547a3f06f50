//! The heartbeat: whether it moves between two looks, which nothing but a living writer can do.

use std::time::{Duration, Instant};

use probe::layout::{
    ClockKind, HeaderCopy, MAX_BOARD_BYTES, MAX_SECTIONS, PulseCopy, SectionCopy, SectionKind,
};

use super::witness::{Beat, Unseen};
use crate::board_file::BoardFile;
use crate::clock::{Moment, counts_alike, stamp as stamp_now};

/// A heartbeat that stood for this long stands still.
pub(super) const STILL: Duration = Duration::from_secs(2);

/// What is remembered of a board's heartbeat from one look to the next.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Where it stands; found once.
    place: Option<u64>,
    /// The beat as last seen, and since when it is that one.
    last: Option<(u64, Instant)>,
}

impl Memory {
    /// Looks at the heartbeat. `clock` says whether the board's stamps can be compared with our clocks.
    pub(super) fn look(
        &mut self,
        file: &BoardFile,
        header: &HeaderCopy,
        clock: bool,
    ) -> (Beat, Option<Unseen>) {
        if header.keeper_period_ns == 0 {
            return (Beat::Absent, None);
        }
        let unseen = |why: &str| (Beat::Unknown, Some(Unseen::because("its heartbeat", why)));
        if self.place.is_none() {
            self.place = place(file, header);
        }
        let Some(place) = self.place else { return unseen("the board has no place for it") };
        let Some((sequence, stamp)) = read(file, place) else {
            return unseen("it changed each time it was read");
        };
        let now = Instant::now();
        match self.last {
            Some((before, _)) if before != sequence => {
                self.last = Some((sequence, now));
                return (Beat::Moves, None);
            }
            Some(_) => {}
            None => self.last = Some((sequence, now)),
        }
        let watched = self.last.map_or(Duration::ZERO, |(_, since)| now - since);
        let age = if clock { age(header, stamp) } else { Duration::ZERO };
        (if watched.max(age) >= STILL { Beat::Still } else { Beat::Unknown }, None)
    }
}

/// Offset of the pulse record, from the table of contents: nothing of it is believed but a place inside
/// the file.
fn place(file: &BoardFile, header: &HeaderCopy) -> Option<u64> {
    let bytes = file.bytes.min(MAX_BOARD_BYTES);
    (0..header.toc_count.min(MAX_SECTIONS)).find_map(|index| {
        let at = header.toc_offset.checked_add(index * SectionCopy::BYTES as u64)?;
        let mut words = [0; SectionCopy::BYTES / 8];
        if at.checked_add(SectionCopy::BYTES as u64)? > bytes || !file.pread(at, &mut words) {
            return None;
        }
        let entry = SectionCopy::from_words(&words)?;
        let end = entry.offset.checked_add(PulseCopy::BYTES as u64)?;
        (entry.kind == SectionKind::Pulse as u64 && end <= bytes).then_some(entry.offset)
    })
}

/// Number and stamp of the last beat.
fn read(file: &BoardFile, place: u64) -> Option<(u64, u64)> {
    let mut words = [0; PulseCopy::BYTES / 8];
    let mut again = [0];
    for _ in 0..3 {
        file.pread(place, &mut words);
        let pulse = PulseCopy::from_words(&words)?;
        file.pread(place, &mut again);
        if again[0] == pulse.sequence {
            let copy = if pulse.sequence & 1 == 0 { pulse.even } else { pulse.odd };
            return Some((pulse.sequence, copy[0]));
        }
    }
    None
}

/// Age of a stamp by our own clock; none at all when it lies in the future.
fn age(header: &HeaderCopy, stamp: u64) -> Duration {
    let unit = match ClockKind::from_word(header.clock_kind) {
        Some(ClockKind::Monotonic) => 1.0,
        Some(_) => header.clock_ns_per_unit as f64 / (1u64 << 32) as f64,
        None => return Duration::ZERO,
    };
    let moment = Moment::now(counts_alike(header));
    let now = stamp_now(header, moment.tsc, moment.mono_ns);
    let ns = now.saturating_sub(stamp) as f64 * unit;
    Duration::from_nanos(ns as u64)
}
