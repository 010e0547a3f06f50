//! `POST /api/v1/ops/{board}/{id}/cancel`: the only request that changes anything. It passes the token first.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use probe::layout::CancelAnswer;
use serde::Deserialize;

use super::ask::{Ask, Named};
use super::ops::find;
use super::reply::{self, Refusal};
use super::shared::{Shared, meant};
use crate::cancel::{AskError, ask, parse_id};
use crate::context::Look;
use crate::locate::Candidate;
use crate::open_board::OpenBoard;

/// Between two looks at the board.
const STEP: Duration = Duration::from_millis(5);
/// How long it may take to look, unless said otherwise.
const PATIENCE: f64 = 1.0;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// Seconds until an answer that says that it still is in flight.
    timeout: Option<f64>,
}

impl Wait {
    /// How long it may take.
    ///
    /// # Errors
    /// For too long.
    pub(super) fn time(&self) -> Result<Duration, Refusal> {
        let timeout = self.timeout.unwrap_or(PATIENCE);
        let right = (0.0..=5.0).contains(&timeout);
        let time = right.then(|| Duration::from_secs_f64(timeout));
        time.ok_or_else(|| Refusal::wrong("timeout: from 0 to 5 seconds"))
    }
}

pub(super) async fn cancel(
    State(shared): State<Shared>,
    Named((board, id)): Named<(String, String)>,
    Ask(wait): Ask<Wait>,
) -> Result<Response, Refusal> {
    let timeout = wait.time()?;
    let view = shared.view().await?;
    let boards: Vec<_> = meant(&view, &board)?.into_iter().filter(|one| one.exists()).collect();
    let (board, op) = find(&boards, &id, false)?;
    if !op.cancellable {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "its process does not let operations be cancelled: it would have to set Config::cancel(true)",
        ));
    }
    let (candidate, id) = (board.candidate.clone(), op.id.clone());
    let (name, pid) = (board.row.name.clone(), board.row.pid);
    let told = id.clone();
    let asked = tokio::task::spawn_blocking(move || asked(candidate, &told, timeout)).await;
    let (outcome, after_ns) = asked.map_err(|_| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "asking ended by a fault")
    })??;
    Ok(reply::document(&serde_json::json!({
        "schema": 1, "board": name, "pid": pid, "id": id, "requested": true,
        "ended": after_ns.is_some(), "outcome": outcome, "after_ns": after_ns,
    })))
}

type Ended = (Option<&'static str>, Option<u64>);

/// Requests it, and looks until it ended or the time is up: how it ended, and after what time.
fn asked(candidate: Candidate, id: &str, timeout: Duration) -> Result<Ended, Refusal> {
    let gone = || Refusal::missing("it ended before it could be asked");
    let bad = |error: &dyn std::fmt::Display| {
        Refusal::new(StatusCode::BAD_GATEWAY, format!("it cannot be asked: {error}"))
    };
    let mut board =
        OpenBoard::open(candidate, Look::All).map_err(|error| bad(&error.sentence()))?;
    let number = parse_id(id).ok_or_else(gone)?;
    let at = Instant::now();
    match ask(&board, number) {
        Ok(CancelAnswer::Asked) => {}
        Ok(CancelAnswer::Gone) => return Err(gone()),
        Ok(CancelAnswer::Refused) => {
            let text = "its process takes such requests only from its own user and root";
            return Err(Refusal::new(StatusCode::FORBIDDEN, text));
        }
        Err(error @ AskError::Silent { .. }) => {
            return Err(Refusal::new(StatusCode::GATEWAY_TIMEOUT, error.to_string()));
        }
        Err(error @ AskError::Another { .. }) => {
            return Err(Refusal::new(StatusCode::FORBIDDEN, error.to_string()));
        }
        Err(error) => return Err(bad(&error)),
    }
    loop {
        let report = board.report().map_err(|error| bad(&error.sentence()))?;
        let since = u64::try_from(at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Some(op) = report.ended_ops.iter().find(|op| op.id == id) {
            return Ok((op.outcome, Some(since.saturating_sub(op.ended_ago_ns.unwrap_or(0)))));
        }
        if !report.ops.iter().any(|op| op.id == id) {
            return Ok((None, Some(since)));
        }
        if at.elapsed() >= timeout {
            return Ok((None, None));
        }
        std::thread::sleep(STEP);
    }
}
