//! The screen of many hosts: what is wrong with whom above, then a list, or one row closely.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use super::rows;
use super::seen::{Close, Seen, host_number};
use super::tabs::View;
use crate::endpoints::columns::clocks;
use crate::endpoints::{Remote, Standing, State as Stands};
use crate::liveness::State as Life;
use crate::render::{Look, ops, text};
use crate::top::state::{Over, State};
use crate::top::view::below_head;
use crate::top::view::head::{keys_of, tabs};
use crate::top::view::page::{Ink, Page, Pieces, heading};
use crate::words::human::{lasting, or_none, time, whole};
use crate::words::term::term;

/// The keys that matter in a list.
const KEYS: &[(&str, &str)] = &[
    ("?", "help"),
    ("Tab", "view"),
    ("Enter", "detail"),
    ("c", "cancel"),
    ("/", "filter"),
    ("s", "sort"),
    ("r", "reverse"),
    ("a", "ended"),
    ("p", "pause"),
    ("q", "quit"),
];

const HELP: &[(&str, &str)] = &[
    ("1 2 3, Tab, ShiftTab", "operations, boards, hosts"),
    ("Up Down, j k", "select; PgUp PgDn, Ctrl-D Ctrl-U a page; g G the ends"),
    ("Enter", "a board, an operation or a host in detail; Esc leads back"),
    ("c, then y", "request that the selected operation be cancelled, at its host alone"),
    ("/", "only what contains this (or matches it, with * or ?); a host's name, too"),
    ("s  r", "the next order; turn it round"),
    ("a", "also operations that ended"),
    ("p, Space", "pause: nothing moves; the hosts are asked on"),
    ("Ctrl-L  Ctrl-Z", "draw anew; stop, as other programs do"),
    ("q  Q  Ctrl-C", "quit"),
    ("", ""),
    ("slow", "it is there, and did not answer in time"),
    ("down", "no connection"),
    ("refused", "it answered that it does not, as without the token"),
    ("version", "what answers is no `inspect serve`, or one that cannot be read here"),
    ("AGE, CLOCK", "of an answer; how far the host's clock is off. Ages are counted on to now"),
    ("!", "leaked: in flight, and nobody will end it"),
];

/// Draws everything; before the first answers there is nothing to show.
pub fn draw(
    frame: &mut Frame<'_>,
    seen: Option<&Seen>,
    state: &mut State<View>,
    told: Option<&str>,
    ink: Ink,
) {
    let area = frame.area();
    let columns = usize::from(area.width);
    let nothing = Seen::default();
    let (known, seen) = (seen.is_some(), seen.unwrap_or(&nothing));
    let head = [
        if known { summary(seen, ink, columns) } else { Line::raw(" asking the hosts") },
        remark(seen, told, ink, columns),
        tabs(state, ink, columns),
    ];
    let above = area.height.min(if area.height < 6 { 1 } else { 3 });
    let [middle, bottom] = below_head(frame, above, head);
    body(frame, middle, seen, state, ink);
    if bottom.height > 0 {
        frame.render_widget(foot(seen, state, ink, columns), bottom);
    }
}

fn body(frame: &mut Frame<'_>, area: Rect, seen: &Seen, state: &mut State<View>, ink: Ink) {
    frame.render_widget(Clear, area);
    let columns = usize::from(area.width);
    let over = match state.over {
        Over::Help => Some(help(ink, columns)),
        Over::Row(number) => Some(detail(seen, ink, columns, number)),
        _ => None,
    };
    let selected = match over {
        Some(page) => {
            page.text_over(frame, area, state);
            if let Over::Row(number) = state.over { Some(number) } else { None }
        }
        None => rows::page(seen, state, ink, columns).list(frame, area, state),
    };
    if std::mem::take(&mut state.cancelling) {
        // Only what is in flight can be cancelled.
        let op = selected
            .filter(|number| seen.op(*number).is_some_and(|one| one.row.op.outcome.is_none()));
        state.asked = op;
    }
    if state.over == Over::Nothing && state.open(selected) {
        body(frame, area, seen, state, ink);
    }
    state.opening = false;
}

