//! `/api/v1/waits`: who waits for whom, over all boards.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::ask::{Ask, time};
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use crate::derive::waits::together;
use crate::model::WaitsDocument;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards.
    board: Option<String>,
    /// Chains that are older than this; deadlocks are never left out.
    over: Option<String>,
}

pub(super) async fn waits(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    let over = time("over", pick.over.as_deref())?;
    let view = shared.view().await?;
    aside(move || {
        let boards = match &pick.board {
            Some(text) => meant(&view, text)?,
            None => view.boards.iter().filter(|one| one.exists() && !one.foreign).collect(),
        };
        let reports = boards.iter().filter_map(|one| one.report.as_ref());
        let mut waits = together(reports.map(|report| report.waits.clone()));
        waits.chains.retain(|chain| chain.age_ns >= over);
        Ok(reply::document(&WaitsDocument { schema: 1, taken_at: view.taken_at(), waits }))
    })
    .await
}
