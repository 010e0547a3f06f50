//! Values by powers of two, finely: what a native histogram holds.

use std::collections::BTreeMap;

/// Buckets from a power of two to the next are 2 to this.
pub(super) const SCHEMA: i32 = 3;
/// What is closer to zero is zero: no value of a board is, in any unit.
pub(super) const ZERO: f64 = 2.938_735_877_055_719e-39;

/// Values by the exponent of their bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::export) struct Native {
    pub(super) zero: u64,
    pub(super) buckets: BTreeMap<i32, u64>,
}

impl Native {
    /// Counts so many of a value.
    pub(super) fn add(&mut self, value: f64, count: u64) {
        let sum = match exponent(value) {
            Some(exponent) => self.buckets.entry(exponent).or_default(),
            None => &mut self.zero,
        };
        *sum = sum.saturating_add(count);
    }

    /// All of it.
    pub(super) fn count(&self) -> u64 {
        self.buckets.values().fold(self.zero, |sum, count| sum.saturating_add(*count))
    }
}

/// The bucket of a value: its upper limit, which it includes, is 2^(exponent / 8).
fn exponent(value: f64) -> Option<i32> {
    (value > ZERO).then(|| (value.log2() * f64::from(1 << SCHEMA)).ceil() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe::layout::{bucket_of, bucket_span};

    /// A value, what a board counts it with, and the bucket in which it comes to be.
    #[test]
    fn no_value_is_further_than_a_32nd_beside_its_bucket() {
        let mut worst = 0.0f64;
        for n in 0..2_000_000u64 {
            let value = (n * n) % 1_000_000_007 + 1;
            let (low, width) = bucket_span(bucket_of(value));
            let middle = (low as f64 + (width - 1) as f64 / 2.0) / 1e9;
            let upper = (f64::from(exponent(middle).expect("a bucket")) / 8.0).exp2() * 1e9;
            let lower = upper / 0.125f64.exp2();
            let value = value as f64;
            let beside = (value - upper).max(lower - value).max(0.0) / value;
            worst = worst.max(beside);
        }
        assert!(worst <= 1.0 / 32.0 && worst > 0.01, "{worst}");
    }

    #[test]
    fn a_limit_belongs_to_what_is_below_and_nothing_is_zero() {
        assert_eq!([0.5, 1.0, 1.01, 2.0, 4.0].map(exponent), [-8, 0, 1, 8, 16].map(Some));
        assert_eq!([0.0, -1.0].map(exponent), [None, None]);
    }
}
