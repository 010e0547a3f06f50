//! Numbers: periodic jobs, ratios, progress, counters, gauges, histograms and facts, one a row.

use super::page::{Ink, Page, Pieces, heading};
use crate::model::BoardReport;
use crate::render::numbers::bounded;
use crate::top::history::{Of, id, spark};
use crate::top::state::State;
use crate::top::watch::Seen;
use crate::words::human::{in_unit, or_none, short, signed, time, whole};
use crate::words::label::Label;
use crate::words::term::{label, left, right};

/// One number.
struct Number {
    id: u64,
    name: String,
    value: String,
    beside: String,
    series: Option<Of>,
    bad: bool,
    /// For the order: how fast it grows, and how large it is.
    rate: f64,
    size: f64,
}

/// A row: the title of a section, or a number.
enum Entry {
    Title(&'static str),
    Number(Number),
}

type Labels = std::collections::BTreeMap<Label, Label>;

/// `name{label}`.
fn full(name: &Label, labels: &Labels) -> String {
    if labels.is_empty() {
        return label(name);
    }
    let values: Vec<String> = labels.values().map(label).collect();
    format!("{}{{{}}}", label(name), values.join(","))
}

fn unit(unit: Option<&Label>) -> &str {
    unit.map_or("", Label::raw)
}

/// What passes the filter, of names and labels.
fn passes(state: &State, name: &Label, labels: &Labels) -> bool {
    let texts: Vec<&Label> = std::iter::once(name).chain(labels.values()).collect();
    state.shows(&texts)
}

fn counters(report: &BoardReport, state: &State) -> Vec<Number> {
    let shown = report.counters.iter().filter(|one| state.all || one.value > 0);
    shown
        .filter(|one| passes(state, &one.name, &one.labels))
        .map(|one| Number {
            id: id(&one.name, &one.labels),
            name: full(&one.name, &one.labels),
            value: in_unit(one.value, unit(one.unit.as_ref())),
            beside: or_none(one.rate_per_s, |rate| format!("{}/s", short(rate))),
            series: Some(Of::Rate(id(&one.name, &one.labels))),
            bad: false,
            rate: one.rate_per_s.unwrap_or(-1.0),
            size: one.value as f64,
        })
        .collect()
}

fn gauges(report: &BoardReport, state: &State) -> Vec<Number> {
    let used = |one: &&crate::model::Gauge| {
        state.all || one.value != 0 || one.max != 0 || !one.labels.is_empty()
    };
    let shown = report.gauges.iter().filter(used);
    shown
        .filter(|one| passes(state, &one.name, &one.labels))
        .map(|one| {
            let say = |value: i64| match u64::try_from(value) {
                Ok(value) => in_unit(value, unit(one.unit.as_ref())),
                Err(_) => signed(value),
            };
            Number {
                id: id(&one.name, &one.labels),
                name: full(&one.name, &one.labels),
                value: say(one.value),
                beside: format!("max {}", say(one.max)),
                series: Some(Of::Level(id(&one.name, &one.labels))),
                bad: false,
                rate: 0.0,
                size: one.value as f64,
            }
        })
        .collect()
}

/// A number that has neither rate nor series.
fn plain(name: &Label, value: String, beside: String, bad: bool, size: f64) -> Number {
    let id = id(name, &Labels::new());
    Number { id, name: label(name), value, beside, series: None, bad, rate: 0.0, size }
}

fn heartbeats(report: &BoardReport, state: &State) -> Vec<Number> {
    let shown = report.heartbeats.iter().filter(|one| state.all || one.count > 0);
    shown
        .filter(|one| state.shows(&[&one.name]))
        .map(|one| {
            let late = if one.overdue { "OVERDUE, " } else { "" };
            let beside = format!("{late}every {}", time(one.every_ns));
            let ago = or_none(one.age_ns, |age| format!("{} ago", time(age)));
            plain(&one.name, ago, beside, one.overdue, one.age_ns.unwrap_or(0) as f64)
        })
        .collect()
}

fn shares(report: &BoardReport, state: &State) -> Vec<Number> {
    let ratios = report.ratios.iter().filter(|one| state.all || one.value.is_some());
    let ratios = ratios.filter(|one| state.shows(&[&one.name])).map(|one| {
        let value = or_none(one.value, |value| format!("{:.1}%", value * 100.0));
        plain(&one.name, value, String::new(), false, one.value.unwrap_or(0.0))
    });
    let progress = report.progress.iter().filter(|one| state.all || one.total > 0 || one.done > 0);
    let progress = progress.filter(|one| state.shows(&[&one.name])).map(|one| {
        let share = one.done as f64 / one.total.max(1) as f64;
        let beside = format!("of {}, {:.0}%", whole(one.total), share * 100.0);
        plain(&one.name, whole(one.done), beside, false, share)
    });
    ratios.chain(progress).collect()
}

fn histograms(report: &BoardReport, state: &State) -> Vec<Number> {
    let shown = report.histograms.iter().filter(|one| state.all || one.count > 0);
    shown
        .filter(|one| passes(state, &one.name, &one.labels))
        .map(|one| {
            let recent = &one.values.recent;
            let say = |value: Option<u64>| {
                let in_words = |value| in_unit(value, unit(one.unit.as_ref()));
                or_none(value, |value| bounded(value, one.values.limit, in_words))
            };
            // The most telling first: what does not fit is cut.
            let quantiles = [
                ("p50", recent.p50),
                ("p99", recent.p99),
                ("max", recent.max),
                ("p90", recent.p90),
                ("p99.9", recent.p999),
            ];
            let beside = quantiles.map(|(name, value)| format!("{name} {}", say(value)));
            Number {
                id: id(&one.name, &one.labels),
                name: full(&one.name, &one.labels),
                value: whole(one.count),
                beside: beside.join("  "),
                series: None,
                bad: false,
                rate: 0.0,
                size: one.count as f64,
            }
        })
        .collect()
}

fn facts(report: &BoardReport, state: &State) -> Vec<Number> {
    let shown = report.facts.iter().filter(|(key, value)| state.shows(&[key, value]));
    shown.map(|(key, value)| plain(key, String::new(), label(value), false, 0.0)).collect()
}

/// Every section that has something, in the order of the view.
fn entries(seen: &Seen, state: &State) -> Vec<Entry> {
    let report = &seen.report;
    let sections = [
        ("HEARTBEATS", heartbeats(report, state)),
        ("RATIOS, PROGRESS", shares(report, state)),
        ("COUNTERS", counters(report, state)),
        ("GAUGES", gauges(report, state)),
        ("HISTOGRAMS", histograms(report, state)),
        ("FACTS", facts(report, state)),
    ];
    let (sort, reverse) = state.sort();
    let mut entries = Vec::new();
    for (title, mut numbers) in sections {
        if numbers.is_empty() {
            continue;
        }
        match sort {
            "name" => numbers.sort_by(|a, b| a.name.cmp(&b.name)),
            "rate" => numbers.sort_by(|a, b| b.rate.total_cmp(&a.rate)),
            "value" => numbers.sort_by(|a, b| b.size.total_cmp(&a.size)),
            _ => {}
        }
        if reverse {
            numbers.reverse();
        }
        entries.push(Entry::Title(title));
        entries.extend(numbers.into_iter().map(Entry::Number));
    }
    entries
}

pub(super) fn page<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let entries = entries(seen, state);
    Page {
        head: vec![heading(ink, &titles(columns), columns)],
        ids: entries
            .iter()
            .enumerate()
            .map(|(index, entry)| match entry {
                Entry::Title(_) => index as u64,
                Entry::Number(number) => number.id,
            })
            .collect(),
        row: Box::new(move |index| match &entries[index] {
            Entry::Title(title) => heading(ink, &left(&format!(" {title}"), columns), columns),
            Entry::Number(number) => line(number, seen, ink, columns),
        }),
    }
}

