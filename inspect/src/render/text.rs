//! The plain table: whose board it is, how it is, then threads and numbers. Widths depend on the
//! columns of the terminal alone, so the picture stands still under `watch`.

use std::fmt::Write;

use super::{FIT, Look, Paint, Sort, idle};
use crate::derive::headline::Severity;
use crate::liveness::State;
use crate::model::{BoardReport, Place, ThreadReport};
use crate::proc::{SOCKETS_UP_TO, Vitals};
use crate::snapshot::Label;
use crate::words::human::{NONE, bytes, or_none, percent, time};
use crate::words::term::{cut, label, left, maybe, right, term, width};

/// One board as text.
pub fn board(report: &BoardReport, look: &Look) -> String {
    let mut out = String::new();
    head(&mut out, report, look);
    threads(&mut out, report, look);
    super::ops::brief(&mut out, report, look);
    super::numbers::numbers(&mut out, report, look);
    out
}

/// The lines above every table: whose board it is, its state and age, how the process is doing.
pub fn heading(report: &BoardReport, look: &Look) -> String {
    let mut out = String::new();
    head(&mut out, report, look);
    out
}

/// What else is known of the process.
pub fn process(report: &BoardReport, look: &Look) -> String {
    let mut out = String::new();
    if let Some(vitals) = &report.vitals {
        let threads = or_none(vitals.threads, |threads| threads.to_string());
        let growing = report.fd_trend.as_ref().filter(|trend| trend.growing);
        let leak = growing.map(|trend| {
            let least: Vec<String> = trend.least.iter().map(u64::to_string).collect();
            let stretch = time(trend.stretch_ns);
            format!(
                "  descriptors grow without an end: at least {} in every {stretch}",
                least.join(", ")
            )
        });
        line(&mut out, look, &format!("threads {threads}{}", leak.unwrap_or_default()));
    }
    out
}

/// Whose board it is, its state and age, and what was lost or torn.
fn head(out: &mut String, report: &BoardReport, look: &Look) {
    let paint = match report.state {
        State::Live => Paint::Good,
        State::Stopped | State::Unreachable => Paint::Warn,
        State::Dead => Paint::Bad,
    };
    let beat = or_none(report.heartbeat_age_ns, |age| format!("{} ago", time(age)));
    let name = label(&report.name);
    let rest = format!(
        "up {}  heartbeat {beat}  {}  layout {}  {}",
        time(report.uptime_ns),
        moment(report, look),
        report.layout_version,
        maybe(report.build.as_ref())
    );
    let state = report.state.word().to_uppercase();
    let begin = format!("{name}  pid {}  ", report.pid);
    let room = look.columns.saturating_sub(width(&begin) + state.len() + 2);
    if room < 2 {
        // A name that takes all of the line leaves the state to the next.
        line(out, look, &name);
        line(out, look, &format!("pid {}  {state}  {rest}", report.pid));
    } else {
        let _ = writeln!(
            out,
            "{}  pid {}  {}  {}",
            look.paint(Paint::Strong, &name),
            report.pid,
            look.paint(paint, &state),
            cut(&rest, room)
        );
    }
    let _ = writeln!(out, "{}", headline(report, look));
    if report.verdict != "live" {
        line(out, look, &format!("verdict: {}", term(&report.verdict)));
    }
    if let Some(saved) = &report.saved_at {
        line(out, look, &format!("saved at {saved}: everything below is of that moment"));
    }
    if let Some(panic) = report.end.as_ref().and_then(|end| end.panic.as_ref()) {
        line(out, look, &format!("last panic: {}", label(panic)));
    } else if report.panics > 0 {
        line(out, look, &format!("panics so far: {}", report.panics));
    }
    let lost: Vec<String> = report
        .lost
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(cause, count)| format!("{count} {cause}"))
        .collect();
    let lost = if lost.is_empty() { "nothing".to_owned() } else { lost.join(", ") };
    let mut status =
        format!("lost {lost}  torn {}  retries {}", report.reader.torn, report.reader.retries);
    if let Some(vitals) = &report.vitals {
        let _ = write!(
            status,
            "  cpu {}  rss {}  fds {}/{}",
            or_none(vitals.cpu_pct, |pct| {
                let over =
                    or_none(vitals.cpu_pct_over_ns, |ns| time(ns / 1_000_000_000 * 1_000_000_000));
                format!("{pct:.1}% of {over}")
            }),
            or_none(vitals.rss_bytes, bytes),
            or_none(vitals.fds, |fds| fds.to_string()),
            or_none(vitals.fds_max, |max| max.to_string()),
        );
        if report.fd_trend.as_ref().is_some_and(|trend| trend.growing) {
            status.push_str(" GROWING");
        }
        status.push_str(&sockets(vitals));
    }
    line(out, look, &status);
    for remark in &report.remarks {
        line(out, look, &format!("remark: {}", term(remark)));
    }
    if !report.left_out.is_empty() {
        let more: Vec<String> =
            report.left_out.iter().map(|(kind, count)| format!("{count} more {kind}")).collect();
        line(out, look, &format!("… and {} that this view leaves out", more.join(", ")));
    }
}

