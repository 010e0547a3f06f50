//! Who holds what several may hold at once, such as permits, wherever their tasks go: the first few that are known, each in
//! a word of its own until he lets go. Who came first and stays is there, however many come and go meanwhile.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::PARTY_UNKNOWN;

/// Holders that are known at once.
const KNOWN: usize = 4;

/// Those of one lock.
#[derive(Debug)]
pub(crate) struct Holders([AtomicU64; KNOWN]);

/// Where a holder stands; nowhere, if there was no room or nothing is known of him.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat(u8);

impl Holders {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; KNOWN])
    }

    /// One more holds it.
    pub(crate) fn take(&self, party: u64) -> Seat {
        let free = |word: &AtomicU64| {
            word.compare_exchange(0, party, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        let seat = match party {
            0 | PARTY_UNKNOWN => None,
            _ => self.0.iter().position(free),
        };
        Seat(seat.unwrap_or(KNOWN) as u8)
    }

    /// He is about to let go of it.
    pub(crate) fn leave(&self, seat: Seat) {
        if let Some(word) = self.0.get(usize::from(seat.0)) {
            // Relaxed: letting go comes next, and orders it.
            word.store(0, Ordering::Relaxed);
        }
    }

    /// One of those who hold it; 0 when none is known.
    pub(crate) fn one(&self) -> u64 {
        self.0
            .iter()
            .map(|word| word.load(Ordering::Relaxed))
            .find(|&party| party != 0)
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_is_known_until_he_leaves() {
        let holders = Holders::new();
        let first = holders.take(7);
        for other in 10..20 {
            let seat = holders.take(other);
            assert_eq!(holders.one(), 7);
            holders.leave(seat);
        }
        let others: Vec<Seat> = (20..30).map(|other| holders.take(other)).collect();
        holders.leave(first);
        assert_eq!(holders.one(), 20);
        others.into_iter().for_each(|seat| holders.leave(seat));
        assert_eq!(holders.one(), 0);
        holders.leave(holders.take(PARTY_UNKNOWN));
        assert_eq!(holders.one(), 0);
    }
}