/// What a number is, by its row: kind, unit, and what the daemon says that it means.
pub(super) fn meaning(report: &BoardReport, row: u64) -> Option<String> {
    let none = Labels::new();
    type Told<'a> = (&'a Label, &'a Labels, &'static str, Option<&'a Label>, Option<&'a Label>);
    let counters = report.counters.iter();
    let counters = counters
        .map(|one| (&one.name, &one.labels, "counter", one.unit.as_ref(), one.help.as_ref()));
    let gauges = report.gauges.iter();
    let gauges =
        gauges.map(|one| (&one.name, &one.labels, "gauge", one.unit.as_ref(), one.help.as_ref()));
    let histograms = report
        .histograms
        .iter()
        .map(|one| (&one.name, &one.labels, "histogram", one.unit.as_ref(), one.help.as_ref()));
    let beats = report.heartbeats.iter();
    let beats = beats.map(|one| (&one.name, &none, "heartbeat", None, one.help.as_ref()));
    let ratios = report.ratios.iter();
    let ratios = ratios.map(|one| (&one.name, &none, "ratio", None, one.help.as_ref()));
    let progress = report.progress.iter();
    let progress = progress.map(|one| (&one.name, &none, "progress", one.unit.as_ref(), None));
    let mut all =
        counters.chain(gauges).chain(histograms).chain(beats).chain(ratios).chain(progress);
    let (name, _, kind, unit, help): Told<'_> =
        all.find(|(name, labels, ..)| id(name, labels) == row)?;
    let unit = unit.map(|unit| format!(" in {}", label(unit))).unwrap_or_default();
    let help = help.map(|help| format!(": {}", label(help))).unwrap_or_default();
    Some(format!(" {}, {kind}{unit}{help}", label(name)))
}

/// The counters that grow fastest.
pub(super) fn busiest<'a>(seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    let mut numbers = counters(&seen.report, state);
    numbers.sort_by(|a, b| b.rate.total_cmp(&a.rate));
    Page {
        head: vec![heading(ink, &titles(columns), columns)],
        ids: numbers.iter().map(|number| number.id).collect(),
        row: Box::new(move |index| line(&numbers[index], seen, ink, columns)),
    }
}

fn name_columns(columns: usize) -> usize {
    (columns / 3).clamp(12, 40)
}

/// Columns of what stands beside a value, before the bars.
const BESIDE: usize = 14;

fn titles(columns: usize) -> String {
    let name = left(" NUMBER", name_columns(columns) + 1);
    format!("{name}{}  {} EACH SECOND", right("VALUE", 15), left("RATE, MAX", BESIDE))
}

fn line(number: &Number, seen: &Seen, ink: Ink, columns: usize) -> ratatui::text::Line<'static> {
    let name = name_columns(columns);
    let mut row = Pieces::default();
    row.plain(format!(" {}", left(&number.name, name)));
    row.plain(right(&number.value, 15));
    let style = if number.bad { ink.bad() } else { ratatui::style::Style::new() };
    if let Some(series) = number.series {
        row.add(format!("  {}", left(&number.beside, BESIDE)), style);
        let bars = columns.saturating_sub(name + 19 + BESIDE);
        let values = seen.history.last(series, bars);
        row.add(format!(" {}", spark(&values, None, bars)), ink.bar());
    } else {
        row.add(format!("  {}", number.beside), style);
    }
    row.line(columns)
}