/// What is the matter, in a line.
pub fn headline(report: &BoardReport, look: &Look) -> String {
    let paint = match report.headline.severity {
        Severity::Ok => Paint::Good,
        Severity::Warning => Paint::Warn,
        Severity::Critical => Paint::Bad,
    };
    look.paint(paint, &cut(&term(&report.headline.text), look.columns))
}

/// TCP sockets by state, or that there are too many descriptors for it.
pub(crate) fn sockets(vitals: &Vitals) -> String {
    let many = vitals.fds.is_some_and(|fds| fds > SOCKETS_UP_TO as u64);
    match &vitals.sockets {
        Some(states) => states.iter().map(|(state, count)| format!("  {count} {state}")).collect(),
        None if many => format!("  sockets not counted beyond {SOCKETS_UP_TO} fds"),
        None => String::new(),
    }
}

/// When this was so, and on which host: of a dead process when it died.
fn moment(report: &BoardReport, look: &Look) -> String {
    moment_on(report, look.host.as_deref())
}

/// The same, for a heading of another make.
pub(crate) fn moment_on(report: &BoardReport, host: Option<&str>) -> String {
    let of = |at: &str| at.get(..19).unwrap_or(at).replace('T', " ") + "Z";
    match &report.ended_at {
        Some(at) if report.state == State::Dead => format!("ended {}", of(at)),
        _ if report.saved_at.is_some() => format!("at {}", of(&report.seen_at)),
        _ => {
            let host = host.map(|host| format!(" on {}", term(host)));
            format!("at {}{}", of(&report.seen_at), host.unwrap_or_default())
        }
    }
}

/// One line, cut to the terminal.
pub(super) fn line(out: &mut String, look: &Look, text: &str) {
    let _ = writeln!(out, "{}", cut(text, look.columns));
}

/// Columns between the name and the place: class, the loads, how long it was seen there.
fn middle(loads: usize) -> usize {
    1 + 4 + loads * 5 + 8 + 2
}

/// Columns below which one load of three is shown, that of the last ten seconds.
const NARROW: usize = 60;
/// Columns from which names have room.
const WIDE: usize = 160;

fn threads(out: &mut String, report: &BoardReport, look: &Look) {
    let shown = look.sorted(&report.threads);
    // By the names alone, which stay as long as the threads do.
    let longest = shown.iter().map(|thread| width(&label(&thread.name))).max().unwrap_or(0);
    let most = match look.columns {
        ..NARROW => 10,
        WIDE.. => 32,
        _ => 15,
    };
    let name = longest.clamp(6, most);
    let loads = if look.columns < NARROW { "  10s" } else { "   1s  10s  60s" };
    let head = format!(" {} DOES{loads}    SEEN  WHERE", left("THREAD", name));
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&head, look.columns)));
    // Of very many the idle ones are a number: what does something is on the first screen.
    let fold = look.sort == Sort::First && !look.all && look.filter.is_none() && shown.len() > FIT;
    let folded = if fold { shown.iter().filter(|thread| idle(thread)).count() } else { 0 };
    for thread in shown.into_iter().filter(|thread| folded == 0 || !idle(thread)) {
        row(out, thread, name, look);
        if look.trail && !thread.trail.is_empty() {
            let way: Vec<String> = thread.trail.iter().map(step).collect();
            line(out, look, &format!("   {}", way.join(" < ")));
        }
    }
    if folded > 0 {
        let plural = if folded == 1 { "thread" } else { "threads" };
        line(out, look, &format!(" {folded} idle {plural} (--all shows them)"));
    }
    if let Some(without) = report.unprobed_threads.as_ref().filter(|without| !without.is_empty()) {
        let names: Vec<String> = without.iter().take(8).map(|task| term(&task.name)).collect();
        let plural = if without.len() == 1 { "thread" } else { "threads" };
        let table = report.capacity.get("threads").map_or(0, |capacity| capacity.max);
        // The board counts who found no room, but not who of them is still there.
        let why = match report.lost.get("threads") {
            Some(&lost) if lost > 0 => {
                format!("without a line ({lost} found no room in the table of {table})")
            }
            _ => "without a probe".to_owned(),
        };
        let text = format!(" {} {plural} {why}: {}", without.len(), names.join(", "));
        line(out, look, &text);
    }
}

