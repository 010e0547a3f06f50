//! Operations rolled up by kind: how many are in flight, and how many ended in which way, ever and lately.
//!
//! All that ended are counted with their durations, those that did not end well once more. So what ended well is what
//! is left, over one and the same time: that of the durations' window.

use std::collections::{BTreeMap, HashMap};

use probe::layout::METRIC_OP;

use super::clock::Clock;
use super::size;
use crate::model::{BoardReport, OpEnds, OpKind, OpRates};
use crate::snapshot::{Room, Snapshot};
use crate::words::label::Label;

/// The keeper notes durations at one beat and counts at others: those nearest may be so far away.
const APART_NS: u64 = 1_500_000_000;

/// The kinds by name.
pub(super) fn kinds(
    report: &BoardReport,
    snapshot: &Snapshot,
    clock: &Clock,
    room: &mut Room,
) -> Vec<OpKind> {
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
    let mut of_ops: HashMap<Label, bool> = HashMap::new();
    for read in &snapshot.metrics {
        let name = snapshot.strings.get(read.record.name);
        let flag = read.record.kind_flags & METRIC_OP != 0;
        // Of several of a name the first tells.
        name.map(|name| of_ops.entry(name).or_insert(flag));
    }
    let (ended, looks) = (Ended::new(snapshot), looks(snapshot, clock));
    for times in report.histograms.iter().filter(|one| of_ops.get(&one.name) == Some(&true)) {
        let Some(label) = label(&times.labels, "kind") else { continue };
        let kind = kinds.entry(label.clone()).or_insert_with(|| blank(label));
        let failed = ended.failures(label, |_, now| now);
        kind.since_start = ends(times.count, failed);
        let recent = &times.values.recent;
        let Some(over_ns) = recent.over_ns.filter(|&over_ns| over_ns > 0) else { continue };
        let counted = match times.values.since_start.over_ns {
            // Nothing is known of a later time.
            all if all == Some(over_ns) => Some(failed),
            _ => grown(&ended, &looks, label, over_ns),
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
    kinds.into_values().filter(|kind| room.say("kinds", size::kind(kind))).collect()
}

fn label<'a>(labels: &'a BTreeMap<Label, Label>, key: &str) -> Option<&'a Label> {
    labels.iter().find(|(name, _)| name.raw() == key).map(|(_, label)| label)
}

fn ends(all: u64, failed: [u64; 3]) -> OpEnds<u64> {
    let [error, cancelled, panicked] = failed;
    let ok = failed.iter().fold(all, |left, &count| left.saturating_sub(count));
    OpEnds { ok, error, cancelled, panicked }
}

/// Ways not to end well.
const FAILED: [&str; 3] = ["error", "cancelled", "panicked"];

/// What is counted of operations that did not end well: by kind and way the numbers' indexes and values.
struct Ended<'a>(HashMap<(&'a str, usize), Vec<(u64, u64)>>);

impl<'a> Ended<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        let is_ends = |word| snapshot.strings.get(word).is_some_and(|name| name.raw() == "op_ends");
        for read in snapshot.metrics.iter().filter(|read| is_ends(read.record.name)) {
            let of = |wanted: &'static str| {
                let labels = read.labels.iter().filter(move |(key, _)| key.raw() == wanted);
                labels.map(|(_, label)| label.raw())
            };
            for way in of("outcome") {
                let Some(way) = FAILED.iter().position(|one| *one == way) else { continue };
                for kind in of("kind") {
                    all.entry((kind, way)).or_default().push((read.index, read.cell.value));
                }
            }
        }
        Self(all)
    }

    /// Those of a kind, each of its numbers as `of` has it.
    fn failures(&self, kind: &Label, of: impl Fn(u64, u64) -> u64) -> [u64; 3] {
        core::array::from_fn(|way| {
            let counters = self.0.get(&(kind.raw(), way)).into_iter().flatten();
            counters.fold(0u64, |sum, &(index, value)| sum.saturating_add(of(index, value)))
        })
    }
}

/// Looks at totals, by their age.
type Looks<'a> = Vec<(u64, &'a [u64])>;

fn looks<'a>(snapshot: &'a Snapshot, clock: &Clock) -> Looks<'a> {
    let looks = snapshot.count_rings.iter().flat_map(|ring| &ring.entries);
    let mut looks: Looks<'a> =
        looks.map(|(stamp, then)| (clock.age_ns(*stamp), then.as_slice())).collect();
    looks.sort_by_key(|(age_ns, _)| *age_ns);
    looks
}

/// How many more than there were that long ago.
fn grown(ended: &Ended<'_>, looks: &Looks<'_>, kind: &Label, over_ns: u64) -> Option<[u64; 3]> {
    let apart = |(age_ns, _): &&(u64, _)| age_ns.abs_diff(over_ns);
    let later = looks.partition_point(|(age_ns, _)| *age_ns < over_ns);
    let near = looks[later.saturating_sub(1)..].iter().take(2);
    let nearest = near.min_by_key(apart).filter(|look| apart(look) <= APART_NS)?;
    let (_, then) = nearest;
    Some(ended.failures(kind, |index, now| {
        let then = usize::try_from(index).ok().and_then(|index| then.get(index));
        // More than now: another number's, whose record it was.
        now.checked_sub(then.copied().unwrap_or(0)).unwrap_or(now)
    }))
}
