//! `ops` over hosts: what is in flight everywhere, those longest at it first. What is left out, and the order, is
//! said to each host, which sends no more than is shown.

use super::super::args::{OpsPick, Verb};
use super::super::failure::Failure;
use super::super::ops::{choose, table};
use super::ask::Ask;
use super::rows::rest;
use super::table::{boards, look_at};
use crate::endpoints::columns::{column, host};
use crate::endpoints::merged::{self, apart};
use crate::endpoints::{Hosted, Ops, OpsOf, Question, Remote, Standing};
use crate::render::ops::{Columns, mark};
use crate::render::{Look, Paint, Sort};
use crate::words::human::{time, whole};
use crate::words::term::{cut, left, term, width};

/// Columns of a board's name.
const NAME: usize = 12;

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let cli = ask.cli;
    let Some(Verb::Ops { pick, .. }) = &cli.verb else { return Ok(()) };
    if pick.why_slow.is_some() {
        let text = "--why-slow does nothing with --endpoints; ask on the host itself";
        return Err(Failure::usage(text));
    }
    if let Some(id) = &pick.history {
        super::super::cancel::parse(id)?;
    }
    match pick.by.is_some() || pick.history.is_some() {
        true => ask.repeat(|ask| apiece(ask, pick)),
        false => ask.repeat(|ask| together(ask, pick)),
    }
}

/// Operations of all hosts in one table.
fn together(ask: &mut Ask<'_>, pick: &OpsPick) -> Result<(), Failure> {
    let sort = match ask.look.sort {
        _ if pick.slowest => "age",
        Sort::Age => "age",
        Sort::Status => "status",
        Sort::Kind => "kind",
        _ => "active",
    };
    let limit = ask.hosts.share().to_string();
    let over = pick.over.map(|over| format!("{}us", over.as_micros()));
    let question = Question::get("ops")
        .with("board", ask.board.as_deref())
        .with("over", over.as_deref())
        .with("filter", ask.look.filter.as_deref())
        .with("sort", Some(sort))
        .with("limit", Some(&limit))
        .with("ended", (pick.ended || pick.slowest).then_some("true"));
    let replies = ask.ask_until(&question, |_: &Ops| true);
    let (endpoints, said) = apart(replies);
    let answered = said.len();
    let over = pick.ended || pick.slowest;
    let (total, all) = merged::ops(said, sort, over);
    if ask.json() {
        ask.document(&endpoints, serde_json::json!({ "total": total, "ops": all }))?;
    }
    // Hosts where the board is not there have no document.
    let content = ask.content(&endpoints, if ask.board.is_some() { answered } else { 1 });
    if !ask.json() {
        // An empty table would say that nothing is in flight.
        if content.is_ok() {
            let text = rows(&endpoints, &all, total, pick, &ask.look);
            ask.out.write_all(text.as_bytes())?;
        }
        rest(ask.out, &endpoints, &ask.look)?;
    }
    content
}

fn rows(
    endpoints: &[Standing],
    all: &[Hosted<OpsOf>],
    total: u64,
    pick: &OpsPick,
    look: &Look,
) -> String {
    let hosts = column(endpoints, look.columns);
    let longest = all.iter().map(|one| width(&term(&one.row.board))).max().unwrap_or(0);
    let names = longest.clamp(5, NAME.min(look.columns / 5).max(5));
    let columns = Columns::of(all.iter().map(|one| &one.row.op));
    let mut out = String::new();
    let heading = format!("{} {}{}", host("HOST", hosts), left("BOARD", names), columns.heading());
    out.push_str(&format!("{}\n", look.paint(Paint::Strong, &cut(&heading, look.columns))));
    for Hosted { endpoint, row } in all {
        let short = endpoints.iter().find(|one| one.endpoint == *endpoint);
        let text = format!(
            "{} {}{}{}",
            host(short.map_or(endpoint.as_str(), Standing::short), hosts),
            left(&term(&row.board), names),
            mark(&row.op),
            columns.row(&row.op)
        );
        let paint = if row.op.leaked { Paint::Bad } else { Paint::Plain };
        out.push_str(&format!("{}\n", look.paint(paint, cut(&text, look.columns).trim_end())));
    }
    if all.is_empty() {
        let over = pick.over.map(|over| u64::try_from(over.as_nanos()).unwrap_or(u64::MAX));
        let over = over.map(|ns| format!(" for {} or longer", time(ns))).unwrap_or_default();
        let none = if pick.ended || pick.slowest {
            "nothing that ended is still there"
        } else {
            "nothing in flight"
        };
        out.push_str(&format!(" {none}{over}\n"));
    }
    let more = total.saturating_sub(all.len() as u64);
    if more > 0 {
        out.push_str(&format!(" and {} more: --over, --filter or fewer endpoints\n", whole(more)));
    }
    out
}

/// What is of one board: a roll-up, or one operation with its history.
fn apiece(ask: &mut Ask<'_>, pick: &OpsPick) -> Result<(), Failure> {
    let (endpoints, all) = boards(ask);
    let mut found = Vec::new();
    for (standing, one) in all {
        let Remote::Read(mut report) = one else { continue };
        choose(&mut report, pick, &ask.look);
        if pick.history.is_none() || !report.ops.is_empty() || !report.ended_ops.is_empty() {
            found.push((standing, report));
        }
    }
    if ask.json() {
        let rows: Vec<_> = found
            .iter()
            .map(|(standing, row)| Hosted { endpoint: standing.endpoint.clone(), row })
            .collect();
        ask.document(&endpoints, serde_json::json!({ "boards": rows }))?;
    } else {
        for (standing, report) in &found {
            let look = look_at(ask.out, standing, &ask.look)?;
            ask.out.write_all(table(report, pick, &look).as_bytes())?;
        }
        rest(ask.out, &endpoints, &ask.look)?;
    }
    if let (Some(id), true) = (&pick.history, found.is_empty()) {
        let id = term(id);
        return Err(Failure::new(format!("no operation {id} at any of the endpoints")));
    }
    ask.content(&endpoints, found.len())
}
