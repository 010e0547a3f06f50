//! Two looks at boards beside each other, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::look::{Look, Paint};
use crate::derive::compare::{Comparison, Line, Number};
use crate::model::{BoardReport, LineReport};
use crate::words::human::{NONE, in_unit, or_none, short, signed, time, whole};
use crate::words::term::{cut, label, left, maybe, right, width};

/// Columns of a value.
const VALUE: usize = 12;

/// The whole comparison. What did not change is left out, unless all is wanted.
pub fn text(before: &BoardReport, after: &BoardReport, found: &Comparison, look: &Look) -> String {
    let mut out = String::new();
    for (word, report) in [("before", before), ("after ", after)] {
        let at = report.saved_at.as_ref().map_or_else(String::new, |at| format!(", saved {at}"));
        let line = format!(
            "{word} {}  pid {}  up {}, {}{at}",
            label(&report.name),
            report.pid,
            time(report.uptime_ns),
            crate::words::term::term(&report.verdict)
        );
        let _ = writeln!(out, "{}", cut(&line, look.columns));
    }
    let between = match found.between_ns {
        Some(ns) => {
            format!("one run, {} between; quantiles and maxima are since its start", time(ns))
        }
        None => "two runs: everything is since the start of each".to_owned(),
    };
    let _ = writeln!(out, "{}", cut(&between, look.columns));
    lines(&mut out, found, look);
    numbers(&mut out, found, look);
    if out.lines().count() == 3 {
        let _ = writeln!(out, "nothing changed");
    }
    out
}

fn lines(out: &mut String, found: &Comparison, look: &Look) {
    let shown: Vec<&Line> = found
        .lines
        .iter()
        .filter(|line| look.all || line.changed())
        .filter(|line| {
            let Some(spot) = line.spot() else { return false };
            let texts = [&spot.file, &spot.function, &spot.label];
            look.filter.is_none() || texts.into_iter().flatten().any(|text| look.shows(text))
        })
        .collect();
    if shown.is_empty() {
        return;
    }
    // Two runs have no time between them.
    let per_sec = if found.same_run { 13 } else { 0 };
    let title =
        format!(" THREADS      PASSES{}  LINE", if per_sec > 0 { "      PER SEC" } else { "" });
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &title));
    for line in shown {
        let Some(spot) = line.spot() else { continue };
        let (before, after) = line.threads();
        let threads = match (before, after) {
            (0, 0) => NONE.to_owned(),
            _ => format!("{before} > {after}"),
        };
        let passes = or_none(line.passes(), |passes| {
            format!(
                "{}{}",
                if passes < 0 { "" } else { "+" },
                signed(passes.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
            )
        });
        let rate = found.between_ns.filter(|&ns| ns > 0).zip(line.passes());
        let rate = or_none(rate, |(ns, passes)| {
            format!("{}/s", short((passes as f64 / (ns as f64 / 1e9)).max(0.0)))
        });
        let moved = line.before.as_ref().zip(line.after.as_ref());
        let moved = moved.filter(|(old, new)| old.line != new.line);
        let moved = moved.map_or_else(String::new, |(old, _)| {
            format!(" (was {})", old.line.unwrap_or_default())
        });
        let text = format!(
            "{} {}{}  {}{moved}",
            right(&threads, 8),
            right(&passes, 11),
            if found.same_run { right(&rate, per_sec) } else { String::new() },
            place(spot)
        );
        let _ = writeln!(out, "{}", cut(text.trim_end(), look.columns));
    }
}

