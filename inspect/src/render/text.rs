//! The plain table: whose board it is, how it is, then threads and numbers. Widths depend on the
//! columns of the terminal alone, so the picture stands still under `watch`.

use std::fmt::Write;

use super::columns::{STATE, last_change};
use super::look::{FIT, Look, Paint, Sort, idle};
use super::place::{line, place, step};
use crate::liveness::State;
use crate::model::{BoardReport, Severity, ThreadReport};
use crate::vitals::{SOCKETS_UP_TO, Vitals};
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

/// What was lost or torn, and how the process is doing.
fn status(report: &BoardReport) -> String {
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
    status
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
    if let Some(panic) = panics(report) {
        line(out, look, &panic);
    }
    line(out, look, &status(report));
    for remark in &report.remarks {
        line(out, look, &format!("remark: {}", term(remark)));
    }
    if !report.left_out.is_empty() {
        let more: Vec<String> =
            report.left_out.iter().map(|(kind, count)| format!("{count} more {kind}")).collect();
        line(out, look, &format!("… and {} that this view leaves out", more.join(", ")));
    }
}

/// The last panic, when it was, and how many there were.
pub(crate) fn panics(report: &BoardReport) -> Option<String> {
    let Some(panic) = &report.last_panic else {
        return (report.panics > 0).then(|| format!("panics so far: {}", report.panics));
    };
    let when = match report.state {
        State::Dead => format!("{} before the end", time(panic.age_ns)),
        _ => format!("{} ago", time(panic.age_ns)),
    };
    let many =
        if report.panics > 1 { format!(" ({} so far)", report.panics) } else { String::new() };
    Some(format!("last panic, {when}{many}: {}", label(&panic.text)))
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

/// TCP sockets by state, or that there are too many descriptors or others' sockets for it.
pub(crate) fn sockets(vitals: &Vitals) -> String {
    let many = vitals.fds.is_some_and(|fds| fds > SOCKETS_UP_TO as u64);
    match &vitals.sockets {
        Some(states) => states.iter().map(|(state, count)| format!("  {count} {state}")).collect(),
        None if many => format!("  sockets not counted beyond {SOCKETS_UP_TO} fds"),
        None if vitals.fds.is_some() => "  sockets not counted among others' many".to_owned(),
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

/// Columns between the name and the place: class, the loads, time since the last change.
fn middle(loads: usize, columns: usize) -> usize {
    1 + STATE + loads * 5 + last_change(columns).1 + 2
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
    let (changed, wide) = last_change(look.columns);
    let (thread, state) = (left("THREAD", name), left("STATE", STATE));
    let head = format!(" {thread} {state}{loads}{}  WHERE", right(changed, wide));
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
    let room = look.columns.saturating_sub(1 + name + middle(loads.len(), look.columns));
    let text = format!(
        "{mark}{} {}{}{}  {}",
        left(&label(&thread.name), name),
        left(thread.class.unwrap_or(NONE), STATE),
        loads.into_iter().map(share).collect::<String>(),
        right(&seen, last_change(look.columns).1),
        cut(&place(thread), room),
    );
    let paint = if thread.stalled { Paint::Bad } else { Paint::Plain };
    let _ = writeln!(out, "{}", look.paint(paint, cut(&text, look.columns).trim_end()));
}
