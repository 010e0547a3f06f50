//! The lines above and below every view: whose board it is, how the process is, which view, which keys.

use ratatui::style::Style;
use ratatui::text::Line;

use super::page::{Ink, Pieces};
use crate::liveness::State as Life;
use crate::model::{Severity, ThreadReport};
use crate::render::text;
use crate::top::state::{Over, State};
use crate::top::watch::Seen;
use crate::words::human::{bytes, or_none, percent, time, whole};
use crate::words::term::{label, maybe, term, width};

/// Name and state; vitals; the verdict when there is one; the views.
pub(super) fn lines(seen: &Seen, state: &State, ink: Ink, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![name(seen, ink, columns), vitals(seen, ink, columns)];
    lines.push(matter(seen, ink, columns));
    lines.extend(verdict(seen, ink, columns));
    lines.push(tabs(state, ink, columns));
    lines
}

fn name(seen: &Seen, ink: Ink, columns: usize) -> Line<'static> {
    let report = &seen.report;
    let life = match report.state {
        Life::Live => ink.good(),
        Life::Stopped | Life::Unreachable => ink.warn(),
        Life::Dead => ink.bad(),
    };
    let mut line = Pieces::default();
    line.add(label(&report.name), ink.title());
    line.plain(format!("  pid {}  ", report.pid));
    line.add(report.state.word().to_uppercase(), life);
    line.plain(format!("  up {}", time(report.uptime_ns)));
    let (board, boards) = seen.board;
    if boards > 1 {
        line.plain(format!("  board {} of {boards} ([ ])", board + 1));
    }
    line.plain(or_none(report.heartbeat_age_ns, |age| format!("  heartbeat {} ago", time(age))));
    // Before what is the same all day: the host's name stands in the prompt that it was called from.
    line.plain(format!("  {}", text::moment_on(report, None)));
    line.plain(format!("  {}", maybe(report.build.as_ref())));
    if let Some(saved) = &report.saved_at {
        line.plain(format!("  saved {}", term(saved)));
    }
    line.line(columns)
}

/// The most loaded thread by the 10 s window, and how many have a load. A mean would hide the one worker
/// that everything waits for.
fn busiest(threads: &[ThreadReport]) -> (Option<&ThreadReport>, usize) {
    let workers = || threads.iter().filter(|thread| thread.load.s1.is_some());
    let load = |thread: &ThreadReport| thread.load.s10.or(thread.load.s1).unwrap_or(0.0);
    // Of equals the first, so that the name stands still.
    let most = workers().rev().max_by(|a, b| load(a).total_cmp(&load(b)));
    (most, workers().count())
}

fn vitals(seen: &Seen, ink: Ink, columns: usize) -> Line<'static> {
    let report = &seen.report;
    let mut line = Pieces::default();
    let (most, workers) = busiest(&report.threads);
    if let Some(thread) = most {
        line.plain(format!("busiest {}", label(&thread.name)));
        for share in [thread.load.s1, thread.load.s10, thread.load.s60] {
            line.plain(format!(" {}", or_none(share, percent)));
        }
        line.plain(format!(" of {workers}  "));
    }
    let classes = ["work", "wait", "idle"].map(|class| {
        let there = report.threads.iter().filter(|thread| thread.class == Some(class));
        format!("{} {class}", there.count())
    });
    line.plain(format!("threads {}: {}", report.threads.len(), classes.join(", ")));
    let stalled = report.threads.iter().filter(|thread| thread.stalled).count();
    if stalled > 0 {
        line.add(format!(", {stalled} stalled"), ink.bad());
    }
    if let Some(vitals) = &report.vitals {
        if let Some(pct) = seen.cpu_pct {
            line.plain(format!("  cpu {pct:.0}%"));
        }
        line.plain(format!("  rss {}", or_none(vitals.rss_bytes, bytes)));
        line.plain(format!("  fds {}", or_none(vitals.fds, whole)));
        line.plain(text::sockets(vitals));
    }
    let lost: u64 = report.lost.values().fold(0, |sum, count| sum.saturating_add(*count));
    if lost > 0 {
        line.add(format!("  lost {}", whole(lost)), ink.warn());
    }
    line.line(columns)
}

