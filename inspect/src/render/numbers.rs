//! The numbers of the plain table: queues and histograms in rows, the rest in cells side by side.

use std::fmt::Write;

use super::columns::{QUEUE_NAME, queue_columns};
use super::look::{Look, Paint};
use super::place::line;
use crate::model::{
    BoardReport, Counter, Distribution, Gauge, Heartbeat, Histogram, Progress, Quantiles, Queue,
    Ratio,
};
use crate::words::human::{in_unit, or_none, percent, short, signed, time, whole};
use crate::words::label::Label;
use crate::words::term::{cut, label, left, right, width};

/// The numbers that are shown.
struct Shown<'a> {
    queues: Vec<&'a Queue>,
    heartbeats: Vec<&'a Heartbeat>,
    ratios: Vec<&'a Ratio>,
    progress: Vec<&'a Progress>,
    counters: Vec<&'a Counter>,
    gauges: Vec<&'a Gauge>,
    histograms: Vec<&'a Histogram>,
}

impl<'a> Shown<'a> {
    /// All, or those that were ever used, and how many were not; of these what passes the filter.
    fn of(report: &'a BoardReport, look: &Look) -> (Self, usize) {
        let mut hidden = 0;
        let shown = Self {
            queues: kept(&report.queues, look, &mut hidden, |one| {
                (&one.name, one.arrivals > 0 || one.starts > 0)
            }),
            heartbeats: kept(&report.heartbeats, look, &mut hidden, |one| {
                (&one.name, one.count > 0)
            }),
            ratios: kept(&report.ratios, look, &mut hidden, |one| (&one.name, one.value.is_some())),
            progress: kept(&report.progress, look, &mut hidden, |one| {
                (&one.name, one.total > 0 || one.done > 0)
            }),
            counters: kept(&report.counters, look, &mut hidden, |one| (&one.name, one.value > 0)),
            gauges: kept(&report.gauges, look, &mut hidden, |one| {
                (&one.name, one.value != 0 || one.max != 0 || !one.labels.is_empty())
            }),
            histograms: kept(&report.histograms, look, &mut hidden, |one| {
                (&one.name, one.count > 0)
            }),
        };
        (shown, hidden)
    }
}

/// Those that are shown, by what a number is called and whether it was ever used.
fn kept<'a, T>(
    all: &'a [T],
    look: &Look,
    hidden: &mut usize,
    of: impl Fn(&T) -> (&Label, bool),
) -> Vec<&'a T> {
    let shows = |one: &&T| {
        let (name, used) = of(one);
        *hidden += usize::from(!used && !look.all);
        (used || look.all) && look.shows(name)
    };
    all.iter().filter(shows).collect()
}

/// Every section of numbers that has any. What this process never used is left out, and said: a
/// library's and a sibling's numbers are on every board that links them.
pub(super) fn numbers(out: &mut String, report: &BoardReport, look: &Look) {
    let (shown, hidden) = Shown::of(report, look);
    queues(out, &shown.queues, look);
    cells(out, look, "HEARTBEATS", 14, &heartbeats(&shown.heartbeats));
    let mut shares = ratios(&shown.ratios);
    shares.extend(progress(&shown.progress));
    cells(out, look, "RATIOS, PROGRESS", 13, &shares);
    let over = report.counters.iter().find_map(|counter| counter.rate_over_ns);
    let over = over.map_or_else(String::new, |ns| format!(", rates over {:.0} s", ns as f64 / 1e9));
    cells(out, look, &format!("COUNTERS{over}"), 8, &counters(&shown.counters));
    let counted = shown.counters.iter();
    families(out, look, counted.map(|one| (&one.name, &one.labels, whole(one.value))));
    cells(out, look, "GAUGES", 13, &gauges(&shown.gauges));
    let levels = shown.gauges.iter();
    families(out, look, levels.map(|one| (&one.name, &one.labels, signed(one.value))));
    histograms(out, &shown.histograms, look);
    facts(out, report, look);
    if hidden > 0 {
        let numbers = if hidden == 1 { "number" } else { "numbers" };
        line(out, look, &format!(" {hidden} {numbers} never used (--all shows them)"));
    }
}

fn title(out: &mut String, look: &Look, text: &str) {
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(text, look.columns)));
}

fn queues(out: &mut String, queues: &[&Queue], look: &Look) {
    if queues.is_empty() {
        return;
    }
    let columns = queue_columns(look.columns);
    let over = queues.iter().find_map(|queue| recent(&queue.wait_ns, look).over_ns);
    let heading = format!("QUEUE {}", stretch(over, look));
    let titles = columns.iter().map(|(title, _)| (*title).to_owned());
    title(out, look, &queue_row(columns, heading.trim_end(), titles));
    for queue in queues {
        let cells = queue_cells(queue, look.since_start);
        line(out, look, &queue_row(columns, &label(&queue.name), cells));
    }
}

/// The quantiles that are shown.
fn recent<'a>(values: &'a Distribution, look: &Look) -> &'a Quantiles {
    if look.since_start { &values.since_start } else { &values.recent }
}

