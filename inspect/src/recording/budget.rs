//! What a recording may cost. It packs well, and one number in it stands for many ticks, so its bytes alone
//! bound nothing. Everything done for it is counted in steps, each some nanoseconds; an honest recording
//! takes about a tenth of what its size allows.

use std::cell::Cell;

/// Steps that a recording of any size may take: milliseconds to some tenths of a second.
const BASE: u64 = 24 << 20;
/// Steps more for each byte of it.
const EACH_BYTE: u64 = 128;
/// Unpacked bytes that are one step.
const BYTES_A_STEP: u64 = 4;
/// Ticks of a whole recording at most: more than 34 years of 1 kHz.
const MOST_TICKS: u64 = 1 << 40;

/// Steps that are left for reading one recording.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    spent: Cell<u64>,
    ticks: Cell<u64>,
    why: Cell<Option<&'static str>>,
}

impl Budget {
    /// For a file of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        let limit = BASE.saturating_add(bytes.saturating_mul(EACH_BYTE));
        Self { limit, spent: Cell::new(0), ticks: Cell::new(0), why: Cell::new(None) }
    }

    /// Takes steps; `None` when there are none left.
    pub(super) fn take(&self, steps: u64) -> Option<()> {
        self.spent.set(self.spent.get().saturating_add(steps));
        self.within(0)
    }

    /// Takes the steps for some unpacked bytes.
    pub(super) fn unpacked(&self, bytes: usize) -> Option<()> {
        self.take(bytes as u64 / BYTES_A_STEP)
    }

    /// Whether the steps are enough with so many of somebody else's.
    pub(super) fn within(&self, others: u64) -> Option<()> {
        if self.spent.get().saturating_add(others) <= self.limit {
            return Some(());
        }
        self.why.set(Some("it asks for more work than its size allows"));
        None
    }

    /// Takes ticks.
    pub(super) fn ticks(&self, ticks: u64) -> Option<()> {
        self.ticks.set(self.ticks.get().saturating_add(ticks));
        if self.ticks.get() <= MOST_TICKS {
            return Some(());
        }
        self.why.set(Some("it has more ticks than any recording"));
        None
    }

    /// Steps taken so far.
    pub(super) fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// Why nothing is left, with the limit.
    pub(super) fn exhausted(&self) -> Option<String> {
        self.why.get().map(|why| {
            let Self { limit, .. } = self;
            format!("{why} (limits: {limit} steps for this file, {MOST_TICKS} ticks)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_with_the_size_and_the_reason_names_the_limit() {
        let small = Budget::new(100);
        assert!(small.take(BASE).is_some() && small.exhausted().is_none());
        assert!(small.within(129 * 100).is_none());
        let why = small.exhausted().expect("a reason");
        assert!(why.contains(&format!("{} steps", BASE + 100 * EACH_BYTE)), "{why}");
        assert!(Budget::new(1 << 20).take(BASE + 100_000_000).is_some());
        assert!(Budget::new(u64::MAX).ticks(MOST_TICKS + 1).is_none());
    }
}
