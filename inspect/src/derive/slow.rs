//! Where the time of one kind of operation goes: of all of them, and of the slowest tenth beside. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{BoardReport, Op, SlowPart, SlowStatus, WhySlow};
use crate::words::label::Label;

/// Of so many the slowest is one.
const TENTH: usize = 10;
/// Rows that are said.
const ROWS: usize = 64;

/// A status, and the line at which it was taken where that is known.
type Spot = (Label, Option<(Label, u32)>);

/// Where the time went of every operation of a kind that ended and is still there, or is in flight. `None`: there is
/// none of that kind.
pub fn why_slow(report: &BoardReport, kind: &str) -> Option<WhySlow> {
    let of_kind = |op: &&Op| op.kind.raw() == kind;
    let live: Vec<&Op> = report.ops.iter().filter(of_kind).collect();
    let ended: Vec<&Op> = report.ended_ops.iter().filter(of_kind).collect();
    let (in_flight, count) = (live.len() as u64, live.len() + ended.len());
    if count == 0 {
        return None;
    }
    let mut all: Vec<(u64, BTreeMap<Spot, u64>)> =
        live.into_iter().chain(ended).map(spent).collect();
    all.sort_by_key(|(took, _)| Reverse(*took));
    let (slowest, median) = (count.div_ceil(TENTH), all.get(count / 2).map(|(took, _)| *took));
    let first = all.get(..slowest)?;
    let (of_all, of_slow) = (sums(&all), sums(first));
    let total =
        |of: &BTreeMap<Spot, u64>| of.values().fold(0u64, |sum, ns| sum.saturating_add(*ns));
    let (all_ns, slow_ns) = (total(&of_all), total(&of_slow));
    let part = |ns: u64, of_ns: u64, count: usize| SlowPart {
        share: ns as f64 / of_ns.max(1) as f64,
        mean_ns: ns / count.max(1) as u64,
    };
    let mut statuses: Vec<SlowStatus> = of_all
        .into_iter()
        .map(|((status, place), ns)| {
            let slow = of_slow.get(&(status.clone(), place.clone())).copied().unwrap_or(0);
            let (file, line) = place.unzip();
            let (all, slowest) = (part(ns, all_ns, count), part(slow, slow_ns, slowest));
            SlowStatus { status, file, line, all, slowest }
        })
        .collect();
    // What the slow ones have more of comes first: that is why they are slow.
    let more = |one: &SlowStatus| one.slowest.mean_ns as i128 - one.all.mean_ns as i128;
    statuses.sort_by(|a, b| {
        more(b).cmp(&more(a)).then_with(|| (&a.status, a.line).cmp(&(&b.status, b.line)))
    });
    statuses.truncate(ROWS);
    Some(WhySlow {
        board: report.name.clone(),
        pid: report.pid,
        kind: Label::from(kind),
        operations: count as u64,
        in_flight,
        slowest: slowest as u64,
        median_ns: median.unwrap_or(0),
        slowest_from_ns: first.last().map_or(0, |(took, _)| *took),
        statuses,
    })
}

