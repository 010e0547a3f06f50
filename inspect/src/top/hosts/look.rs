//! One look at all hosts: their boards in a line each, their operations, and one row closely, asked all at once.

use serde::Deserialize;
use tokio::join;

use super::seen::{Close, Of, Seen, Whole};
use crate::endpoints::merged::{self, apart};
use crate::endpoints::{
    Boards, Hosted, Hosts, List, Ops, OpsOf, Question, Reply, Rows, Standing, State, Trust, escaped,
};
use crate::words::glob::glob;

/// Which boards the screen is about.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// A name, with `*` and `?`, or a pid; all, where there is none.
    pub board: Option<String>,
}

/// What is asked for beside: it follows what the keys made of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    /// The order in which operations are wanted, so that the first of each host are the right ones.
    pub sort: &'static str,
    /// Those that ended, too.
    pub ended: bool,
    /// A row that is looked at closely.
    pub whole: Option<Whole>,
}

/// Hosts as often as questions stand at the same time: a connection answers one after the other.
pub(super) struct Looker {
    about: About,
    boards: Hosts,
    ops: Hosts,
    ended: Hosts,
    close: Hosts,
}

/// One operation.
#[derive(Deserialize)]
struct One {
    op: OpsOf,
}

impl Looker {
    pub(super) fn new(list: &List, trust: &Trust, about: About) -> Self {
        let hosts = || Hosts::new(list.clone(), trust.clone());
        Self { about, boards: hosts(), ops: hosts(), ended: hosts(), close: hosts() }
    }

    pub(super) async fn look(&mut self, aim: &Aim) -> Seen {
        let Self { about, boards, ops, ended, close } = self;
        let board = about.board.as_deref();
        let limit = ops.share().to_string();
        // By the whole list: the dead of a name are in it, too.
        let rows = Question::get("boards").with("summary", Some("true"));
        let in_flight = Question::get("ops").with("board", board).with("limit", Some(&limit));
        let past = in_flight.clone().with("ended", Some("true"));
        let in_flight = in_flight.with("sort", Some(aim.sort));
        let (rows, (ops, remark), ended, whole) = join!(
            boards.ask::<Rows>(&rows, None),
            ops.ask::<Ops>(&in_flight, None),
            async { if aim.ended { ended.ask::<Ops>(&past, None).await.0 } else { Vec::new() } },
            async { closely(close, aim.whole.as_ref()).await },
        );
        let (stand, rows) = apart(rows.0);
        let (endpoints, ops) = apart(ops);
        let (_, ended) = apart(ended);
        let (total, ops) = merged::ops(ops, aim.sort, false);
        let (_, ended) = merged::ops(ended, "active", true);
        let boards = wanted(board, rows);
        Seen { endpoints: both(endpoints, &stand), boards, total, ops, ended, whole, remark }
    }
}

/// How endpoints stand by two questions: the one without an answer is the one to be told.
fn both(mut endpoints: Vec<Standing>, other: &[Standing]) -> Vec<Standing> {
    for one in &mut endpoints {
        let other = other.iter().find(|other| other.endpoint == one.endpoint);
        if let Some(other) =
            other.filter(|other| one.state == State::Ok && other.state != State::Ok)
        {
            one.clone_from(other);
        }
    }
    endpoints
}

/// Boards that are meant, by name and then by host.
fn wanted(board: Option<&str>, said: Vec<(Standing, Rows)>) -> Vec<Hosted<crate::listed::Row>> {
    let mut all = Vec::new();
    for (standing, list) in said {
        let meant = list.boards.into_iter().filter(|row| {
            board.is_none_or(|text| {
                glob(text, &row.name) || text.parse().is_ok_and(|pid: u64| pid == row.pid)
            })
        });
        all.extend(meant.map(|row| Hosted { endpoint: standing.endpoint.clone(), row }));
    }
    all.sort_by(|a, b| a.row.name.cmp(&b.row.name));
    all
}

/// One row closely, asked of its host alone.
async fn closely(hosts: &mut Hosts, whole: Option<&Whole>) -> Option<(Whole, Close)> {
    let whole = whole?;
    let only = Some(whole.endpoint.as_str());
    let close = match &whole.of {
        Of::Board(word) => {
            let question = Question::get(&format!("boards/{}", escaped(word)));
            match alone(hosts.ask::<Boards>(&question, only).await.0) {
                Ok((standing, boards)) => {
                    let mut boards = boards.corrected(standing.skew_ns).boards.into_iter();
                    let gone = || Close::Missing("it is no longer there".to_owned());
                    boards.next().map_or_else(gone, |one| Close::Board(Box::new(one)))
                }
                Err(why) => Close::Missing(why),
            }
        }
        Of::Op { pid, id } => {
            let question = Question::get(&format!("ops/{pid}/{}", escaped(id)));
            match alone(hosts.ask::<One>(&question, only).await.0) {
                Ok((_, One { op })) => Close::Op(Box::new(op)),
                Err(why) => Close::Missing(why),
            }
        }
    };
    Some((whole.clone(), close))
}

/// What the only host that was asked said, or why it did not.
fn alone<T>(replies: Vec<Reply<T>>) -> Result<(Standing, T), String> {
    let (endpoints, said) = apart(replies);
    said.into_iter().next().ok_or_else(|| {
        let why = endpoints
            .into_iter()
            .next()
            .and_then(|one| Some(format!("{}: {}", one.state.word(), one.error?)));
        why.unwrap_or_else(|| "it is no longer there".to_owned())
    })
}
