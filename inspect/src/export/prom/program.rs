//! What a program counts: each number under the board's name and its own.

use std::collections::BTreeMap;

use super::exposition::{Exposition, Kind, Labels, Value};
use super::names::{Unit, key, part, unit, with_unit};
use super::own::buckets;
use crate::model::BoardReport;
use crate::words::label::Label;

/// Adds a board's.
pub(super) fn add(all: &mut Exposition, board: &BoardReport, base: &Labels) {
    let prefix = match part(board.name.raw()) {
        // Those of the boards themselves.
        name if name == "scoreboard" || name.starts_with("scoreboard_") => format!("app_{name}"),
        name => name,
    };
    let full = |name: &Label| format!("{prefix}_{}", part(name.raw()));
    for counter in &board.counters {
        let of = unit(counter.unit.as_ref());
        let name = full(&counter.name);
        let name = with_unit(name.strip_suffix("_total").unwrap_or(&name), "", of);
        let help = help(counter.help.as_ref(), counter.unit.as_ref(), of);
        let value = of.value(counter.value.into());
        let labels = labelled(base, &counter.labels);
        all.add((&name, Kind::Counter, &help), &labels, Value::One(value));
    }
    for gauge in &board.gauges {
        let of = unit(gauge.unit.as_ref());
        let name = plain(with_unit(&full(&gauge.name), "", of));
        let help = help(gauge.help.as_ref(), gauge.unit.as_ref(), of);
        let labels = labelled(base, &gauge.labels);
        let value = |value: i64| Value::One(of.value(value.into()));
        all.add((&name, Kind::Gauge, &help), &labels, value(gauge.value));
        // A peak between two scrapes is in no other series.
        let most = with_unit(&full(&gauge.name), "_max", of);
        let help = format!("Highest so far: {help}");
        all.add((&most, Kind::Gauge, &help), &labels, value(gauge.max));
    }
    for ratio in &board.ratios {
        let name = full(&ratio.name);
        let name = format!("{}_ratio", name.strip_suffix("_ratio").unwrap_or(&name));
        let Some(value) = ratio.value else { continue };
        let help = help(ratio.help.as_ref(), None, unit(None));
        let help = format!("{help} (over the last 10 s or so)");
        all.add((&name, Kind::Gauge, &help), base, Value::One(value.to_string()));
    }
    for histogram in &board.histograms {
        let of = unit(histogram.unit.as_ref());
        let name = with_unit(&full(&histogram.name), "", of);
        let help = help(histogram.help.as_ref(), histogram.unit.as_ref(), of);
        let labels = labelled(base, &histogram.labels);
        let value = buckets((&histogram.values, &histogram.counts), histogram.sum, of);
        all.add((&name, Kind::Histogram, &help), &labels, value);
    }
}

/// A gauge's name that does not end as a sample of another kind does.
fn plain(name: String) -> String {
    let endings = ["_total", "_count", "_sum", "_bucket", "_info", "_created"];
    match endings.iter().any(|ending| name.ends_with(ending)) {
        true => format!("{name}_value"),
        false => name,
    }
}

/// Help with the unit, where the name does not say it.
fn help(help: Option<&Label>, unit: Option<&Label>, of: Unit) -> String {
    let help = help.map_or("A number of the program.", Label::raw);
    match unit {
        Some(unit) if of.suffix.is_empty() => format!("{help} ({})", unit.raw()),
        _ => help.to_owned(),
    }
}

fn labelled(base: &Labels, own: &BTreeMap<Label, Label>) -> Vec<(String, String)> {
    let mut labels = base.to_vec();
    for (name, value) in own {
        let mut key = key(name.raw());
        // Two keys that became one are told apart by their place.
        while labels.iter().any(|(taken, _)| *taken == key) {
            key.push('_');
        }
        labels.push((key, value.raw().to_owned()));
    }
    labels
}
