//! Two looks at boards: what changed, number by number and line by line. Pure functions over reports.

use std::collections::BTreeMap;

use crate::model::{BoardReport, LineReport};
use crate::words::label::Label;

/// One number in both looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// `thread`, `counter`, `gauge`, `ratio`, `histogram`, `queue`, `heartbeat` or `progress`.
    pub kind: &'static str,
    /// Its name.
    pub name: Label,
    /// Labels of a family member.
    pub labels: BTreeMap<Label, Label>,
    /// Which of its numbers: `value`, `p99`, `depth` …, as in the JSON of a board.
    pub field: &'static str,
    /// Unit; empty for a plain number, `share` for 0..1.
    pub unit: String,
    /// Before; `None`: it was not there, or not known.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
    /// Whether it only grows while the process runs.
    pub grows: bool,
}

impl Number {
    /// After less before; what was not there counts as nothing only for what grows.
    pub fn difference(&self) -> Option<f64> {
        match (self.before, self.after) {
            (Some(before), Some(after)) => Some(after - before),
            (None, Some(after)) if self.grows => Some(after),
            _ => None,
        }
    }

    /// Whether it is another one after.
    pub fn changed(&self) -> bool {
        self.before != self.after
    }
}

/// One line in both looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Before; `None`: nothing was known of it.
    pub before: Option<LineReport>,
    /// After.
    pub after: Option<LineReport>,
}

impl Line {
    /// The line, by its later look.
    pub fn spot(&self) -> Option<&LineReport> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Threads before and after.
    pub fn threads(&self) -> (u64, u64) {
        let of = |side: &Option<LineReport>| side.as_ref().map_or(0, |line| line.threads);
        (of(&self.before), of(&self.after))
    }

    /// Passes between the looks of one run; since each start, of two.
    pub fn passes(&self) -> Option<i128> {
        let of = |side: &Option<LineReport>| side.as_ref().and_then(|line| line.hits);
        let after = of(&self.after)?;
        Some(i128::from(after) - i128::from(of(&self.before).unwrap_or(0)))
    }

    /// Whether anything is another after.
    pub fn changed(&self) -> bool {
        let (before, after) = self.threads();
        before != after || self.passes().is_some_and(|passes| passes != 0)
    }
}

/// Everything that two looks have to say of each other.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Both are of one process: what grows has grown by the difference, in `between_ns`.
    pub same_run: bool,
    /// Time between the looks, for one process.
    pub between_ns: Option<u64>,
    /// Lines, by file and line.
    pub lines: Vec<Line>,
    /// Numbers, by kind and name.
    pub numbers: Vec<Number>,
}

/// Compares two reports.
pub fn compare(before: &BoardReport, after: &BoardReport) -> Comparison {
    let same_run = before.instance == after.instance && before.pid == after.pid;
    let between_ns = same_run.then(|| after.uptime_ns.saturating_sub(before.uptime_ns));
    let mut numbers: BTreeMap<Key, Number> = BTreeMap::new();
    for (after, report) in [(false, before), (true, after)] {
        for found in numbers_of(report) {
            // The value itself before its highest.
            let rank = (found.field != "value", found.field);
            let key = (found.kind, found.name.clone(), found.labels.clone(), rank);
            let value = found.after;
            let known = numbers.entry(key).or_insert(Number { before: None, after: None, ..found });
            if after { known.after = value } else { known.before = value }
        }
    }
    let numbers = numbers.into_values().collect();
    Comparison { same_run, between_ns, lines: lines(before, after), numbers }
}

type Key = (&'static str, Label, BTreeMap<Label, Label>, (bool, &'static str));

/// Lines are the same when file, line, function, label and class are; else, among those left, when all
/// but the line are and there is one of them on each side: it moved.
fn lines(before: &BoardReport, after: &BoardReport) -> Vec<Line> {
    let name = |line: &LineReport| {
        (line.file.clone(), line.function.clone(), line.label.clone(), line.class)
    };
    let mut old: Vec<Option<LineReport>> = before.lines.iter().cloned().map(Some).collect();
    let mut found: Vec<Line> =
        after.lines.iter().map(|line| Line { before: None, after: Some(line.clone()) }).collect();
    for exact in [true, false] {
        for slot in found.iter_mut().filter(|line| line.before.is_none()) {
            let Some(new) = &slot.after else { continue };
            let same =
                |other: &LineReport| name(other) == name(new) && (!exact || other.line == new.line);
            let other = old.iter_mut().find(|other| other.as_ref().is_some_and(same));
            slot.before = other.and_then(Option::take);
        }
    }
    found.extend(old.into_iter().flatten().map(|line| Line { before: Some(line), after: None }));
    found.sort_by_key(|line| line.spot().map(|spot| (spot.file.clone(), spot.line)));
    found
}

