//! The same families as protocol buffers, for a scraper that asks for them: it is the form that has native histograms
//! beside the classic ones (`io.prometheus.client.MetricFamily`, each with its length before it).
//!
//! A native histogram's limits are powers of 2^(1/8). A board's own are even steps, 16 from a power of two to the next, so
//! that they do not meet: what a board counts together is counted where its middle is, and no value is further than 1/32
//! beside the bucket that it is in. Native histograms of custom limits, which would hold a board's exactly, have no field in
//! this form: a scraper makes them itself, of classic buckets.

use std::collections::BTreeMap;

use super::exposition::{Exposition, Family, Kind, Value};
use super::names::visible;
use crate::export::protobuf::Message;

/// What an HTTP answer says of it.
pub const NATIVE_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Buckets from a power of two to the next are 2 to this.
const SCHEMA: i32 = 3;
/// What is closer to zero is zero: no value of a board is, in any unit.
const ZERO: f64 = 2.938_735_877_055_719e-39;

/// Values by the exponent of their bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::export) struct Native {
    zero: u64,
    buckets: BTreeMap<i32, u64>,
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
    fn count(&self) -> u64 {
        self.buckets.values().fold(self.zero, |sum, count| sum.saturating_add(*count))
    }
}

/// The bucket of a value: its upper limit, which it includes, is 2^(exponent / 8).
fn exponent(value: f64) -> Option<i32> {
    (value > ZERO).then(|| (value.log2() * f64::from(1 << SCHEMA)).ceil() as i32)
}

/// A signed number whose smallness is kept.
fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// All of it.
pub(super) fn families(all: &Exposition) -> Vec<u8> {
    let mut out = Message::default();
    for family in all.families.iter().filter(|family| !family.samples.is_empty()) {
        out.delimited(&message(family));
    }
    out.0
}

fn message(family: &Family) -> Message {
    let (name, kind) = match family.kind {
        Kind::Counter => (format!("{}_total", family.name), 0),
        Kind::Info => (format!("{}_info", family.name), 1),
        Kind::Gauge => (family.name.clone(), 1),
        Kind::Histogram => (family.name.clone(), 4),
    };
    let mut message = Message::default();
    message.text(1, &name).text(2, &visible(&family.help)).sure(3, kind);
    for (labels, value) in &family.samples {
        let mut metric = Message::default();
        for (key, value) in labels {
            metric.message(1, Message::default().text(1, key).text(2, &visible(value)));
        }
        match value {
            Value::One(value) => {
                let mut one = Message::default();
                one.double(1, number(value));
                metric.message(if kind == 0 { 3 } else { 2 }, &one);
            }
            Value::Buckets { up_to, count, sum, native } => {
                metric.message(7, &histogram(up_to, *count, number(sum), native));
            }
        }
        message.message(4, &metric);
    }
    message
}

/// Numbers were written here.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn histogram(up_to: &[(String, u64)], count: u64, sum: f64, native: &Native) -> Message {
    let mut message = Message::default();
    // Both say as many: what came between two looks at the counts is in neither.
    debug_assert!(native.count() == count || native == &Native::default());
    message.sure(1, count).double(2, sum);
    for (limit, below) in up_to {
        message.message(3, Message::default().sure(1, *below).double(2, number(limit)));
    }
    message.message(3, Message::default().sure(1, count).double(2, f64::INFINITY));
    message.sure(5, zigzag(SCHEMA.into())).double(6, ZERO).sure(7, native.zero);
    let (mut spans, mut counts): (Vec<(i64, u64)>, Vec<u64>) = (Vec::new(), Vec::new());
    let (mut next, mut before) = (0i64, 0i64);
    for (&at, &count) in &native.buckets {
        let (at, count) = (i64::from(at), i64::try_from(count).unwrap_or(i64::MAX));
        match spans.last_mut().filter(|_| at == next) {
            Some((_, length)) => *length += 1,
            None => spans.push((at - next, 1)),
        }
        counts.push(zigzag(count - before));
        (next, before) = (at + 1, count);
    }
    // One that has no value yet is none of classic buckets alone.
    if spans.is_empty() {
        spans.push((0, 0));
    }
    for (offset, length) in spans {
        message.message(12, Message::default().sure(1, zigzag(offset)).sure(2, length));
    }
    message.packed(13, &counts);
    message
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