fn place(spot: &LineReport) -> String {
    let file = maybe(spot.file.as_ref());
    let place = match spot.line.filter(|_| !file.is_empty()) {
        Some(line) => format!("{}:{line}", file.rsplit('/').next().unwrap_or(&file)),
        None => String::new(),
    };
    let function = maybe(spot.function.as_ref());
    let function = crate::words::place::leaf(&function).to_owned();
    let words = [place, function, maybe(spot.label.as_ref())];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn numbers(out: &mut String, found: &Comparison, look: &Look) {
    let shown: Vec<&Number> = found
        .numbers
        .iter()
        .filter(|number| look.all || number.changed())
        .filter(|number| look.shows(&number.name))
        .collect();
    let names: Vec<String> = shown.iter().map(|number| name(number)).collect();
    let room = look.columns.saturating_sub(11 + 4 * (VALUE + 1)).max(16);
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0).clamp(6, room);
    if shown.is_empty() {
        return;
    }
    let title = format!(
        " {} {} {} {} {} {}",
        left("KIND", 9),
        left("NUMBER", widest),
        right("BEFORE", VALUE),
        right("AFTER", VALUE),
        right("CHANGE", VALUE),
        if found.same_run { right("PER SEC", VALUE) } else { String::new() }
    );
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(title.trim_end(), look.columns)));
    for (number, name) in shown.into_iter().zip(names) {
        let say = |value: Option<f64>| or_none(value, |value| value_of(value, &number.unit));
        let change = or_none(number.difference(), |by| {
            let sign = if by < 0.0 { "-" } else { "+" };
            format!("{sign}{}", value_of(by.abs(), &number.unit))
        });
        let rate = number.difference().zip(found.between_ns).filter(|_| number.grows);
        let rate = rate.filter(|(_, ns)| *ns > 0);
        let rate = rate.map_or_else(String::new, |(by, ns)| {
            format!("{}/s", short((by / (ns as f64 / 1e9)).max(0.0)))
        });
        let line = format!(
            " {} {} {} {} {} {}",
            left(number.kind, 9),
            left(&name, widest),
            right(&say(number.before), VALUE),
            right(&say(number.after), VALUE),
            right(&change, VALUE),
            right(&rate, VALUE)
        );
        let _ = writeln!(out, "{}", cut(line.trim_end(), look.columns));
    }
}

/// Name, labels and field.
fn name(number: &Number) -> String {
    let labels: Vec<String> = number
        .labels
        .iter()
        .map(|(key, value)| format!("{}={}", label(key), label(value)))
        .collect();
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let field = if number.field == "value" { String::new() } else { format!(" {}", number.field) };
    format!("{}{labels}{field}", label(&number.name))
}

fn value_of(value: f64, unit: &str) -> String {
    match unit {
        "share" => format!("{:.1}%", value * 100.0),
        // Levels may be below zero.
        _ if value < 0.0 => signed(value as i64),
        _ if unit.is_empty() => whole(value as u64),
        _ => in_unit(value as u64, unit),
    }
}

/// The comparison as JSON, schema 1: the whole of it, also what did not change.
pub fn json(before: &BoardReport, after: &BoardReport, found: &Comparison) -> Value {
    let side = |report: &BoardReport| {
        json!({ "name": report.name, "pid": report.pid, "instance": report.instance,
                "state": report.state, "verdict": report.verdict, "uptime_ns": report.uptime_ns,
                "build": report.build, "saved_at": report.saved_at })
    };
    let per_s = |by: Option<f64>| {
        let ns = found.between_ns.filter(|&ns| ns > 0)?;
        by.map(|by| (by / (ns as f64 / 1e9) * 1e3).round() / 1e3)
    };
    let lines: Vec<Value> = found
        .lines
        .iter()
        .filter_map(|line| {
            let spot = line.spot()?;
            let half = |side: &Option<LineReport>| {
                side.as_ref().map(|line| json!({ "line": line.line, "threads": line.threads, "hits": line.hits }))
            };
            let passes = line.passes().and_then(|passes| i64::try_from(passes).ok());
            Some(json!({
                "file": spot.file, "line": spot.line, "function": spot.function, "label": spot.label,
                "class": spot.class, "before": half(&line.before), "after": half(&line.after),
                "hits_difference": passes, "hits_per_s": per_s(passes.map(|passes| passes as f64)),
            }))
        })
        .collect();
    let numbers: Vec<Value> = found
        .numbers
        .iter()
        .map(|number| {
            json!({
                "kind": number.kind, "name": number.name, "labels": number.labels,
                "field": number.field, "unit": number.unit, "before": number.before,
                "after": number.after, "difference": number.difference(),
                "per_s": per_s(number.difference().filter(|_| number.grows)),
            })
        })
        .collect();
    json!({ "schema": 1, "before": side(before), "after": side(after), "same_run": found.same_run,
            "between_ns": found.between_ns, "lines": lines, "numbers": numbers })
}
