//! When to look: one moment drawn evenly from each period, so that a program with a beat of its own is
//! not always met at the same point of it. Periods that went by are skipped and counted.

/// Draws the moments.
#[derive(Clone, Debug)]
pub struct Pace {
    start: u64,
    period: u64,
    /// The period that was last drawn for, plus 1.
    next: u64,
    random: u64,
}

impl Pace {
    /// A pace that begins at `start`; the same seed draws the same moments.
    pub fn new(start: u64, period: u64, seed: u64) -> Self {
        Self { start, period: period.max(1), next: 0, random: seed | 1 }
    }

    /// xorshift64*.
    fn draw(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// The next tick: its moment, the number of its period, and how many periods went by before it.
    pub fn next(&mut self, now: u64) -> Tick {
        let current = now.saturating_sub(self.start) / self.period;
        let missed = current.saturating_sub(self.next);
        let index = self.next + missed;
        self.next = index + 1;
        let begin = self.start + index * self.period;
        // A period that has begun is drawn from as if it had not: a moment that is past is now.
        let at = begin + self.draw() % self.period;
        Tick { at, index, missed }
    }
}

/// One moment to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// When.
    pub at: u64,
    /// Number of its period.
    pub index: u64,
    /// Periods since the last tick that none was delivered in.
    pub missed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_period_has_one_moment_evenly_drawn() {
        let mut pace = Pace::new(5_000, 1_000, 7);
        let mut now = 5_000;
        let mut tenths = [0; 10];
        for index in 0..10_000 {
            let tick = pace.next(now);
            assert_eq!((tick.index, tick.missed), (index, 0));
            let into = tick.at - 5_000 - index * 1_000;
            assert!(into < 1_000);
            tenths[(into / 100) as usize] += 1;
            now = tick.at;
        }
        assert!(tenths.iter().all(|&count| (850..1_150).contains(&count)), "{tenths:?}");
    }

    #[test]
    fn late_ticks_are_skipped_and_counted_never_made_up_for() {
        let mut pace = Pace::new(0, 1_000, 7);
        assert_eq!(pace.next(0).index, 0);
        let tick = pace.next(10_500);
        assert_eq!((tick.index, tick.missed), (10, 9));
        let tick = pace.next(10_900);
        assert_eq!((tick.index, tick.missed), (11, 0));
    }
}