/// The kinds of which there are operations.
pub fn kinds(report: &BoardReport) -> Vec<&Label> {
    let mut kinds: Vec<&Label> =
        report.ops.iter().chain(&report.ended_ops).map(|op| &op.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// The time of an operation at something, and where it went. What idles is not at anything. The history has the line
/// of each status; what is older than it is of the line at which that status was last taken, if any.
fn spent(op: &Op) -> (u64, BTreeMap<Spot, u64>) {
    let mut spots: BTreeMap<Spot, u64> = BTreeMap::new();
    let mut told: BTreeMap<&Label, u64> = BTreeMap::new();
    let mut lines: BTreeMap<&Label, Option<(Label, u32)>> = BTreeMap::new();
    let mut idle: Vec<&Label> = Vec::new();
    for status in &op.history {
        let known = told.entry(&status.status).or_default();
        *known = known.saturating_add(status.for_ns);
        if status.class == Some("idle") {
            idle.push(&status.status);
            continue;
        }
        let place = status.place.as_ref().and_then(|at| at.file.clone().zip(at.line));
        lines.insert(&status.status, place.clone());
        let sum = spots.entry((status.status.clone(), place)).or_default();
        *sum = sum.saturating_add(status.for_ns);
    }
    for total in op.totals.iter().filter(|total| !idle.contains(&&total.status)) {
        let rest = total.ns.saturating_sub(told.get(&total.status).copied().unwrap_or(0));
        if rest > 0 {
            let place = lines.get(&total.status).cloned().flatten();
            let sum = spots.entry((total.status.clone(), place)).or_default();
            *sum = sum.saturating_add(rest);
        }
    }
    // Before the first status.
    let all: u64 = op.totals.iter().fold(0, |sum, total| sum.saturating_add(total.ns));
    let before = op.age_ns.saturating_sub(all);
    let first = op.history.first().map_or(op.age_ns, |status| status.at_ns);
    if before > 0 && (op.totals.is_empty() || first > 0) {
        let place = op.begun_file.clone().zip(op.begun_line);
        spots.insert((Label::from("(no status)"), place), before);
    }
    (spots.values().fold(0, |sum, ns| sum.saturating_add(*ns)), spots)
}

fn sums(operations: &[(u64, BTreeMap<Spot, u64>)]) -> BTreeMap<Spot, u64> {
    let mut all: BTreeMap<Spot, u64> = BTreeMap::new();
    for (spot, ns) in operations.iter().flat_map(|(_, spots)| spots) {
        let sum = all.entry(spot.clone()).or_default();
        *sum = sum.saturating_add(*ns);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OpStatus, OpTotal, Place};

    const MS: u64 = 1_000_000;

    /// An operation that parsed for 1 ms, and then was at its disk for so long.
    fn op(disk_ms: u64) -> Op {
        let status = |name: &str, line, at: u64, long: u64, class| OpStatus {
            status: Label::from(name),
            class: Some(class),
            at_ns: at * MS,
            for_ns: long * MS,
            place: Some(Place {
                file: Some(Label::from("store.rs")),
                line: Some(line),
                function: None,
                label: None,
                arg: None,
            }),
        };
        let total = |name: &str, ms: u64| OpTotal { status: Label::from(name), ns: ms * MS };
        Op {
            kind: Label::from("command"),
            age_ns: (1 + disk_ms + 500) * MS,
            history: vec![
                status("parse", 10, 0, 1, "work"),
                status("disk", 20, 1, disk_ms, "wait"),
                status("rests", 30, 1 + disk_ms, 500, "idle"),
            ],
            totals: vec![total("parse", 1), total("disk", disk_ms), total("rests", 500)],
            ..Op::default()
        }
    }

    #[test]
    fn what_the_slowest_have_more_of_stands_first() {
        let mut report = BoardReport::for_tests("recordd", 0);
        report.ended_ops = (0..18).map(|_| op(1)).chain([op(99), op(97)]).collect();
        let slow = why_slow(&report, "command").expect("there are some");
        assert_eq!((slow.operations, slow.slowest, slow.in_flight), (20, 2, 0));
        assert_eq!((slow.median_ns, slow.slowest_from_ns), (2 * MS, 98 * MS));
        let rows: Vec<(&str, Option<u32>)> =
            slow.statuses.iter().map(|row| (row.status.raw(), row.line)).collect();
        assert_eq!(rows, [("disk", Some(20)), ("parse", Some(10))], "what rests is not slow");
        let disk = &slow.statuses[0];
        assert_eq!(disk.slowest.mean_ns, 98 * MS);
        assert_eq!(disk.all.mean_ns, (18 + 99 + 97) * MS / 20);
        assert!((disk.slowest.share - 98.0 / 99.0).abs() < 1e-9);
        assert!(why_slow(&report, "other").is_none());
        assert_eq!(kinds(&report), [&Label::from("command")]);
    }

    #[test]
    fn what_is_older_than_the_history_and_before_the_first_status_is_not_lost() {
        let mut report = BoardReport::for_tests("recordd", 0);
        let mut one = op(4);
        // Three earlier reads of the disk have left the history; and 2 ms had no status at all.
        one.totals[1].ns += 30 * MS;
        one.history.iter_mut().for_each(|status| status.at_ns += 32 * MS);
        one.age_ns += 32 * MS;
        report.ops = vec![one];
        let slow = why_slow(&report, "command").expect("one");
        let sum: u64 = slow.statuses.iter().map(|row| row.all.mean_ns).sum();
        assert_eq!(sum, 37 * MS, "all but its rest: {slow:?}");
        let disk = slow.statuses.iter().find(|row| row.status.raw() == "disk").expect("disk");
        assert_eq!((disk.all.mean_ns, disk.line), (34 * MS, Some(20)));
    }
}
