//! Operations as text: in flight, ended, one in detail, and rolled up.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::look::{Look, Paint};
use super::place::line;
use crate::model::{BoardReport, Op, OpEnds, OpTrace};
use crate::words::human::{NONE, lasting, or_none, short, time, whole};
use crate::words::label::Label;
use crate::words::place::short_file;
use crate::words::term::{cut, label, left, right, width};

/// Operations in the plain table: those longest active, and how many more there are.
const BRIEF: usize = 8;

/// The operations in flight that have been active for the longest, for the plain table.
pub(super) fn brief(out: &mut String, report: &BoardReport, look: &Look) {
    let mut shown: Vec<&Op> = report.ops.iter().filter(|op| shows(op, look)).collect();
    if shown.is_empty() {
        return;
    }
    by_active(&mut shown);
    // Of many, those that are at something.
    let active = shown.iter().filter(|op| op.active_ns.is_some()).count();
    let most = if shown.len() > BRIEF { active.min(BRIEF) } else { BRIEF };
    let some: Vec<&Op> = shown.iter().copied().take(most).collect();
    if most > 0 {
        rows(out, &some, look);
    } else {
        let plural = format!(" {} operations, all idle: inspect ops", shown.len());
        line(out, look, &plural);
    }
    if shown.len() > BRIEF && most > 0 {
        let rest = &shown[most..];
        let idle = rest.iter().filter(|op| op.active_ns.is_none()).count();
        let more = match (rest.len() - idle, idle) {
            (active, 0) => format!("   and {active} that have been active for less: inspect ops"),
            (0, idle) => format!("   and {idle} idle ones: inspect ops"),
            (active, idle) => {
                format!("   and {active} active for less, {idle} idle ones: inspect ops")
            }
        };
        line(out, look, &more);
    }
}

/// Those that have been active for the longest first, idle ones last; among equals the oldest first. A whole
/// stands behind its part, which says better what is being done.
pub fn by_active<O: std::borrow::Borrow<Op>>(ops: &mut [O]) {
    let wholes: std::collections::HashSet<String> =
        ops.iter().filter_map(|op| op.borrow().parent.clone()).collect();
    ops.sort_by_key(|op| {
        let op = op.borrow();
        // Leaked is said with a mark that should be seen.
        (
            !op.leaked,
            std::cmp::Reverse(op.active_ns),
            wholes.contains(&op.id),
            std::cmp::Reverse(op.age_ns),
        )
    });
}

/// Whether an operation is found by `--filter`: by kind, label, peer, status, thread or file.
pub fn shows(op: &Op, look: &Look) -> bool {
    let texts = [&op.label, &op.peer, &op.status, &op.thread, &op.file];
    let trace = || op.trace.as_ref().is_some_and(|trace| look.shows_name(&trace.trace_id));
    look.shows(&op.kind) || texts.into_iter().flatten().any(|text| look.shows(text)) || trace()
}

/// One row each, below a heading.
pub fn rows(out: &mut String, ops: &[&Op], look: &Look) {
    let columns = Columns::of(ops.iter().copied());
    let heading = columns.heading();
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading, look.columns)));
    for op in ops {
        let text = format!("{}{}", mark(op), columns.row(op));
        let paint = if op.leaked { Paint::Bad } else { Paint::Plain };
        let _ = writeln!(out, "{}", look.paint(paint, cut(&text, look.columns).trim_end()));
    }
}

/// Before an operation that is suspected to be leaked.
pub fn mark(op: &Op) -> &'static str {
    if op.leaked { "!" } else { " " }
}

/// As wide as what is shown asks for, within bounds.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    id: usize,
    kind: usize,
    status: usize,
}