fn row(out: &mut String, thread: &ThreadReport, name: usize, look: &Look) {
    let mark = if thread.stalled { "!" } else { " " };
    let share = |load: Option<f64>| right(&or_none(load, percent), 5);
    let seen = or_none(thread.since_ns, |ns| {
        if thread.since_at_most { format!("<{}", time(ns)) } else { time(ns) }
    });
    let loads = match look.columns {
        ..NARROW => vec![thread.load.s10],
        _ => vec![thread.load.s1, thread.load.s10, thread.load.s60],
    };
    let room = look.columns.saturating_sub(1 + name + middle(loads.len()));
    let text = format!(
        "{mark}{} {}{}{}  {}",
        left(&label(&thread.name), name),
        left(thread.class.unwrap_or(NONE), 4),
        loads.into_iter().map(share).collect::<String>(),
        right(&seen, 8),
        cut(&place(thread), room),
    );
    let paint = if thread.stalled { Paint::Bad } else { Paint::Plain };
    let _ = writeln!(out, "{}", look.paint(paint, cut(&text, look.columns).trim_end()));
}

/// One step of a trail: `file:line`.
fn step(place: &Place) -> String {
    match (&place.file, place.line) {
        (Some(file), Some(line)) => format!("{}:{line}", short_file(&label(file))),
        _ => place.label.as_ref().map(label).unwrap_or_default(),
    }
}

/// `file:line function "label" argument`, and who holds what is waited for.
pub(crate) fn place(thread: &ThreadReport) -> String {
    if thread.torn {
        return "(moved at every look)".to_owned();
    }
    if thread.class.is_none() && !thread.left {
        return "(no line yet)".to_owned();
    }
    let mut text = String::new();
    if thread.left {
        text.push_str("last at ");
    }
    if let (Some(file), Some(line)) = (&thread.file, thread.line) {
        let _ = write!(text, "{}:{line}", short_file(&label(file)));
    }
    text.push_str(&names(thread.function.as_ref(), thread.label.as_ref(), thread.arg));
    if let Some(holder) = &thread.held_by {
        let file = holder.file.as_ref().map(label).unwrap_or_default();
        let _ = write!(
            text,
            ", held by {} at {}:{}",
            label(&holder.thread),
            short_file(&file),
            holder.line.unwrap_or(0)
        );
    }
    text.trim_start().to_owned()
}

/// `file:line function "label" argument` of a scope or a line.
pub(crate) fn place_of(place: &Place) -> String {
    let mut text = String::new();
    if let (Some(file), Some(line)) = (&place.file, place.line) {
        let _ = write!(text, "{}:{line}", short_file(&label(file)));
    }
    text.push_str(&names(place.function.as_ref(), place.label.as_ref(), place.arg));
    text.trim_start().to_owned()
}

/// ` function "label" argument`, as far as there are any.
fn names(function: Option<&Label>, name: Option<&Label>, arg: Option<u64>) -> String {
    let mut text = String::new();
    if let Some(function) = function {
        let _ = write!(text, " {}", short_function(&label(function)));
    }
    if let Some(found) = name {
        let _ = write!(text, " {}", label(found));
    }
    if let Some(arg) = arg {
        // Small numbers are tables and peers; large ones are addresses.
        let _ = if arg < 1 << 20 { write!(text, " {arg}") } else { write!(text, " {arg:#x}") };
    }
    text
}

/// The last part of a path.
pub(crate) fn short_file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of a function's path, without closures.
pub(crate) fn short_function(path: &str) -> String {
    let path = path.replace("::{{closure}}", "");
    // A generic's own path may hold colons: only what stands before it is cut.
    let (head, tail) = path.split_at(path.find('<').unwrap_or(path.len()));
    let head = head.rsplit("::").next().unwrap_or(head);
    if head.is_empty() { path.clone() } else { format!("{head}{tail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_by_their_last_part() {
        assert_eq!(short_file("daemon/src/store.rs"), "store.rs");
        assert_eq!(short_function("demo::store::commit"), "commit");
        assert_eq!(short_function("demo::store::commit::{{closure}}"), "commit");
        assert_eq!(short_function("<a::B as c::D>::e"), "<a::B as c::D>::e");
    }
}
