//! Operations rolled up by kind: how many are in flight, and how many ended in which way, ever and lately.
//!
//! All that ended are counted with their durations, those that did not end well once more. So what ended well is what
//! is left, over one and the same time: that of the durations' window.

use std::collections::BTreeMap;

use probe::layout::METRIC_OP;

use super::clock::Clock;
use crate::model::{BoardReport, OpEnds, OpKind, OpRates};
use crate::snapshot::Snapshot;
use crate::words::label::Label;

/// The keeper notes durations at one beat and counts at others: those nearest may be so far away.
const APART_NS: u64 = 1_500_000_000;

/// The kinds by name.
pub(super) fn kinds(report: &BoardReport, snapshot: &Snapshot, clock: &Clock) -> Vec<OpKind> {
    let mut kinds: BTreeMap<Label, OpKind> = BTreeMap::new();
    let blank = |kind: &Label| OpKind {
        kind: kind.clone(),
        in_flight: 0,
        oldest_ns: None,
        rates: None,
        since_start: OpEnds::default(),
    };
    for op in &report.ops {
        let kind = kinds.entry(op.kind.clone()).or_insert_with(|| blank(&op.kind));
        kind.in_flight += 1;
        kind.oldest_ns = kind.oldest_ns.max(Some(op.age_ns));
    }
    let is_op = |histogram: &&crate::model::Histogram| {
        let same = |read: &&crate::snapshot::MetricRead| {
            snapshot.strings.get(read.record.name).as_ref() == Some(&histogram.name)
        };
        snapshot
            .metrics
            .iter()
            .find(same)
            .is_some_and(|read| read.record.kind_flags & METRIC_OP != 0)
    };
    for times in report.histograms.iter().filter(is_op) {
        let Some(label) = label(&times.labels, "kind") else { continue };
        let kind = kinds.entry(label.clone()).or_insert_with(|| blank(label));
        let failed = failures(snapshot, label, |_, now| now);
        kind.since_start = ends(times.count, failed);
        let recent = &times.values.recent;
        let Some(over_ns) = recent.over_ns.filter(|&over_ns| over_ns > 0) else { continue };
        let counted = match times.values.since_start.over_ns {
            // Nothing is known of a later time.
            all if all == Some(over_ns) => Some(failed),
            _ => grown(snapshot, clock, label, over_ns),
        };
        kind.rates = counted.map(|failed| {
            let per_s = |count: u64| (count as f64 * 1e11 / over_ns as f64).round() / 100.0;
            let ends = ends(recent.count, failed);
            OpRates {
                per_s: OpEnds {
                    ok: per_s(ends.ok),
                    error: per_s(ends.error),
                    cancelled: per_s(ends.cancelled),
                    panicked: per_s(ends.panicked),
                },
                over_ns,
            }
        });
    }
    kinds.into_values().collect()
}

fn label<'a>(labels: &'a BTreeMap<Label, Label>, key: &str) -> Option<&'a Label> {
    labels.iter().find(|(name, _)| name.raw() == key).map(|(_, label)| label)
}

fn ends(all: u64, failed: [u64; 3]) -> OpEnds<u64> {
    let [error, cancelled, panicked] = failed;
    let ok = failed.iter().fold(all, |left, &count| left.saturating_sub(count));
    OpEnds { ok, error, cancelled, panicked }
}

/// Those of a kind that did not end well, each of its numbers as `of` has it.
fn failures(snapshot: &Snapshot, kind: &Label, of: impl Fn(u64, u64) -> u64) -> [u64; 3] {
    ["error", "cancelled", "panicked"].map(|outcome| {
        let is = |read: &&crate::snapshot::MetricRead| {
            let has = |key, value: &[u8]| {
                let mut labels = read.labels.iter();
                labels.any(|(name, label)| name.raw() == key && label.raw().as_bytes() == value)
            };
            snapshot.strings.get(read.record.name).is_some_and(|name| name.raw() == "op_ends")
                && has("outcome", outcome.as_bytes())
                && has("kind", kind.raw().as_bytes())
        };
        let counters = snapshot.metrics.iter().filter(is);
        counters.fold(0u64, |sum, read| sum.saturating_add(of(read.index, read.cell.value)))
    })
}

/// How many more than there were that long ago.
fn grown(snapshot: &Snapshot, clock: &Clock, kind: &Label, over_ns: u64) -> Option<[u64; 3]> {
    let looks = snapshot.count_rings.iter().flat_map(|ring| &ring.entries);
    let apart = |stamp: u64| clock.age_ns(stamp).abs_diff(over_ns);
    let (stamp, then) = looks.min_by_key(|(stamp, _)| apart(*stamp))?;
    (apart(*stamp) <= APART_NS).then(|| {
        failures(snapshot, kind, |index, now| {
            let then = usize::try_from(index).ok().and_then(|index| then.get(index));
            // More than now: another number's, whose record it was.
            now.checked_sub(then.copied().unwrap_or(0)).unwrap_or(now)
        })
    })
}