/// The stretch of time that quantiles are of, for a heading.
fn stretch(over_ns: Option<u64>, look: &Look) -> String {
    match over_ns {
        _ if look.since_start => "in all".to_owned(),
        Some(ns) if ns < 1_000_000_000 => "<1s".to_owned(),
        Some(ns) => time(ns / 1_000_000_000 * 1_000_000_000).replace(".00", "").replace(".0", ""),
        None => String::new(),
    }
}

/// The same of one queue.
pub fn queue_cells(queue: &Queue, since_start: bool) -> [String; 11] {
    let of = |ns: Option<u64>| or_none(ns, time);
    let pick = |values: &Distribution, quantile: fn(&Quantiles) -> Option<u64>| {
        let of = if since_start { &values.since_start } else { &values.recent };
        or_none(quantile(of), |ns| bounded(ns, values.limit, time))
    };
    [
        whole(queue.depth),
        of(queue.oldest_age_ns.filter(|_| queue.depth > 0)),
        or_none(queue.rate_per_s, short),
        pick(&queue.wait_ns, |of| of.p50),
        pick(&queue.wait_ns, |of| of.p99),
        pick(&queue.service_ns, |of| of.p50),
        pick(&queue.service_ns, |of| of.p99),
        or_none(queue.utilization.s1, percent),
        or_none(queue.utilization.s10, percent),
        or_none(queue.utilization.s60, percent),
        whole(queue.depth_max),
    ]
}

fn queue_row(
    columns: &[(&str, usize)],
    name: &str,
    cells: impl IntoIterator<Item = String>,
) -> String {
    let mut row = left(&format!(" {name}"), QUEUE_NAME);
    for (cell, (_, width)) in cells.into_iter().zip(columns) {
        row.push_str(&right(&cell, *width));
    }
    row
}

/// One number: its name, its value, and what is said beside it.
struct Cell {
    name: String,
    value: String,
    beside: String,
    paint: Paint,
}

/// Columns of a value.
const VALUE: usize = 10;
/// Columns of a name at least.
const NAMED: usize = 6;