impl Columns {
    /// The columns for these operations.
    pub fn of<'a>(ops: impl Iterator<Item = &'a Op>) -> Self {
        let least = Self { id: 4, kind: 4, status: 6 };
        let widest = ops.fold(least, |widest, op| Self {
            id: widest.id.max(op.id.len()),
            kind: widest.kind.max(width(&label(&op.kind))),
            status: widest.status.max(width(&said(op))),
        });
        Self { id: widest.id.min(12), kind: widest.kind.min(12), status: widest.status.min(18) }
    }

    /// What stands above them, the mark's column included.
    pub fn heading(self) -> String {
        format!(" {}  WHAT AND WHERE", self.cells("OP", "KIND", "AGE", "STATUS", "FOR"))
    }

    /// One operation, but for its mark.
    pub fn row(self, op: &Op) -> String {
        let (age, stood) = (lasting(op.age_ns), or_none(op.status_age_ns, lasting));
        let cells = self.cells(&op.id, &label(&op.kind), &age, &said(op), &stood);
        format!("{cells}  {}", what(op))
    }

    fn cells(self, id: &str, kind: &str, age: &str, status: &str, stood: &str) -> String {
        format!(
            "{} {} {}  {} {}",
            left(id, self.id),
            left(kind, self.kind),
            right(age, 7),
            left(status, self.status),
            right(stood, 7),
        )
    }
}

/// How it ended, else its status.
fn said(op: &Op) -> String {
    match op.outcome {
        Some(outcome) => outcome.to_owned(),
        None => or_none(op.status.as_ref(), label),
    }
}

/// What it is and where: `GET /user/42 from 10.0.0.7  worker-3 at store.rs:210`.
fn what(op: &Op) -> String {
    let mut text = String::new();
    let mark = if op.label_cut { "…" } else { "" };
    match (&op.label, op.sensitive) {
        (Some(found), _) => _ = write!(text, "{}{mark} ", label(found)),
        (None, true) => text.push_str("(sensitive) "),
        (None, false) => {}
    }
    if let Some(peer) = &op.peer {
        let mark = if op.peer_cut { "…" } else { "" };
        let _ = write!(text, "from {}{mark} ", label(peer));
    }
    if !text.is_empty() {
        text.push(' ');
    }
    match (&op.thread, op.outcome) {
        (_, Some(_)) => _ = write!(text, "{} ago", or_none(op.ended_ago_ns, time)),
        (Some(thread), None) => text.push_str(&label(thread)),
        (None, None) => text.push_str(&unheld(op)),
    }
    if let (Some(file), Some(number)) = (&op.file, op.line) {
        let gap = if text.is_empty() || text.ends_with(' ') { "" } else { " " };
        let _ = write!(text, "{gap}at {}:{number}", short_file(&label(file)));
    }
    if op.served > 0 {
        let _ = write!(text, "  served {}", whole(op.served));
    }
    if op.cancelled && op.outcome.is_none() {
        text.push_str("  (cancellation requested)");
    }
    text
}

/// Why no thread is named.
fn unheld(op: &Op) -> String {
    let since = or_none(op.turned_ns, lasting);
    if op.working {
        "a thread without a slot".to_owned()
    } else if op.leaked && !op.future {
        "its thread is gone".to_owned()
    } else if op.future {
        format!("not polled for {since}")
    } else if op.status.is_some() {
        // Its status says what it waits for, and for how long.
        String::new()
    } else {
        format!("nobody working on it for {since}")
    }
}

/// What its span stands under, and whether anybody keeps the trace.
fn under(trace: &OpTrace) -> String {
    let parent = trace.parent_span_id.as_ref().map(|span| format!(" under {span}"));
    let kept = if trace.sampled { "" } else { ", not sampled" };
    format!("{}{kept}", parent.unwrap_or_default())
}

/// Everything about one operation.
pub fn detail(out: &mut String, op: &Op, look: &Look) {
    let kind = label(&op.kind);
    let name = or_none(op.label.as_ref(), label);
    let title = cut(&format!("{} {kind} {name}", op.id), look.columns);
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &title));
    let state = match op.outcome {
        Some(outcome) => format!("ended {} ago: {outcome}", or_none(op.ended_ago_ns, time)),
        None if op.leaked => "in flight, suspected leaked".to_owned(),
        None => "in flight".to_owned(),
    };
    line(out, look, &format!(" {state}, {} old; {}", lasting(op.age_ns), what(op)));
    if let (Some(file), Some(number)) = (&op.begun_file, op.begun_line) {
        line(out, look, &format!(" begun at {}:{number}", label(file)));
    }
    if let Some(parent) = &op.parent {
        line(out, look, &format!(" part of {parent}"));
    }
    if let Some(trace) = &op.trace {
        line(
            out,
            look,
            &format!(" trace {} span {}{}", trace.trace_id, trace.span_id, under(trace)),
        );
    }
    let heading = format!(" {} {}  WHERE", left("STATUS", 18), right("AT      FOR", 16));
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading, look.columns)));
    for status in &op.history {
        let place = status.place.as_ref();
        let file = place.and_then(|place| place.file.as_ref()).map(label).unwrap_or_default();
        let number = place.and_then(|place| place.line).unwrap_or(0);
        let text = format!(
            " {} {} {}  {}:{number}",
            left(&label(&status.status), 18),
            right(&time(status.at_ns), 7),
            right(&time(status.for_ns), 8),
            short_file(&file),
        );
        line(out, look, &text);
    }
    if op.history.is_empty() {
        line(out, look, " (no status yet)");
    }
    let totals: Vec<String> = op
        .totals
        .iter()
        .map(|total| format!("{} {}", label(&total.status), time(total.ns)))
        .collect();
    if !totals.is_empty() {
        line(out, look, &format!(" in all: {}", totals.join(", ")));
    }
}

