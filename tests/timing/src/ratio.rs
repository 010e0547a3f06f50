//! The middle of some values, and how sure that is.

use std::fmt;

/// The middle of some values; NaN of none.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A median, and where it lies with 95 %. By ranks: nothing is assumed of how the values are spread.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// The median.
    pub middle: f64,
    /// Where the median lies at least.
    pub low: f64,
    /// Where it lies at most.
    pub high: f64,
}

impl Interval {
    /// Of some values; NaN of none.
    pub fn of(values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        // Half the width in ranks: 1.96 times the deviation of a count that comes out half of the time.
        let half = 0.98 * (values.len() as f64).sqrt();
        let middle = values.len() as f64 / 2.0;
        let last = values.len().saturating_sub(1);
        let rank = |at: f64| values.get((at.max(0.0) as usize).min(last)).copied();
        let (low, high) = (rank(middle - half), rank(middle + half));
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        Self { middle: median(&values), low: or_nan(low), high: or_nan(high) }
    }

    /// How far its ends are from the middle, the farther one.
    pub fn reach(&self) -> f64 {
        (self.high - self.middle).max(self.middle - self.low)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.middle < 10.0 { 3 } else { usize::from(self.middle < 100.0) };
        let Self { middle, low, high } = self;
        write!(f, "{middle:.digits$} [{low:.digits$}, {high:.digits$}]")
    }
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn the_middle_of_a_hundred_and_its_ranks() {
        let values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        let interval = Interval::of(&values);
        assert_eq!((interval.low, interval.middle, interval.high), (40.0, 50.0, 59.0));
        assert_eq!(interval.reach(), 10.0);
        assert!(Interval::of(&[]).middle.is_nan());
    }
}
