//! Findings as text.

use super::look::{Look, Paint};
use super::place::line;
use crate::why::{Answer, Evidence, Finding, Value, Weight};
use crate::words::human::{or_none, time};
use crate::words::place::short_file;
use crate::words::term::{fold, label, term};

/// The verdict, then each finding with its evidence, place and the next command.
pub fn findings(answer: &Answer, look: &Look) -> String {
    let mut out = String::new();
    for (number, finding) in (1..).zip(&answer.findings) {
        one(&mut out, number, finding, look);
    }
    if answer.findings.is_empty() {
        line(&mut out, look, " no finding");
    }
    if answer.more > 0 {
        line(&mut out, look, &format!(" and {} more findings", answer.more));
    }
    for unknown in &answer.not_known {
        line(&mut out, look, &format!(" not known: {}", term(unknown)));
    }
    out
}

fn one(out: &mut String, number: usize, finding: &Finding, look: &Look) {
    let (word, paint) = match finding.severity {
        Weight::Critical => ("CRITICAL", Paint::Bad),
        Weight::Warning => ("WARNING", Paint::Warn),
        Weight::Notice => ("NOTICE", Paint::Plain),
    };
    let sure = if finding.confidence >= 0.8 { "" } else { ", perhaps" };
    let text = format!(" {number}. {word}{sure}: {}", term(&finding.title));
    // Whole: what is wrong stands nowhere else.
    for part in fold(&text, look.columns).lines() {
        line(out, look, &look.paint(paint, part));
    }
    let evidence: Vec<String> = finding.evidence.iter().map(evidence).collect();
    for part in fold(&evidence.join("; "), look.columns.saturating_sub(4)).lines() {
        line(out, look, &format!("    {part}"));
    }
    for place in &finding.places {
        let who = match (&place.thread, &place.op) {
            (Some(thread), _) => label(thread),
            (None, op) => format!("op {}", op.as_deref().unwrap_or("?")),
        };
        let file = or_none(place.file.as_ref(), |file| {
            let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
            term(&format!("{}{line}", short_file(file.raw())))
        });
        let said = place.label.as_ref().map(|text| format!(" {}", label(text))).unwrap_or_default();
        line(out, look, &format!("    at {who}  {file}{said}"));
    }
    for next in &finding.next {
        // Whole, to be copied.
        out.push_str(&format!("    next: {}\n", term(next)));
    }
}

fn evidence(one: &Evidence) -> String {
    let value = |value: &Value| match value {
        // As in titles and tables.
        Value::Number(number) if one.unit == Some("s") => time((number * 1e9) as u64),
        Value::Number(number) => {
            let unit = one.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
            format!("{number}{unit}")
        }
        Value::Text(text) => label(text),
    };
    let limit = one.limit.as_ref().map(|limit| format!(" (limit {})", value(limit)));
    format!("{} {}{}", one.what, value(&one.value), limit.unwrap_or_default())
}