fn verdict(seen: &Seen, ink: Ink, columns: usize) -> Option<Line<'static>> {
    let report = &seen.report;
    let mut line = Pieces::default();
    if let Some(trouble) = &seen.trouble {
        line.add(format!("as last read: {}", term(trouble)), ink.bad());
    } else if report.verdict != "live" {
        let style = if report.state == Life::Dead { ink.bad() } else { ink.warn() };
        line.add(term(&report.verdict), style);
    } else {
        return None;
    }
    if let Some(panic) = text::panics(report).filter(|_| report.state == Life::Dead) {
        line.add(format!("; {panic}"), ink.bad());
    }
    if let Some(name) = &seen.waiting {
        line.plain(format!("; waiting for another {}", term(name)));
    }
    Some(line.line(columns))
}

/// What a person should read first.
fn matter(seen: &Seen, ink: Ink, columns: usize) -> Line<'static> {
    let headline = &seen.report.headline;
    let style = match headline.severity {
        Severity::Ok => ink.good(),
        Severity::Warning => ink.warn(),
        Severity::Critical => ink.bad(),
    };
    let mut line = Pieces::default();
    line.add(term(&headline.text), style);
    line.line(columns)
}

/// The views, in which order what is shown is, and the filter.
pub(crate) fn tabs<V: Copy + PartialEq>(
    state: &State<V>,
    ink: Ink,
    columns: usize,
) -> Line<'static> {
    let mut line = Pieces::default();
    for (index, tab) in state.tabs.iter().enumerate() {
        let style = if index == state.tab { ink.turned() } else { Style::new() };
        line.add(format!(" {} {} ", tab.key, tab.name), style);
    }
    let (sort, reverse) = state.sort();
    let mut right = format!("by {sort}{}", if reverse { ", reversed" } else { "" });
    if !state.filter.is_empty() && !state.typing {
        right = format!("filter {}  {right}", term(&state.filter));
    }
    let paused = if state.paused { " PAUSED " } else { "" };
    let taken = line.used + width(&right) + paused.len() + 2;
    line.plain(" ".repeat(columns.saturating_sub(taken)));
    line.plain(" ").add(paused, ink.warn().patch(ink.turned())).plain(format!(" {right}"));
    line.line(columns)
}

/// The last line: the filter while it is typed, else the keys that matter here.
pub(super) fn foot(state: &State, ink: Ink, columns: usize) -> Line<'static> {
    let keys: &[(&str, &str)] = match state.over {
        Over::Thread(_) => &[("Esc", "back"), ("w", "window"), ("p", "pause"), ("q", "quit")],
        Over::Nothing => &[
            ("?", "help"),
            ("Tab", "view"),
            ("Enter", "detail"),
            ("/", "filter"),
            ("s", "sort"),
            ("r", "reverse"),
            ("p", "pause"),
            ("w", "window"),
            ("q", "quit"),
        ],
        _ => &[("Esc", "back"), ("p", "pause"), ("q", "quit")],
    };
    keys_of(state, keys, ink, columns)
}

/// The same with these keys.
pub(crate) fn keys_of<V>(
    state: &State<V>,
    keys: &[(&str, &str)],
    ink: Ink,
    columns: usize,
) -> Line<'static> {
    let mut line = Pieces::default();
    if state.typing {
        line.add("filter: ", ink.title()).plain(term(&state.filter)).add(" ", ink.turned());
        line.add("  Enter keeps it, Esc clears it", ink.faint());
        return line.line(columns);
    }
    for (key, what) in keys {
        line.add(*key, ink.title()).plain(format!(" {what}  "));
    }
    line.line(columns)
}
