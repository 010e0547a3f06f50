//! A report as a table.

use std::fmt::Write;

use super::answer::{Answer, Row, by_word, class_word};
use super::row::{By, Key, Spot};
use super::tally::Tally;
use crate::render::human::{NONE, or_none, time, whole};
use crate::render::term::{cut, label, left, right, width};
use crate::render::{Look, Paint};

/// The last part of a path.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of a function's path.
pub fn leaf(function: &str) -> &str {
    let whole = function.trim_end_matches("::{{closure}}");
    whole.rsplit("::").next().unwrap_or(whole)
}

/// A share in percent, to a tenth.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// Where a spot is: file and line, or its label when it has no file.
pub fn place(spot: &Spot) -> String {
    match spot.file.is_empty() {
        true => label(&spot.label),
        false => format!("{}:{}", base(&label(&spot.file)), spot.line),
    }
}

/// The text columns of a row: place, function, label.
fn columns(key: &Key) -> [String; 3] {
    match key {
        Key::Line(spot) => {
            let text = if spot.file.is_empty() { String::new() } else { label(&spot.label) };
            [place(spot), leaf(&label(&spot.function)).to_owned(), text]
        }
        Key::Function(file, function, _) => {
            [base(&label(file)).to_owned(), label(function), String::new()]
        }
        Key::Label(text, _) => [label(text), String::new(), String::new()],
        Key::Thread(name, pid, tid) => [label(name), format!("tid {tid}"), format!("pid {pid}")],
        Key::Stack(spots) => {
            let outer = spots.iter().rev().skip(1).rev().map(frame).collect::<Vec<_>>();
            let inner = spots.last().map(place).unwrap_or_default();
            let text = spots.last().map(|spot| label(&spot.label)).unwrap_or_default();
            [inner, outer.join(" > "), text]
        }
        Key::Torn => ["(torn)".into(), String::new(), "changed at every try".into()],
    }
}

/// A scope in a word: its label, else its function.
pub fn frame(spot: &Spot) -> String {
    match spot.label.is_empty() {
        true => leaf(&label(&spot.function)).to_owned(),
        false => label(&spot.label),
    }
}

/// The head: what was sampled, how well, and what the shares are shares of.
pub fn head(tally: &Tally, answer: &Answer) -> String {
    let mut out = String::new();
    for (index, board) in (0u32..).zip(&tally.boards) {
        let end = tally.ends.iter().find(|(of, _)| *of == index);
        let end = end.map_or_else(String::new, |(_, how)| format!("; ended: {}", label(how)));
        let _ = writeln!(
            out,
            "{}, pid {}, {}{end}",
            label(&board.name),
            board.pid,
            or_none(Some(&board.build).filter(|build| !build.is_empty()), label)
        );
    }
    let due = tally.ticks + tally.missed;
    let _ = writeln!(
        out,
        "{} ticks in {}: {:.1} Hz of {} asked, {} of {} missed",
        whole(tally.ticks),
        time(tally.duration_ns),
        answer.achieved_hz,
        tally.rate_mhz as f64 / 1e3,
        whole(tally.missed),
        whole(due)
    );
    let [work, wait, idle] = answer.classes;
    let idle_said = match tally.options().idle {
        true => format!("{} idle counted too", whole(idle)),
        false => format!("{} idle left out", whole(idle)),
    };
    let _ = writeln!(
        out,
        "100% = {} samples: {} work, {} wait, {} torn; {idle_said}",
        whole(answer.denominator),
        whole(work),
        whole(wait),
        whole(answer.torn)
    );
    if answer.nowhere > 0 {
        let _ = writeln!(
            out,
            "{} samples of threads that have reached no line left out",
            whole(answer.nowhere)
        );
    }
    out
}

/// The whole report.
pub fn report(tally: &Tally, answer: &Answer, look: &Look, top: usize) -> String {
    let mut out = head(tally, answer);
    if answer.denominator > 0 {
        out.push('\n');
        table(&mut out, tally, answer, look, top);
    }
    stalls(&mut out, tally, look);
    out
}

