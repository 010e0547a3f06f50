//! Every number of a board, one by one: what two looks can be compared by.

use std::collections::BTreeMap;

use crate::model::{BoardReport, Histogram, Queue, ThreadReport};
use crate::words::label::Label;

/// One number in both looks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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

/// Whose numbers they are.
struct Of<'a> {
    kind: &'static str,
    name: &'a Label,
    labels: Option<&'a BTreeMap<Label, Label>>,
    unit: &'a str,
    grows: bool,
}

impl<'a> Of<'a> {
    fn new(kind: &'static str, name: &'a Label, unit: &'a str) -> Self {
        Self { kind, name, labels: None, unit, grows: false }
    }

    fn labelled(self, labels: &'a BTreeMap<Label, Label>) -> Self {
        Self { labels: Some(labels), ..self }
    }

    fn growing(self) -> Self {
        Self { grows: true, ..self }
    }
}

/// The numbers so far; the values are in `after`.
#[derive(Default)]
struct Flat(Vec<Number>);

impl Flat {
    fn put(&mut self, of: &Of<'_>, field: &'static str, value: Option<f64>) {
        self.0.push(Number {
            kind: of.kind,
            name: of.name.clone(),
            labels: of.labels.cloned().unwrap_or_default(),
            field,
            unit: of.unit.to_owned(),
            before: None,
            after: value,
            grows: of.grows,
        });
    }

    fn whole(&mut self, of: &Of<'_>, fields: &[(&'static str, Option<u64>)]) {
        for (field, value) in fields {
            self.put(of, field, value.map(|value| value as f64));
        }
    }

    fn threads(&mut self, threads: &[ThreadReport]) {
        let mut namesakes: BTreeMap<&Label, u32> = BTreeMap::new();
        for one in threads {
            let number = namesakes.entry(&one.name).and_modify(|number| *number += 1).or_insert(1);
            let number = Label::from(number.to_string().as_str());
            let labels = match number.raw() {
                "1" => BTreeMap::new(),
                _ => BTreeMap::from([(Label::from("number"), number)]),
            };
            let of = Of::new("thread", &one.name, "share").labelled(&labels);
            self.put(&of, "load_10s", one.load.s10);
        }
    }

    fn histogram(&mut self, one: &Histogram) {
        let of = |unit| Of::new("histogram", &one.name, unit).labelled(&one.labels);
        self.whole(&of("").growing(), &[("count", Some(one.count))]);
        let values = &one.values.since_start;
        let fields = [
            ("p50", values.p50),
            ("p90", values.p90),
            ("p99", values.p99),
            ("p999", values.p999),
            ("max", values.max),
        ];
        self.whole(&of(unit(&one.unit)), &fields);
    }

    fn queue(&mut self, one: &Queue) {
        let of = |unit| Of::new("queue", &one.name, unit);
        let counts = [
            ("arrivals", Some(one.arrivals)),
            ("starts", Some(one.starts)),
            ("completions", Some(one.completions)),
        ];
        self.whole(&of("").growing(), &counts);
        self.whole(&of(""), &[("depth", Some(one.depth))]);
        let times = [
            ("oldest_age_ns", one.oldest_age_ns),
            ("wait_ns_p50", one.wait_ns.since_start.p50),
            ("wait_ns_p99", one.wait_ns.since_start.p99),
            ("service_ns_p50", one.service_ns.since_start.p50),
            ("service_ns_p99", one.service_ns.since_start.p99),
        ];
        self.whole(&of("ns"), &times);
        self.put(&of("share"), "utilization_10s", one.utilization.s10);
    }
}

fn unit(unit: &Option<Label>) -> &str {
    unit.as_ref().map(Label::raw).unwrap_or_default()
}

/// Every number of a board; the values are in `after`.
pub(super) fn numbers_of(report: &BoardReport) -> Vec<Number> {
    let mut all = Flat::default();
    all.threads(&report.threads);
    for one in &report.counters {
        let of = Of::new("counter", &one.name, unit(&one.unit)).labelled(&one.labels).growing();
        all.whole(&of, &[("value", Some(one.value))]);
    }
    for one in &report.gauges {
        let of = Of::new("gauge", &one.name, unit(&one.unit)).labelled(&one.labels);
        all.put(&of, "value", Some(one.value as f64));
        all.put(&of, "max", Some(one.max as f64));
    }
    for one in &report.ratios {
        all.put(&Of::new("ratio", &one.name, "share"), "value", one.since_start.value);
    }
    report.histograms.iter().for_each(|one| all.histogram(one));
    report.queues.iter().for_each(|one| all.queue(one));
    for one in &report.heartbeats {
        let of = Of::new("heartbeat", &one.name, "").growing();
        all.whole(&of, &[("count", Some(one.count))]);
    }
    for one in &report.progress {
        all.whole(&Of::new("progress", &one.name, ""), &[("done", Some(one.done))]);
    }
    all.0
}