/// How many hosts, boards and operations, and how they do.
fn summary(seen: &Seen, ink: Ink, columns: usize) -> Line<'static> {
    let mut line = Pieces::default();
    let plural = if seen.endpoints.len() == 1 { "host" } else { "hosts" };
    line.add(format!("{} {plural}:", seen.endpoints.len()), ink.title());
    let states = [Stands::Ok, Stands::Slow, Stands::Down, Stands::Refused, Stands::Version];
    for state in states {
        let count = seen.endpoints.iter().filter(|one| one.state == state).count();
        let style = match state {
            Stands::Ok => ink.good(),
            Stands::Slow => ink.warn(),
            _ => ink.bad(),
        };
        if count > 0 {
            line.plain(" ").add(format!("{count} {}", state.word()), style);
        }
    }
    line.plain(format!("  boards {}", seen.boards.len()));
    for state in [Life::Stopped, Life::Dead, Life::Unreachable] {
        let count = seen.boards.iter().filter(|one| one.row.state == state).count();
        if count > 0 {
            let style = if state == Life::Dead { ink.bad() } else { ink.warn() };
            line.plain(" ").add(format!("{count} {}", state.word()), style);
        }
    }
    line.plain(format!("  in flight {}", whole(seen.total)));
    if let Some(longest) = seen.ops.iter().filter_map(|one| one.row.op.active_ns).max() {
        line.plain(format!(", longest at it {}", lasting(longest)));
    }
    line.line(columns)
}

/// What came of a request; else what is wrong with the list; else who does not answer; else whose clock is off.
fn remark(seen: &Seen, told: Option<&str>, ink: Ink, columns: usize) -> Line<'static> {
    let mut line = Pieces::default();
    let silent = seen.endpoints.iter().filter(|one| one.state != Stands::Ok);
    let silent: Vec<String> = silent
        .map(|one| format!("{} {}", one.short(), one.error.as_deref().unwrap_or_default()))
        .collect();
    if let Some(text) = told {
        line.add(text, ink.title());
    } else if let Some(text) = &seen.remark {
        line.add(term(text), ink.warn());
    } else if !silent.is_empty() {
        line.add(silent.join("; "), ink.bad());
    } else if let Some(text) = clocks(&seen.endpoints) {
        line.add(text, ink.warn());
    }
    line.line(columns)
}

/// The question that waits for a yes, else the keys.
fn foot(seen: &Seen, state: &State<View>, ink: Ink, columns: usize) -> Line<'static> {
    if let Some(one) = state.asked.and_then(|number| seen.op(number)) {
        let what = crate::endpoints::cancelled::named(&one.row.op, seen.short(&one.endpoint));
        let mut line = Pieces::default();
        line.add("cancel ", ink.bad()).plain(what).plain("?  ");
        line.add("y", ink.title()).plain(" yes  ");
        line.add("any other key", ink.title()).plain(" no");
        return line.line(columns);
    }
    let keys = match state.over {
        Over::Nothing => KEYS,
        _ => &[("Esc", "back"), ("c", "cancel"), ("p", "pause"), ("q", "quit")],
    };
    keys_of(state, keys, ink, columns)
}

/// One row closely.
fn detail(seen: &Seen, ink: Ink, columns: usize, number: u64) -> Page<'static> {
    if let Some(one) = seen.endpoints.iter().find(|one| host_number(one) == number) {
        return text_page(ink, columns, &host(one));
    }
    let Some((whole, close)) = seen.whole.as_ref().filter(|(whole, _)| whole.number == number)
    else {
        return text_page(ink, columns, "asking its host\n");
    };
    let look = Look { columns, ..Look::default() };
    let mut out = format!("{}\n", seen.short(&whole.endpoint));
    match close {
        Close::Missing(why) => out.push_str(&format!(" {why}\n")),
        Close::Op(one) => ops::detail(&mut out, &one.op, &look),
        Close::Board(board) => match &**board {
            Remote::Read(report) => out.push_str(&text::board(report, &look)),
            Remote::Unread(row) => out.push_str(&format!(" {}\n", term(&row.verdict))),
        },
    }
    text_page(ink, columns, &out)
}

fn host(one: &Standing) -> String {
    let why = one.error.as_deref().unwrap_or("it answers");
    format!(
        "{}\n {}: {why}\n age of its answer  {}\n its clock          {}\n",
        one.endpoint,
        one.state.word(),
        or_none(one.age_ns, time),
        or_none(one.skew_ns, rows::clock),
    )
}

/// A text whose first line is its title.
fn text_page(ink: Ink, columns: usize, text: &str) -> Page<'static> {
    let mut lines = text.lines();
    let head = vec![heading(ink, lines.next().unwrap_or_default(), columns)];
    Page::text(head, lines.map(|line| Line::raw(line.to_owned())).collect())
}

fn help(ink: Ink, columns: usize) -> Page<'static> {
    Page::meanings(" KEYS AND WORDS", HELP, ink, columns)
}
