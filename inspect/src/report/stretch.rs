//! How it went over time: what was counted, cut into stretches of equal length. There are at most
//! [`STRETCHES`]: when time goes on, two become one.

use super::tally::Tally;

/// Stretches of time that are told apart at most.
const STRETCHES: usize = 256;
/// Ticks of the shortest stretch.
const SHORTEST: u64 = 64;

/// A stretch of time: samples of each cell in it.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// Cell and samples, by cell.
    pub cells: Vec<(usize, u64)>,
}

impl Tally {
    /// Ticks from this one on that are in the same stretch; begins a new one when it is time.
    pub(super) fn until_boundary(&mut self, at_ns: u64) -> u64 {
        let period = self.period_ns();
        let first = *self.first_ns.get_or_insert(at_ns);
        if self.stretch_ns == 0 {
            self.stretch_ns = period * SHORTEST;
        }
        let mut index = (at_ns.saturating_sub(first) / self.stretch_ns) as usize;
        while index >= STRETCHES {
            self.fold();
            index = (at_ns.saturating_sub(first) / self.stretch_ns) as usize;
        }
        while self.stretches.len() <= index {
            self.close_stretch();
            self.stretches.push(Stretch::default());
        }
        let end = first.saturating_add((index as u64 + 1).saturating_mul(self.stretch_ns));
        end.saturating_sub(at_ns).div_ceil(period).max(1)
    }

    /// Moves what is fresh into the last stretch.
    pub(super) fn close_stretch(&mut self) {
        let Some(last) = self.stretches.last_mut() else { return };
        let cells = self.cells.iter_mut().enumerate().filter(|(_, cell)| cell.fresh > 0);
        let fresh: Vec<_> =
            cells.map(|(index, cell)| (index, std::mem::take(&mut cell.fresh))).collect();
        *last = merge(std::mem::take(last), Stretch { cells: fresh });
    }

    /// Twice as long stretches, half as many.
    fn fold(&mut self) {
        self.close_stretch();
        self.stretch_ns = self.stretch_ns.saturating_mul(2);
        let mut old = std::mem::take(&mut self.stretches).into_iter();
        while let Some(first) = old.next() {
            self.stretches.push(merge(first, old.next().unwrap_or_default()));
        }
    }
}

/// Two stretches as one.
fn merge(a: Stretch, b: Stretch) -> Stretch {
    if a.cells.is_empty() || b.cells.is_empty() {
        return if a.cells.is_empty() { b } else { a };
    }
    let mut sums: std::collections::BTreeMap<usize, u64> = a.cells.into_iter().collect();
    for (cell, samples) in b.cells {
        *sums.entry(cell).or_default() += samples;
    }
    Stretch { cells: sums.into_iter().collect() }
}
