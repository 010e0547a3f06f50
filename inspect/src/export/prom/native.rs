//! The same families as protocol buffers, for a scraper that asks for them: it is the form that has native histograms
//! beside the classic ones (`io.prometheus.client.MetricFamily`, each with its length before it).
//!
//! A native histogram's limits are powers of 2^(1/8). A board's own are even steps, 16 from a power of two to the next, so
//! that they do not meet: what a board counts together is counted where its middle is, and no value is further than 1/32
//! beside the bucket that it is in. Native histograms of custom limits, which would hold a board's exactly, have no field in
//! this form: a scraper makes them itself, of classic buckets.

use super::exposition::{Exposition, Family, Kind, Value};
use super::names::visible;
use super::powers::{Native, SCHEMA, ZERO};
use crate::export::protobuf::Message;

/// What an HTTP answer says of it.
pub const NATIVE_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

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
