//! Findings as text.

use super::look::{Look, Paint};
use super::place::line;
use crate::why::{Answer, Evidence, Finding, Value, Weight};
use crate::words::human::{bytes, or_none, time};
use crate::words::label::Label;
use crate::words::place::short_file;
use crate::words::term::{hanging, label, term};

/// The verdict, then each finding with its evidence, place and the next command.
pub fn findings(answer: &Answer, look: &Look) -> String {
    let mut out = String::new();
    for (number, finding) in (1..).zip(&answer.findings) {
        // Under the heading of one board alone it need not be said.
        let whose = finding.board.as_ref().filter(|_| answer.boards.len() > 1);
        let whose = whose.map(|name| of(name, finding.pid)).unwrap_or_default();
        one(&mut out, number, &whose, finding, look);
    }
    if answer.findings.is_empty() {
        line(&mut out, look, " no finding");
    }
    if answer.more > 0 {
        line(&mut out, look, &format!(" and {} more findings", answer.more));
    }
    for unknown in &answer.not_known {
        folded(&mut out, look, Paint::Plain, &format!(" not known: {}", term(unknown)));
    }
    out
}

/// Which board a finding is of.
fn of(name: &Label, pid: Option<u64>) -> String {
    let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    format!("{}{pid}: ", label(name))
}

fn one(out: &mut String, number: usize, whose: &str, finding: &Finding, look: &Look) {
    let (word, paint) = match finding.severity {
        Weight::Critical => ("CRITICAL", Paint::Bad),
        Weight::Warning => ("WARNING", Paint::Warn),
        Weight::Notice => ("NOTICE", Paint::Plain),
    };
    let sure = if finding.confidence >= 0.8 { "" } else { ", perhaps" };
    let text = format!(" {number}. {word}{sure}: {whose}{}", term(&finding.title));
    // Whole: what is wrong stands nowhere else.
    folded(out, look, paint, &text);
    let evidence: Vec<String> = finding.evidence.iter().map(evidence).collect();
    folded(out, look, Paint::Plain, &format!("{INSIDE}{}", evidence.join("; ")));
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
        folded(out, look, Paint::Plain, &format!("{INSIDE}at {who}  {file}{said}"));
    }
    for next in &finding.next {
        // Whole, to be copied.
        out.push_str(&format!("{INSIDE}next: {}\n", term(next)));
    }
}

/// What belongs to a finding stands below its title.
const INSIDE: &str = "    ";

/// A line, and what of it does not fit below, further in than where it begins.
fn folded(out: &mut String, look: &Look, paint: Paint, text: &str) {
    let indent = if text.starts_with(INSIDE) { INSIDE.len() + 2 } else { INSIDE.len() };
    for part in hanging(text, look.columns, indent).lines() {
        line(out, look, &look.paint(paint, part));
    }
}

fn evidence(one: &Evidence) -> String {
    let value = |value: &Value| match value {
        // As in titles and tables.
        Value::Number(number) if one.unit == Some("s") => time((number * 1e9) as u64),
        Value::Number(number) if one.unit == Some("bytes") => bytes(*number as u64),
        Value::Number(number) => {
            let unit = one.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
            format!("{number}{unit}")
        }
        Value::Text(text) => label(text),
    };
    let limit = one.limit.as_ref().map(|limit| format!(" (limit {})", value(limit)));
    format!("{} {}{}", one.what, value(&one.value), limit.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::term::width;

    #[test]
    fn whose_a_finding_is_stands_beside_those_of_others() {
        let of = |name: &str, pid: u64| {
            serde_json::json!({
                "id": "panics", "severity": "warning", "confidence": 0.9, "title": "1 panic",
                "evidence": [], "where": [], "next": [], "board": name, "pid": pid,
            })
        };
        let board = |name: &str, pid: u64| serde_json::json!({ "name": name, "pid": pid, "instance": 1, "state": "live" });
        let said = |boards: serde_json::Value, found: serde_json::Value| {
            let answer: Answer = serde_json::from_value(serde_json::json!({
                "schema": 1, "taken_at": "", "boards": boards, "verdict": "", "findings": found,
                "more": 0, "not_known": [],
            }))
            .expect("an answer");
            findings(&answer, &Look::at(80))
        };
        let several = said(
            serde_json::json!([board("a", 7), board("b\u{1b}", 8)]),
            serde_json::json!([of("a", 7), of("b\u{1b}", 8)]),
        );
        assert!(several.contains(" 1. WARNING: a (pid 7): 1 panic\n"), "{several}");
        assert!(several.contains(" 2. WARNING: b") && !several.contains('\u{1b}'), "{several}");
        let alone = said(serde_json::json!([board("a", 7)]), serde_json::json!([of("a", 7)]));
        assert!(alone.contains(" 1. WARNING: 1 panic\n"), "{alone}");
    }

    /// At every width each line says by how far in it stands what it belongs to, and nothing is cut.
    #[test]
    fn what_goes_on_below_belongs_to_its_finding() {
        let place = serde_json::json!({
            "board": "d", "pid": 7, "thread": "a-long-name-of-a-thread", "tid": 8, "line": 97,
            "file": "src/answer.rs", "label": "answer of the very slow disk", "line_is": "now",
        });
        let finding = serde_json::json!({
            "id": "slow-wait", "severity": "critical", "confidence": 0.9,
            "title": "thread holder waits in answer of the very slow disk, for 6.21s",
            "evidence": [{ "what": "a long evidence of many words", "value": 7.0, "unit": "s" }],
            "where": [place], "next": ["inspect waits --by lock -p 4711 --all --color never"],
        });
        let answer: Answer = serde_json::from_value(serde_json::json!({
            "schema": 1, "taken_at": "", "boards": [], "verdict": "", "findings": [finding],
            "more": 0, "not_known": ["queues: none is declared, and more of the same"],
        }))
        .expect("an answer");
        let whole = findings(&answer, &Look::at(400));
        for columns in [20, 27, 40, 60, 80] {
            let text = findings(&answer, &Look::at(columns));
            assert!(!text.contains('…'), "{columns}: {text}");
            let solid = |text: &str| text.replace(['\n', ' '], "");
            assert_eq!(solid(&text), solid(&whole));
            for part in text.lines().filter(|part| !part.contains("next: ")) {
                assert!(width(part) <= columns, "{columns}: {part}");
                let begins = part.starts_with(" 1. ") || part.starts_with(" not known: ");
                assert!(begins || part.starts_with(INSIDE), "{columns}: {part}");
            }
        }
    }
}
