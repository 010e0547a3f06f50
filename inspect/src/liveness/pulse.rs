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
        let age = clock.then(|| age(header, stamp));
        (self.says(sequence, age, Instant::now()), None)
    }

    /// What this beat says, whose stamp is so old by our clock, if that can be told. That it moved since the look
    /// before is of some moment between the two: where that look is long ago, whoever beat may have died since.
    fn says(&mut self, sequence: u64, age: Option<Duration>, now: Instant) -> Beat {
        let before = self.last.filter(|(before, _)| *before == sequence);
        let moved = self.last.filter(|_| before.is_none()).map(|(_, seen)| now - seen);
        let (_, since) = *self.last.insert(before.unwrap_or((sequence, now)));
        let lately = |for_: Duration| for_ < STILL;
        match moved {
            Some(apart) if lately(apart) || age.is_some_and(lately) => Beat::Moves,
            _ if lately(age.unwrap_or_default().max(now - since)) => Beat::Unknown,
            _ => Beat::Still,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_beat_between_two_looks_says_nothing_of_long_after() {
        let start = Instant::now();
        let mut memory = Memory::default();
        assert_eq!(memory.says(1, Some(ms(10)), start), Beat::Unknown);
        assert_eq!(memory.says(2, Some(ms(10)), start + ms(500)), Beat::Moves);
        // Looked at again after a minute: it beat once more, and by its stamp not for long.
        let late = start + ms(60_000);
        assert_eq!(memory.clone().says(3, Some(ms(2_000)), late), Beat::Still);
        assert_eq!(memory.clone().says(3, Some(ms(1_999)), late), Beat::Moves);
        // Without a clock in common it is not known, and known with the next beat.
        assert_eq!(memory.says(3, None, late), Beat::Unknown);
        assert_eq!(memory.clone().says(4, None, late + ms(50)), Beat::Moves);
        assert_eq!(memory.clone().says(3, None, late + ms(1_999)), Beat::Unknown);
        assert_eq!(memory.says(3, None, late + ms(2_000)), Beat::Still);
    }
}
