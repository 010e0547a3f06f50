//! The plain table over hosts: without a target every board in a line, with one each of that name in full.

use std::io::Write;

use super::super::failure::Failure;
use super::ask::Ask;
use super::list;
use super::rows::{name, rest};
use crate::endpoints::merged::apart;
use crate::endpoints::{Boards, Hosted, Question, Remote, Standing, escaped};
use crate::listed::Row;
use crate::model::BoardReport;
use crate::render::{Look, json, meaning, text};
use crate::words::term::{cut, term};

pub(super) fn run(ask: &mut Ask<'_>) -> Result<(), Failure> {
    if ask.board.is_none() && !ask.json() {
        return ask.repeat(list::once);
    }
    ask.repeat(once)
}

fn once(ask: &mut Ask<'_>) -> Result<(), Failure> {
    let (endpoints, boards) = boards(ask);
    if ask.json() {
        let rows: Vec<_> = boards.iter().map(|one| json_of(one, &ask.look)).collect();
        ask.document(&endpoints, serde_json::json!({ "boards": rows }))?;
    } else {
        for (number, (standing, one)) in boards.iter().enumerate() {
            if number > 0 {
                writeln!(ask.out)?;
            }
            let look = look_at(ask.out, standing, &ask.look)?;
            let show = if ask.cli.common.help_numbers { meaning::board } else { text::board };
            match one {
                Remote::Read(report) => ask.out.write_all(show(report, &look).as_bytes())?,
                Remote::Unread(row) => unread(ask.out, standing, row, &look)?,
            }
        }
        rest(ask.out, &endpoints, &ask.look)?;
    }
    ask.content(&endpoints, boards.len())
}

/// The boards that are meant, whole, with moments by this host's clock.
pub(super) fn boards(ask: &mut Ask<'_>) -> (Vec<Standing>, Vec<(Standing, Remote)>) {
    let name = ask.board.clone().unwrap_or_else(|| "*".to_owned());
    let question = Question::get(&format!("boards/{}", escaped(&name)));
    let replies = ask.ask_until(&question, |boards: &Boards| !boards.boards.is_empty());
    let (endpoints, said) = apart(replies);
    let mut all = Vec::new();
    for (standing, boards) in said {
        let boards = boards.corrected(standing.skew_ns).boards;
        all.extend(boards.into_iter().map(|one| (standing.clone(), one)));
    }
    (endpoints, all)
}

/// Names the host above a board, and says how that is shown below.
pub(super) fn look_at(
    out: &mut dyn Write,
    standing: &Standing,
    look: &Look,
) -> Result<Look, Failure> {
    name(out, standing, look)?;
    // The name of this host would be another's.
    Ok(Look { host: None, ..look.clone() })
}

/// One that could not be read.
pub(super) fn unread(
    out: &mut dyn Write,
    standing: &Standing,
    row: &Row,
    look: &Look,
) -> Result<(), Failure> {
    let name = term(&row.name);
    let text = format!("{name}  pid {}  on {}: {}", row.pid, standing.short(), term(&row.verdict));
    Ok(writeln!(out, "{}", cut(&text, look.columns))?)
}

fn json_of((standing, one): &(Standing, Remote), look: &Look) -> serde_json::Value {
    let endpoint = standing.endpoint.clone();
    let value = match one {
        Remote::Read(report) => serde_json::to_value(Hosted { endpoint, row: shown(report, look) }),
        Remote::Unread(row) => serde_json::to_value(Hosted { endpoint, row }),
    };
    value.unwrap_or_default()
}

/// A report as the options have it.
fn shown(report: &BoardReport, look: &Look) -> BoardReport {
    let mut document = json::document(vec![report.clone()], look);
    document.boards.pop().unwrap_or_else(|| report.clone())
}
