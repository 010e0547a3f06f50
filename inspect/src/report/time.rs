//! How it went over time: what was counted, cut into stretches of equal length. There are at most
//! [`STRETCHES`]: when time goes on, two become one.

use super::stretch::{Stretch, merge};
use super::tally::Tally;

/// Stretches of time that are told apart at most.
const STRETCHES: usize = 256;
/// Ticks of the shortest stretch.
const SHORTEST: u64 = 64;

impl Tally {
    /// Ticks from this one on that are in the same stretch; begins a new one when it is time.
    pub(super) fn until_boundary(&mut self, at_ns: u64) -> u64 {
        let period = self.period_ns();
        let first = *self.first_ns.get_or_insert(at_ns);
        if self.stretch_ns == 0 {
            self.stretch_ns = period * SHORTEST;
        }
        let past = at_ns.saturating_sub(first);
        if past / self.stretch_ns >= STRETCHES as u64 {
            self.fold(past);
        }
        let index = (past / self.stretch_ns) as usize;
        if self.stretches.len() <= index {
            self.close_stretch();
            self.stretches.resize_with(index + 1, Stretch::default);
        }
        let end = first.saturating_add((index as u64 + 1).saturating_mul(self.stretch_ns));
        end.saturating_sub(at_ns).div_ceil(period).max(1)
    }

    /// Moves what is fresh into the last stretch.
    pub(super) fn close_stretch(&mut self) {
        self.count_until_now();
        let fresh = std::mem::take(&mut self.fresh);
        let Some(last) = self.stretches.last_mut() else { return };
        self.work += fresh.len() as u64;
        let mut cells: Vec<(usize, u64)> = fresh
            .into_iter()
            .map(|cell| (cell, std::mem::take(&mut self.cells[cell].fresh)))
            .collect();
        cells.sort_unstable();
        self.held += 16 * cells.len() as u64;
        *last = merge(std::mem::take(last), Stretch { cells });
    }

    /// Longer stretches, and fewer of them, until that much time has room: in one go, however much it is.
    fn fold(&mut self, past: u64) {
        self.close_stretch();
        let mut each = 1;
        while past / self.stretch_ns >= STRETCHES as u64 {
            self.stretch_ns = self.stretch_ns.saturating_mul(2);
            each *= 2;
        }
        let old = std::mem::take(&mut self.stretches);
        let before: usize = old.iter().map(|stretch| stretch.cells.len()).sum();
        self.work += before as u64;
        let mut old = old.into_iter().peekable();
        while old.peek().is_some() {
            let together = old.by_ref().take(each).reduce(merge).unwrap_or_default();
            self.stretches.push(together);
        }
        let after: usize = self.stretches.iter().map(|stretch| stretch.cells.len()).sum();
        self.held = self.held.saturating_sub(16 * (before - after) as u64);
    }
}