/// Cells side by side in two columns (one on a narrow terminal), row by row. What is said beside a
/// value has `beside` columns, so that the eye compares values down a column.
fn cells(out: &mut String, look: &Look, heading: &str, beside: usize, cells: &[Cell]) {
    if cells.is_empty() {
        return;
    }
    title(out, look, &format!(" {heading}"));
    // Two on a screen of 80, and no wider than the eye follows from a name to its value.
    let across = if look.columns >= 76 { (look.columns / 50).clamp(2, 6) } else { 1 };
    let columns = (look.columns / across).saturating_sub(1);
    // What is said beside a value is worth less than its name.
    let beside = if columns < NAMED + VALUE + 3 + beside { 0 } else { beside };
    let name = columns.saturating_sub(beside + VALUE + 3);
    for row in cells.chunks(across) {
        let mut text = String::new();
        for cell in row {
            // A long value takes what a short name leaves.
            let over = width(&cell.value).saturating_sub(VALUE);
            let part = format!(
                " {}{} {}",
                left(&cell.name, name.saturating_sub(over)),
                right(&cell.value, VALUE),
                if beside > 0 { left(&cell.beside, beside) } else { String::new() }
            );
            text.push_str(&look.paint(cell.paint, &left(&part, columns)));
            text.push(' ');
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
}

/// Members of families, each family flowing over as few lines as its members need.
fn families<'a>(
    out: &mut String,
    look: &Look,
    members: impl Iterator<Item = (&'a Label, &'a Labels, String)>,
) {
    let members: Vec<_> = members.filter(|(_, labels, _)| !labels.is_empty()).collect();
    for family in members.chunk_by(|a, b| a.0 == b.0) {
        let (name, labels, _) = &family[0];
        let keys: Vec<String> = labels.keys().map(label).collect();
        let head = format!(" {} by {}:", label(name), keys.join(","));
        let shown: Vec<(String, &String)> =
            family.iter().map(|(_, labels, value)| (values(labels), value)).collect();
        let longest = shown.iter().map(|(text, _)| width(text)).max().unwrap_or(0).min(24);
        let each = longest + 12;
        let per_line = (look.columns.saturating_sub(3) / each).max(1);
        line(out, look, &head);
        for row in shown.chunks(per_line) {
            let mut text = "  ".to_owned();
            for (member, value) in row {
                let _ = write!(text, " {}{} ", left(member, longest), right(value, 10));
            }
            line(out, look, text.trim_end());
        }
    }
}

type Labels = std::collections::BTreeMap<Label, Label>;

/// The values of labels.
fn values(labels: &Labels) -> String {
    let parts: Vec<String> = labels.values().map(label).collect();
    parts.join(",")
}

/// `name{label}`: of a family member the value of its labels.
fn full_name(name: &Label, labels: &Labels) -> String {
    if labels.is_empty() {
        return label(name);
    }
    format!("{}{{{}}}", label(name), values(labels))
}

fn heartbeats(shown: &[&Heartbeat]) -> Vec<Cell> {
    shown
        .iter()
        .map(|beat| Cell {
            name: label(&beat.name),
            value: or_none(beat.age_ns, |age| format!("{} ago", time(age))),
            beside: if beat.overdue {
                format!("OVERDUE {}", time(beat.every_ns))
            } else {
                format!("every {}", time(beat.every_ns))
            },
            paint: if beat.overdue { Paint::Bad } else { Paint::Plain },
        })
        .collect()
}

/// A share to a tenth of a percent.
fn share(value: f64) -> String {
    format!("{:.1}%", value * 100.0)
}

/// A value that may be too large to be told apart: `>4h53m` means that or more.
pub fn bounded(value: u64, limit: u64, say: impl Fn(u64) -> String) -> String {
    if limit > 0 && value >= limit { format!(">{}", say(limit)) } else { say(value) }
}

fn ratios(shown: &[&Ratio]) -> Vec<Cell> {
    shown
        .iter()
        .map(|ratio| Cell {
            name: label(&ratio.name),
            value: or_none(ratio.value, share),
            beside: or_none(ratio.since_start.value, |value| format!("in all {}", share(value))),
            paint: Paint::Plain,
        })
        .collect()
}

fn progress(shown: &[&Progress]) -> Vec<Cell> {
    shown
        .iter()
        .map(|progress| Cell {
            name: label(&progress.name),
            value: whole(progress.done),
            beside: format!("of {}", whole(progress.total)),
            paint: Paint::Plain,
        })
        .collect()
}

fn counters(shown: &[&Counter]) -> Vec<Cell> {
    let shown = shown.iter().filter(|counter| counter.labels.is_empty());
    shown
        .map(|counter| {
            let unit = counter.unit.as_ref().map_or("", Label::raw);
            Cell {
                name: label(&counter.name),
                value: in_unit(counter.value, unit),
                beside: or_none(counter.rate_per_s, |rate| format!("{}/s", short(rate))),
                paint: Paint::Plain,
            }
        })
        .collect()
}

fn gauges(shown: &[&Gauge]) -> Vec<Cell> {
    let shown = shown.iter().filter(|gauge| gauge.labels.is_empty());
    shown
        .map(|gauge| {
            let unit = gauge.unit.as_ref().map_or("", Label::raw);
            let say = |value: i64| match u64::try_from(value) {
                Ok(value) => in_unit(value, unit),
                Err(_) => signed(value),
            };
            Cell {
                name: label(&gauge.name),
                value: say(gauge.value),
                beside: format!("max {}", say(gauge.max)),
                paint: Paint::Plain,
            }
        })
        .collect()
}

fn histograms(out: &mut String, shown: &[&Histogram], look: &Look) {
    if shown.is_empty() {
        return;
    }
    let name = if look.columns < 76 { 14.min(look.columns / 2) } else { 28 };
    // Where there is no room for all: the middle, the slow ones, the worst, how many.
    let room = look.columns.saturating_sub(name) / 8;
    let kept: Vec<usize> = [2, 4, 6, 1, 3, 5].into_iter().take(room).collect();
    let row = |cells: [String; 7]| {
        let mut row = left(&cells[0], name);
        for (_, cell) in cells.iter().enumerate().filter(|(at, _)| kept.contains(at)) {
            row.push_str(&right(cell, 8));
        }
        row
    };
    let over = shown.iter().find_map(|histogram| recent(&histogram.values, look).over_ns);
    let over = stretch(over, look);
    let heading = match over.is_empty() || look.since_start {
        true => format!(" HISTOGRAM {over}"),
        false => format!(" HISTOGRAM of the last {over}"),
    };
    let titles = [&heading, "TOTAL", "p50", "p90", "p99", "p99.9", "MAX"];
    title(out, look, &row(titles.map(str::to_owned)));
    for histogram in shown {
        let unit = histogram.unit.as_ref().map_or("", Label::raw);
        let in_words = |value: u64| match unit {
            "ns" | "us" | "ms" | "bytes" | "B" => in_unit(value, unit),
            _ if value < 1_000_000 => whole(value),
            _ => short(value as f64),
        };
        let say = |value: Option<u64>| {
            or_none(value, |value| bounded(value, histogram.values.limit, in_words))
        };
        let quantiles = recent(&histogram.values, look);
        let count = if histogram.count < 1_000_000 {
            whole(histogram.count)
        } else {
            short(histogram.count as f64)
        };
        let cells = [
            format!(" {}", full_name(&histogram.name, &histogram.labels)),
            count,
            say(quantiles.p50),
            say(quantiles.p90),
            say(quantiles.p99),
            say(quantiles.p999),
            say(quantiles.max),
        ];
        line(out, look, &row(cells));
    }
}

fn facts(out: &mut String, report: &BoardReport, look: &Look) {
    let shown: Vec<_> = report.facts.iter().filter(|(key, _)| look.shows(key)).collect();
    if shown.is_empty() {
        return;
    }
    title(out, look, " FACTS");
    for (key, value) in shown {
        line(out, look, &format!(" {} {}", left(&label(key), 20), label(value)));
    }
}
