//! What a board's numbers mean, as the daemon says it: kind, unit and help of each.

use std::fmt::Write;

use super::look::{Look, Paint};
use super::text::heading;
use crate::model::BoardReport;
use crate::words::label::Label;
use crate::words::term::{cut, label, left, width};

/// A number, of a family once.
struct Meaning<'a> {
    name: &'a Label,
    kind: &'static str,
    unit: String,
    help: Option<&'a Label>,
}

/// The heading of a board, and a row for each of its numbers.
pub fn board(report: &BoardReport, look: &Look) -> String {
    let mut out = heading(report, look);
    let mut all = numbers(report);
    all.retain(|one| look.shows(one.name));
    // Members of a family stand behind each other.
    all.dedup_by(|a, b| a.name == b.name && a.kind == b.kind);
    let widest = |of: &dyn Fn(&Meaning<'_>) -> usize| all.iter().map(of).max().unwrap_or(0);
    let name = widest(&|one| width(&label(one.name))).clamp(6, look.columns * 2 / 5);
    let unit = widest(&|one| width(&one.unit)).clamp(4, 12);
    let row = |name_: &str, kind: &str, unit_: &str, help: &str| {
        let text = format!(" {} {} {} {help}", left(name_, name), left(kind, 9), left(unit_, unit));
        cut(text.trim_end(), look.columns)
    };
    let title = row("NUMBER", "KIND", "UNIT", "MEANING");
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &title));
    for one in &all {
        let help = one.help.map_or_else(|| "-".to_owned(), label);
        let _ = writeln!(out, "{}", row(&label(one.name), one.kind, &one.unit, &help));
    }
    out
}

fn numbers(report: &BoardReport) -> Vec<Meaning<'_>> {
    let unit = |unit: &Option<Label>| unit.as_ref().map(label).unwrap_or_default();
    let mut all = Vec::new();
    let mut add = |name, kind, unit, help| all.push(Meaning { name, kind, unit, help });
    for one in &report.counters {
        add(&one.name, "counter", unit(&one.unit), one.help.as_ref());
    }
    for one in &report.gauges {
        add(&one.name, "gauge", unit(&one.unit), one.help.as_ref());
    }
    for one in &report.ratios {
        add(&one.name, "ratio", String::new(), one.help.as_ref());
    }
    for one in &report.histograms {
        add(&one.name, "histogram", unit(&one.unit), one.help.as_ref());
    }
    for one in &report.queues {
        add(&one.name, "queue", String::new(), one.help.as_ref());
    }
    for one in &report.heartbeats {
        add(&one.name, "heartbeat", String::new(), one.help.as_ref());
    }
    for one in &report.progress {
        add(&one.name, "progress", unit(&one.unit), None);
    }
    all
}
