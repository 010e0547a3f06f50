//! What an operation has been through.

use super::super::atomics::AtomicU64;
use super::super::protocol::{TRIES, statuses};
use super::super::run::{Seen, explore};
use super::{beside, get, words};

/// The words of an operation's statuses, in small.
struct Statuses {
    count: AtomicU64,
    recent: [AtomicU64; 2],
    totals: [AtomicU64; 2],
}

/// Status `n` of an operation that has `base` as its own number.
const fn entry(base: u64, n: u64) -> u64 {
    base + n
}

/// Total of a status whose place is `place`, when status `n` follows it.
const fn total(base: u64, place: u64, n: u64) -> u64 {
    base + 10 * n + place
}

impl Statuses {
    fn new() -> Self {
        Self { count: AtomicU64::new(0), recent: words(), totals: words() }
    }

    /// As `Entry::status` does it: statuses alternate, so status `n` has place `n % 2`.
    fn step(&self, base: u64, n: u64) {
        let ends = n.checked_sub(1).map(|last| (last % 2, total(base, last % 2, n)));
        if ends.is_none() {
            // As `Entry::first_status` does it.
            for total in &self.totals {
                super::set(total, 0);
            }
        }
        let ends = ends.map(|(place, total)| (place as usize, total));
        statuses::step(&self.count, &self.recent, &self.totals, n, entry(base, n), ends);
    }

    fn look(&self, retries: &mut u64) -> statuses::Statuses<2, 2> {
        statuses::read::<2, 2>(
            || get(&self.count),
            |of_totals, index| get(&if of_totals { &self.totals } else { &self.recent }[index]),
            retries,
        )
    }

    /// Reads, and asserts that what is to be believed is of the operation with this number.
    fn read(&self, base: u64) -> statuses::Statuses<2, 2> {
        let mut retries = 0;
        let read = self.look(&mut retries);
        let statuses::Statuses { count, recent, totals, first, whole } = read;
        assert!(first <= count && count - first <= 2, "{read:?}");
        for n in first..count {
            assert_eq!(recent[n as usize % 2], entry(base, n), "status {n} of {read:?}");
        }
        if whole {
            assert_eq!(first, count.saturating_sub(2), "{read:?}");
            // The newest status before the last one that has this place is what its total ended with.
            for place in (0..2).filter(|_| count > 0) {
                let ended = (1..count).rev().find(|n| (n - 1) % 2 == place);
                let expected = ended.map_or(0, |n| total(base, place, n));
                assert_eq!(totals[place as usize], expected, "place {place} of {read:?}");
            }
        } else {
            assert_eq!(retries, TRIES as u64, "given up too early: {read:?}");
        }
        read
    }
}

/// Whole as 0 and up, by their number; otherwise 10 for each status and the first that is believed.
fn note(read: &statuses::Statuses<2, 2>, seen: &Seen) {
    seen.note(if read.whole { read.count } else { 10 * (read.count + 1) + read.first });
}

/// Statuses added while they are read: no status in another's place, no total of another moment, and
/// the number only grows.
pub fn statuses_of_one() {
    // Not whole, with one or with none of two to be believed, as well.
    explore("statuses: added and read", Some(2), &[2, 3, 4, 31, 32], |seen| {
        let seen = seen.clone();
        let statuses = Statuses::new();
        statuses.step(100, 0);
        statuses.step(100, 1);
        beside(
            statuses,
            |statuses| {
                statuses.step(100, 2);
                statuses.step(100, 3);
            },
            move |statuses| {
                let read = statuses.read(100);
                note(&read, &seen);
                assert!(read.count >= 2);
            },
        );
    });
}

/// A writer that dies in the middle is one that does not go on while it is read: all but the entry that
/// it was at is still there.
pub fn statuses_whose_writer_is_killed() {
    explore("statuses: first ones, and a killed writer", Some(2), &[0, 1, 2, 10, 20], |seen| {
        let seen = seen.clone();
        let statuses = Statuses::new();
        beside(
            statuses,
            |statuses| {
                statuses.step(100, 0);
                statuses.step(100, 1);
                let mut retries = 0;
                let alone = statuses.look(&mut retries);
                assert!(alone.whole && alone.count == 2 && retries == 0, "{alone:?}");
            },
            move |statuses| note(&statuses.read(100), &seen),
        );
    });
}
