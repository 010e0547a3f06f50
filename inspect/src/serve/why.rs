//! `/api/v1/why`: what is wrong, over all boards or of one.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::ask::Ask;
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use crate::why::{Life, Seen, answer, kernel, together};

/// Between the two looks at what the kernel says.
pub(super) const APART: Duration = Duration::from_millis(500);
/// Processes of which the kernel is asked at most: of more only their boards.
const ASKED: usize = 32;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards.
    board: Option<String>,
}

pub(super) async fn why(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    let view = shared.view().await?;
    let (view, boards, first) = aside(move || {
        let boards: Vec<_> = match &pick.board {
            Some(text) => meant(&view, text)?.into_iter().cloned().collect(),
            None => {
                view.boards.iter().filter(|one| one.exists() && !one.foreign).cloned().collect()
            }
        };
        let first: Vec<_> = boards
            .iter()
            .enumerate()
            .map(|(index, one)| one.own_pid.filter(|_| index < ASKED).map(kernel::first))
            .collect();
        Ok((view, boards, first))
    })
    .await?;
    if first.iter().any(Option::is_some) {
        tokio::time::sleep(APART).await;
    }
    aside(move || {
        let grown = shared.grown.of(shared.settings.past(), &view);
        let all = || view.boards.iter().filter_map(|one| one.report.as_ref());
        let answers = boards.iter().zip(first).filter_map(|(one, first)| {
            let report = one.report.as_ref()?;
            let mut seen = first.map_or_else(Seen::default, |first| first.again_with(report));
            seen.earlier = Life::earlier(report, all());
            seen.grows = grown.get(&report.instance).cloned();
            Some(answer(report, &seen, &[], view.taken_at()))
        });
        Ok(reply::document(&together(answers.collect(), view.taken_at())))
    })
    .await
}
