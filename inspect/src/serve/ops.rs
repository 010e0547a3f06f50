//! `/api/v1/ops`: what is in flight, over all boards, and one of them with its history.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::ask::{Ask, Named, time};
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use super::shown::Shown;
use super::view::View;
use crate::cancel::parse_id;
use crate::model::Op;
use crate::render::Look;
use crate::render::ops::shows;
use crate::words::glob::glob;
use crate::words::label::Label;

/// Operations of an answer, unless said otherwise.
const LIMIT: usize = 1_000;
/// And at most.
const MOST: usize = 10_000;

/// An order of operations.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// Those longest at it first, idle ones last.
    #[default]
    Active,
    /// The oldest first.
    Age,
    /// By status, the longest in it first.
    Status,
    /// By kind.
    Kind,
}

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards.
    board: Option<String>,
    /// At it for longer than this.
    over: Option<String>,
    /// Of kinds that match.
    kind: Option<String>,
    /// With a kind, label, peer, status, thread or file that matches.
    filter: Option<String>,
    #[serde(default)]
    sort: Sort,
    limit: Option<usize>,
    /// Those that ended and are still there, the last first.
    #[serde(default)]
    ended: bool,
}

impl Pick {
    /// Its order, whether it is of those that ended, and how many at most.
    ///
    /// # Errors
    /// It asks for too many, or what is no time.
    pub(super) fn order(&self) -> Result<(&'static str, bool, usize), Refusal> {
        time("over", self.over.as_deref())?;
        let sort = match self.sort {
            Sort::Active => "active",
            Sort::Age => "age",
            Sort::Status => "status",
            Sort::Kind => "kind",
        };
        Ok((sort, self.ended, self.most()?))
    }

    fn most(&self) -> Result<usize, Refusal> {
        let limit = self.limit.unwrap_or(LIMIT);
        let right = (1..=MOST).contains(&limit);
        right.then_some(limit).ok_or_else(|| Refusal::wrong(format!("limit: from 1 to {MOST}")))
    }
}

/// An operation with its process.
#[derive(Serialize)]
struct Of<'a> {
    board: &'a str,
    pid: u64,
    #[serde(flatten)]
    op: &'a Op,
}

pub(super) async fn all(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    let over = time("over", pick.over.as_deref())?;
    let limit = pick.most()?;
    let view = shared.view().await?;
    aside(move || picked(&view, pick, over, limit)).await
}

fn picked(view: &View, pick: Pick, over: u64, limit: usize) -> Result<Response, Refusal> {
    let boards: Vec<&Arc<Shown>> = match &pick.board {
        Some(text) => meant(view, text)?,
        // What a dead process was at is asked for by name.
        None => view.boards.iter().filter(|one| one.exists() && !one.foreign).collect(),
    };
    let look = Look { filter: pick.filter, ..Look::default() };
    let wanted = |op: &Op| {
        (over == 0 || op.active_ns.is_some_and(|ns| ns >= over))
            && pick.kind.as_ref().is_none_or(|kind| glob(kind, op.kind.raw()))
            && shows(op, &look)
    };
    let mut found: Vec<Of<'_>> = Vec::new();
    for board in &boards {
        let Some(report) = &board.report else { continue };
        let ops = if pick.ended { &report.ended_ops } else { &report.ops };
        let of = |op| Of { board: &board.row.name, pid: board.row.pid, op };
        found.extend(ops.iter().filter(|op| wanted(op)).map(of));
    }
    sort(&mut found, pick.sort, pick.ended);
    let total = found.len();
    found.truncate(limit);
    Ok(reply::document(&serde_json::json!({
        "schema": 1, "taken_at": view.taken_at(), "total": total, "ops": found,
    })))
}

fn sort(found: &mut [Of<'_>], by: Sort, ended: bool) {
    let active = |op: &Op| (!op.leaked, Reverse(op.active_ns), Reverse(op.age_ns));
    match by {
        Sort::Active if ended => found.sort_by_key(|one| one.op.ended_ago_ns),
        Sort::Active => {
            // A whole stands behind its part, which says better what is being done.
            let wholes: std::collections::HashSet<(u64, String)> =
                found.iter().filter_map(|one| Some((one.pid, one.op.parent.clone()?))).collect();
            found.sort_by_key(|one| {
                let (leaked, active, age) = active(one.op);
                (leaked, active, wholes.contains(&(one.pid, one.op.id.clone())), age)
            });
        }
        Sort::Age => found.sort_by_key(|one| Reverse(one.op.age_ns)),
        Sort::Status => {
            found.sort_by_key(|one| (one.op.status.clone(), Reverse(one.op.status_age_ns)))
        }
        Sort::Kind => found.sort_by_key(|one| (one.op.kind.clone(), active(one.op))),
    }
}

/// The one operation of an id, among the boards that are meant.
///
/// # Errors
/// It is no id, there is none, or several boards have one.
pub(super) fn find<'a>(
    boards: &[&'a Arc<Shown>],
    id: &str,
    ended: bool,
) -> Result<(&'a Arc<Shown>, &'a Op), Refusal> {
    let Some((index, generation)) = parse_id(id) else {
        return Err(Refusal::wrong("that is no operation's id: it looks like 17-42"));
    };
    // As it is shown: 007-01 is 7-1.
    let id = format!("{index}-{generation}");
    let mut having = boards.iter().filter_map(|board| {
        let report = board.report.as_ref()?;
        let ended = report.ended_ops.iter().filter(|_| ended);
        let op = report.ops.iter().chain(ended).find(|op| op.id == id)?;
        Some((*board, op))
    });
    let found = having.next().ok_or_else(|| {
        Refusal::missing("no such operation: it ended and its record was used again, or never was")
    })?;
    match having.next() {
        Some(_) => Err(Refusal::new(
            axum::http::StatusCode::CONFLICT,
            "several processes have an operation of this id; name one by its pid",
        )),
        None => Ok(found),
    }
}

pub(super) async fn one(
    State(shared): State<Shared>,
    Named((board, id)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let view = shared.view().await?;
    let (board, op) = find(&meant(&view, &board)?, &id, true)?;
    let of = Of { board: &board.row.name, pid: board.row.pid, op };
    let parts: Vec<&Op> = parts(board, &op.id);
    let thread: Option<&Label> = op.thread.as_ref();
    let stack = board.report.as_ref().and_then(|report| {
        let threads = report.threads.iter();
        threads
            .filter(|one| op.tid == Some(one.tid) && Some(&one.name) == thread)
            .map(|one| &one.stack)
            .next()
    });
    Ok(reply::document(&serde_json::json!({
        "schema": 1, "taken_at": view.taken_at(), "op": of, "parts": parts,
        "thread_stack": stack.filter(|_| op.working),
    })))
}

/// Operations in flight that are part of this one.
fn parts<'a>(board: &'a Shown, id: &str) -> Vec<&'a Op> {
    let ops = board.report.iter().flat_map(|report| &report.ops);
    ops.filter(|op| op.parent.as_deref() == Some(id)).take(100).collect()
}
