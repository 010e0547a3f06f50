//! The rows of each view: which pass the filter, in which order, and what stands in each.

use std::cmp::Reverse;

use ratatui::style::Style;
use ratatui::text::Line;

use super::seen::{Seen, board_number, host_number, op_number};
use super::tabs::View;
use crate::endpoints::columns::{column, host, silent};
use crate::endpoints::{Hosted, OpsOf, Standing, State as Stands};
use crate::listed::Row;
use crate::render::Paint;
use crate::render::list::{cells, heading as board_heading, matter};
use crate::render::ops::{Columns, mark};
use crate::top::state::State;
use crate::top::view::page::{Ink, Page, Pieces, heading};
use crate::words::human::{or_none, time, whole};
use crate::words::label::Label;
use crate::words::term::{left, right, term, width};

/// Columns of a board's name.
const NAME: usize = 12;

/// A row and its number.
type Numbered = (u64, Line<'static>);

/// The page of a view. Hosts without an answer stand below what the others said.
pub(super) fn page(seen: &Seen, state: &State<View>, ink: Ink, columns: usize) -> Page<'static> {
    let (head, mut rows) = match state.view() {
        View::Ops => ops(seen, state, ink, columns),
        View::Boards => boards(seen, state, ink, columns),
        View::Hosts => hosts(seen, state, ink, columns),
    };
    if state.view() != View::Hosts {
        let hosts = column(&seen.endpoints, columns);
        let silent_ones = seen.endpoints.iter().filter(|one| one.state != Stands::Ok);
        rows.extend(silent_ones.map(|one| {
            let mut line = Pieces::default();
            line.add(silent(one, hosts), stands(ink, one));
            (host_number(one), line.line(columns))
        }));
    }
    let (ids, lines): (Vec<u64>, Vec<Line<'static>>) = rows.into_iter().unzip();
    Page { head, ids, row: Box::new(move |index| lines[index].clone()) }
}

fn stands(ink: Ink, one: &Standing) -> Style {
    match one.state {
        Stands::Ok => Style::new(),
        Stands::Slow => ink.warn(),
        _ => ink.bad(),
    }
}

/// Whether a row of a host passes the filter: by the host's name, too.
fn passes(state: &State<View>, short: &str, texts: &[&Label]) -> bool {
    let short = Label::from(short);
    let all: Vec<&Label> = texts.iter().copied().chain([&short]).collect();
    state.shows(&all)
}

fn ops(
    seen: &Seen,
    state: &State<View>,
    ink: Ink,
    columns: usize,
) -> (Vec<Line<'static>>, Vec<Numbered>) {
    let all = || seen.ops.iter().chain(&seen.ended);
    let mut shown: Vec<&Hosted<OpsOf>> = all()
        .filter(|one| {
            let (op, board) = (&one.row.op, Label::from(one.row.board.as_str()));
            let mut texts = vec![&op.kind, &board];
            texts.extend(
                [&op.label, &op.peer, &op.status, &op.thread, &op.file].into_iter().flatten(),
            );
            passes(state, seen.short(&one.endpoint), &texts)
        })
        .collect();
    let (sort, reverse) = state.sort();
    let place = |name: &str| seen.endpoints.iter().position(|one| one.endpoint == name);
    if sort == "host" {
        shown.sort_by_key(|one| place(&one.endpoint));
    }
    if reverse {
        shown.reverse();
    }
    // By what is there to be shown, whatever the filter says: columns stay where they are.
    let hosts = column(&seen.endpoints, columns);
    let longest = all().map(|one| width(&term(&one.row.board))).max().unwrap_or(0);
    let names = longest.clamp(5, NAME.min(columns / 5).max(5));
    let cells = Columns::of(all().map(|one| &one.row.op));
    let title = format!("{} {}{}", host("HOST", hosts), left("BOARD", names), cells.heading());
    let mut head = vec![heading(ink, &title, columns)];
    let more = seen.total.saturating_sub(seen.ops.len() as u64);
    if shown.is_empty() || more > 0 {
        let text = match shown.is_empty() {
            true => " nothing in flight".to_owned(),
            false => format!(" and {} more that have been active for less", whole(more)),
        };
        head.push(Line::styled(text, ink.faint()));
    }
    let row = |one: &&Hosted<OpsOf>| {
        let op = &one.row.op;
        let mut line = Pieces::default();
        line.plain(host(seen.short(&one.endpoint), hosts)).plain(" ");
        line.plain(left(&term(&one.row.board), names));
        line.add(mark(op), ink.bad());
        let rest = op.active_ns.is_none() || op.outcome.is_some();
        line.add(cells.row(op), if rest { ink.faint() } else { Style::new() });
        (op_number(one), line.line(columns))
    };
    (head, shown.iter().map(row).collect())
}

fn boards(
    seen: &Seen,
    state: &State<View>,
    ink: Ink,
    columns: usize,
) -> (Vec<Line<'static>>, Vec<Numbered>) {
    let mut shown: Vec<&Hosted<Row>> = seen
        .boards
        .iter()
        .filter(|one| {
            let (name, said) = (Label::from(one.row.name.as_str()), matter(&one.row).1);
            passes(state, seen.short(&one.endpoint), &[&name, &Label::from(said.as_str())])
        })
        .collect();
    let place = |name: &str| seen.endpoints.iter().position(|one| one.endpoint == name);
    let (sort, reverse) = state.sort();
    match sort {
        "host" => shown.sort_by_key(|one| place(&one.endpoint)),
        "state" => shown.sort_by_key(|one| one.row.state.word()),
        "heartbeat" => shown.sort_by_key(|one| Reverse(one.row.heartbeat_age_ns)),
        "up" => shown.sort_by_key(|one| Reverse(one.row.uptime_ns)),
        _ => {}
    }
    if reverse {
        shown.reverse();
    }
    let hosts = column(&seen.endpoints, columns);
    let room = columns.saturating_sub(hosts + 1);
    let title = format!("{} {}  VERDICT", host("HOST", hosts), board_heading(room).trim_end());
    let mut head = vec![heading(ink, &title, columns)];
    if shown.is_empty() {
        head.push(Line::styled(" no board", ink.faint()));
    }
    let row = |one: &&Hosted<Row>| {
        let (paint, why, _) = matter(&one.row);
        let style = match paint {
            Paint::Bad => ink.bad(),
            Paint::Warn => ink.warn(),
            _ => Style::new(),
        };
        let mut line = Pieces::default();
        line.plain(host(seen.short(&one.endpoint), hosts)).plain(" ");
        line.add(format!("{}  {why}", cells(&one.row, room).trim_end()), style);
        (board_number(one), line.line(columns))
    };
    (head, shown.iter().map(row).collect())
}

fn hosts(
    seen: &Seen,
    state: &State<View>,
    ink: Ink,
    columns: usize,
) -> (Vec<Line<'static>>, Vec<Numbered>) {
    let mut shown: Vec<&Standing> =
        seen.endpoints.iter().filter(|one| passes(state, one.short(), &[])).collect();
    let (sort, reverse) = state.sort();
    if sort == "state" {
        shown.sort_by_key(|one| one.state == Stands::Ok);
    }
    if reverse {
        shown.reverse();
    }
    let hosts = column(&seen.endpoints, columns);
    let title = format!("{}  STATE   BOARDS     OPS     AGE    CLOCK  WHY", host("HOST", hosts));
    let row = |one: &&Standing| {
        let of = |endpoint: &str| endpoint == one.endpoint;
        let boards = seen.boards.iter().filter(|board| of(&board.endpoint)).count();
        let ops = seen.ops.iter().filter(|op| of(&op.endpoint)).count();
        let answered = one.state == Stands::Ok;
        let count = |number: usize| Some(number).filter(|_| answered);
        let cells = [
            right(&or_none(count(boards), |number| number.to_string()), 6),
            right(&or_none(count(ops), |number| number.to_string()), 7),
            right(&or_none(one.age_ns, time), 7),
            right(&or_none(one.skew_ns, clock), 8),
        ];
        let why = one.error.as_deref().unwrap_or_default();
        let mut line = Pieces::default();
        line.plain(host(one.short(), hosts)).plain("  ");
        line.add(left(one.state.word(), 8), stands(ink, one));
        line.plain(format!("{}  {why}", cells.join(" ")));
        (host_number(one), line.line(columns))
    };
    (vec![heading(ink, &title, columns)], shown.iter().map(row).collect())
}

/// How far a clock is off, ahead being more.
pub(super) fn clock(skew_ns: i64) -> String {
    format!("{}{}", if skew_ns < 0 { '-' } else { '+' }, time(skew_ns.unsigned_abs()))
}
