//! `list` over hosts: every board of every host, in a line each.

use std::io::Write;

use super::super::failure::Failure;
use super::ask::Ask;
use super::rows::rest;
use crate::endpoints::columns::{column, host};
use crate::endpoints::merged::apart;
use crate::endpoints::{Hosted, Question, Rows, Standing};
use crate::listed::Row;
use crate::render::list::{cells, heading, matter};
use crate::render::{Look, Paint};
use crate::words::glob::glob;
use crate::words::term::cut;

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    ask.repeat(once)
}

pub(super) fn once(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let (endpoints, rows) = rows(ask);
    let content = ask.content(&endpoints, rows.len());
    if ask.json() {
        ask.document(&endpoints, serde_json::json!({ "boards": rows }))?;
    } else if content.is_ok() {
        table(ask.out, &endpoints, &rows, &ask.look)?;
    } else {
        rest(ask.out, &endpoints, &ask.look)?;
    }
    content
}

/// The boards that are meant, by name and then by host.
pub(super) fn rows(ask: &mut Ask<'_>) -> (Vec<Standing>, Vec<Hosted<Row>>) {
    // By the whole list: the dead of a name are in it, too.
    let question = Question::get("boards").with("summary", Some("true"));
    let (board, filter) = (ask.board.clone(), ask.look.filter.clone());
    let wanted = move |row: &Row| {
        let named = board.as_ref().is_none_or(|text| {
            glob(text, &row.name) || text.parse().is_ok_and(|pid: u64| pid == row.pid)
        });
        named && filter.as_ref().is_none_or(|pattern| glob(pattern, &row.name))
    };
    let replies = ask.ask_until(&question, |list: &Rows| list.boards.iter().any(&wanted));
    let (endpoints, said) = apart(replies);
    let mut rows: Vec<Hosted<Row>> = Vec::new();
    for (standing, list) in said {
        let of = |row| Hosted { endpoint: standing.endpoint.clone(), row };
        rows.extend(list.boards.into_iter().filter(&wanted).map(of));
    }
    // Stable: of one name in the order of the hosts.
    rows.sort_by(|a, b| a.row.name.cmp(&b.row.name));
    (endpoints, rows)
}

pub(super) fn table(
    out: &mut dyn Write,
    endpoints: &[Standing],
    rows: &[Hosted<Row>],
    look: &Look,
) -> Result<(), Failure> {
    let columns = column(endpoints, look.columns);
    let room = look.columns.saturating_sub(columns + 1);
    let text = format!("{} {}", host("HOST", columns), heading(room));
    writeln!(out, "{}", look.paint(Paint::Strong, &cut(&text, look.columns)))?;
    for Hosted { endpoint, row } in rows {
        let short = endpoints.iter().find(|one| one.endpoint == *endpoint);
        let short = short.map_or(endpoint.as_str(), Standing::short);
        let (paint, why, below) = matter(row);
        let beside = look.columns > 130 || !row.state.exists();
        let text = format!("{} {}", host(short, columns), cells(row, room));
        let text = if beside { format!("{text}  {why}") } else { text };
        writeln!(out, "{}", look.paint(paint, cut(&text, look.columns).trim_end()))?;
        if !beside && below {
            let text = format!("{:columns$}     {why}", "");
            writeln!(out, "{}", look.paint(paint, &cut(&text, look.columns)))?;
        }
    }
    rest(out, endpoints, look)
}