/// By kind: how many, the oldest, and how those that ended did, how often and after how long.
pub fn by_kind(out: &mut String, report: &BoardReport, look: &Look) {
    let times = report.histograms.iter().filter(|histogram| histogram.name.raw() == "op_time");
    let times: BTreeMap<&Label, &crate::model::Histogram> = times
        .filter_map(|times| {
            let kind = times.labels.iter().find(|(key, _)| key.raw() == "kind")?;
            Some((kind.1, times))
        })
        .collect();
    let cells = |cells: [&str; 10]| {
        let mut text = format!(" {}", left(cells[0], 10));
        for (cell, width) in cells[1..].iter().zip([5, 8, 11, 7, 7, 7, 8, 8, 8]) {
            text.push_str(&right(cell, width));
        }
        text
    };
    let heading =
        cells(["KIND", "NOW", "OLDEST", "ENDED", "OK/s", "ERR/s", "CANC/s", "p50", "p99", "MAX"]);
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading, look.columns)));
    for kind in &report.op_kinds {
        let times = times.get(&kind.kind);
        let quantiles = times.map(|times| match look.since_start {
            true => times.values.since_start,
            false => times.values.recent,
        });
        let of = |pick: Option<u64>| or_none(pick, time);
        let rate = |pick: fn(&OpEnds<f64>) -> f64| {
            or_none(kind.rates.as_ref().map(|rates| pick(&rates.per_s)), short)
        };
        let text = cells([
            &label(&kind.kind),
            &whole(kind.in_flight),
            &of(kind.oldest_ns),
            &times.map_or_else(|| NONE.to_owned(), |times| whole(times.count)),
            &rate(|ends| ends.ok),
            &rate(|ends| ends.error + ends.panicked),
            &rate(|ends| ends.cancelled),
            &of(quantiles.and_then(|of| of.p50)),
            &of(quantiles.and_then(|of| of.p99)),
            &of(quantiles.and_then(|of| of.max)),
        ]);
        line(out, look, text.trim_end());
    }
}

/// By status: how many are in it, for how long, and where the time of all operations went.
pub fn by_status(out: &mut String, report: &BoardReport, look: &Look) {
    // Where nothing is done no time goes, and what a part tells counts once.
    let counted = report.op_statuses.iter().map(|total| total.counted_ns);
    let all = counted.fold(0, u64::saturating_add);
    let heading = format!(
        " {}{}{}{}{}{}{}",
        left("STATUS", 18),
        right("NOW", 7),
        right("LONGEST", 9),
        right("SHARE", 9),
        right("TIME", 9),
        right("TAKEN", 13),
        right("MEAN", 9),
    );
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading, look.columns)));
    for total in &report.op_statuses {
        let share = total.counted_ns as f64 / all.max(1) as f64 * 100.0;
        let share = match share {
            _ if total.idle => "idle".to_owned(),
            // Their statuses tell it, each in a row of its own.
            share if total.in_parts && share < 0.05 => "in parts".to_owned(),
            share => format!("{share:.1}%"),
        };
        let mean = total.total_ns.checked_div(total.taken);
        let text = format!(
            " {}{}{}{}{}{}{}",
            left(&label(&total.status), 18),
            right(&whole(total.in_flight), 7),
            right(&or_none(total.oldest_ns, time), 9),
            right(&share, 9),
            right(&time(total.total_ns), 9),
            right(&whole(total.taken), 13),
            right(&or_none(mean, time), 9),
        );
        line(out, look, text.trim_end());
    }
}