fn table(out: &mut String, tally: &Tally, answer: &Answer, look: &Look, top: usize) {
    let by = tally.options().by;
    let shown = &answer.rows[..answer.rows.len().min(top)];
    let texts: Vec<[String; 3]> = shown.iter().map(|row| columns(&row.key)).collect();
    let widest = |column: usize, most: usize| {
        texts.iter().map(|text| width(&text[column])).max().unwrap_or(0).min(most)
    };
    let (first, second) = (widest(0, 32).max(5), widest(1, 30));
    let counted = shown.iter().any(|row| row.hits.is_some());
    let title = match by {
        By::Line => "WHERE",
        other => &by_word(other).to_uppercase(),
    };
    let hits_title = if counted { "       HITS  PER HIT" } else { "" };
    let heading = format!("  SHARE       95% OF TIME    SAMPLES{hits_title}  CLASS {title}");
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading, look.columns)));
    for (row, text) in shown.iter().zip(&texts) {
        let hits = if counted { hit_columns(row) } else { String::new() };
        let line = format!(
            "{} {} {}{hits}  {} {} {} {}",
            right(&percent(row.share), 7),
            right(&format!("{}..{}", percent(row.low), percent(row.high)), 17),
            right(&whole(row.samples), 10),
            left(class_word(row.key.class()), 5),
            left(&text[0], first),
            left(&text[1], second),
            text[2]
        );
        let _ = writeln!(out, "{}", heat(look, row.share, cut(line.trim_end(), look.columns)));
    }
    let rest = &answer.rows[shown.len()..];
    if !rest.is_empty() {
        let samples: u64 = rest.iter().map(|row| row.samples).sum();
        let _ = writeln!(
            out,
            "{} {:>17} {}  in {} more rows (--all shows them)",
            right(&percent(samples as f64 / answer.denominator.max(1) as f64), 7),
            "",
            right(&whole(samples), 10),
            rest.len()
        );
    }
}

fn hit_columns(row: &Row) -> String {
    let per_hit = or_none(row.ns_per_hit, |ns| time(ns as u64));
    format!(" {} {}", right(&or_none(row.hits, whole), 10), right(&per_hit, 8))
}

/// Colour by share: red from a quarter on, yellow from a twentieth.
pub fn heat(look: &Look, share: f64, text: String) -> String {
    let paint = match share {
        share if share >= 0.25 => Paint::Bad,
        share if share >= 0.05 => Paint::Warn,
        _ => Paint::Plain,
    };
    look.paint(paint, &text)
}

/// Long times at one place, the longest first.
fn stalls(out: &mut String, tally: &Tally, look: &Look) {
    const SHOWN: usize = 10;
    if tally.stalls.is_empty() {
        return;
    }
    let title = "STALLS       START   LENGTH  THREAD (no other line was seen in between)";
    let _ = writeln!(out, "\n{}", look.paint(Paint::Strong, title));
    for stall in tally.stalls.iter().take(SHOWN) {
        let name = tally.threads.get(stall.thread as usize).map(|thread| label(&thread.name));
        let stack = tally.cells.get(stall.cell).and_then(|cell| cell.stack);
        let site = stack.and_then(|stack| tally.leaf(stack)).map(Spot::from);
        let line = format!(
            "{}  {}{}  {} {}  {}",
            right(&time(stall.start_ns), 18),
            right(&time(stall.length_ns), 7),
            if stall.open { "+" } else { " " },
            left(&name.unwrap_or_else(|| NONE.to_owned()), 15),
            site.as_ref().map(place).unwrap_or_default(),
            site.as_ref().map(|spot| label(&spot.label)).unwrap_or_default()
        );
        let _ = writeln!(out, "{}", cut(line.trim_end(), look.columns));
    }
    if tally.stalls.len() > SHOWN {
        let _ = writeln!(out, "{} more", tally.stalls.len() - SHOWN);
    }
}