/// Every number of a board; the values are in `after`.
fn numbers_of(report: &BoardReport) -> Vec<Number> {
    let mut all = Vec::new();
    let none = BTreeMap::new();
    let put = |kind, name: &Label, labels: &BTreeMap<Label, Label>, unit: &str, grows: bool| {
        let (name, labels, unit) = (name.clone(), labels.clone(), unit.to_owned());
        move |field: &'static str, value: Option<f64>, all: &mut Vec<Number>| {
            let (name, labels, unit) = (name.clone(), labels.clone(), unit.clone());
            let before = None;
            all.push(Number { kind, name, labels, field, unit, before, after: value, grows });
        }
    };
    let of =
        |unit: &Option<Label>| unit.as_ref().map(|unit| unit.raw().to_owned()).unwrap_or_default();
    let mut namesakes: BTreeMap<&Label, u32> = BTreeMap::new();
    for one in &report.threads {
        let number = namesakes.entry(&one.name).and_modify(|number| *number += 1).or_insert(1);
        let number = Label::from(number.to_string().as_str());
        let labels = match number.raw() {
            "1" => BTreeMap::new(),
            _ => BTreeMap::from([(Label::from("number"), number)]),
        };
        put("thread", &one.name, &labels, "share", false)("load_10s", one.load.s10, &mut all);
    }
    for one in &report.counters {
        let put = put("counter", &one.name, &one.labels, &of(&one.unit), true);
        put("value", Some(one.value as f64), &mut all);
    }
    for one in &report.gauges {
        let put = put("gauge", &one.name, &one.labels, &of(&one.unit), false);
        put("value", Some(one.value as f64), &mut all);
        put("max", Some(one.max as f64), &mut all);
    }
    for one in &report.ratios {
        put("ratio", &one.name, &none, "share", false)("value", one.since_start.value, &mut all);
    }
    let float = |value: Option<u64>| value.map(|value| value as f64);
    for one in &report.histograms {
        let counts = put("histogram", &one.name, &one.labels, "", true);
        counts("count", Some(one.count as f64), &mut all);
        let put = put("histogram", &one.name, &one.labels, &of(&one.unit), false);
        for (field, value) in [
            ("p50", one.values.since_start.p50),
            ("p90", one.values.since_start.p90),
            ("p99", one.values.since_start.p99),
            ("p999", one.values.since_start.p999),
            ("max", one.values.since_start.max),
        ] {
            put(field, float(value), &mut all);
        }
    }
    for one in &report.queues {
        let counts = put("queue", &one.name, &none, "", true);
        for (field, value) in
            [("arrivals", one.arrivals), ("starts", one.starts), ("completions", one.completions)]
        {
            counts(field, Some(value as f64), &mut all);
        }
        put("queue", &one.name, &none, "", false)("depth", Some(one.depth as f64), &mut all);
        let times = put("queue", &one.name, &none, "ns", false);
        for (field, value) in [
            ("oldest_age_ns", one.oldest_age_ns),
            ("wait_ns_p50", one.wait_ns.since_start.p50),
            ("wait_ns_p99", one.wait_ns.since_start.p99),
            ("service_ns_p50", one.service_ns.since_start.p50),
            ("service_ns_p99", one.service_ns.since_start.p99),
        ] {
            times(field, float(value), &mut all);
        }
        let used = one.utilization.s10;
        put("queue", &one.name, &none, "share", false)("utilization_10s", used, &mut all);
    }
    for one in &report.heartbeats {
        let count = Some(one.count as f64);
        put("heartbeat", &one.name, &none, "", true)("count", count, &mut all);
    }
    for one in &report.progress {
        put("progress", &one.name, &none, "", false)("done", Some(one.done as f64), &mut all);
    }
    all
}
