//! `/api/v1/capacity`: how much more it can take, of all boards or of one.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::ask::Ask;
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use crate::capacity::{APART, Watch, together};
use crate::clock::{Moment, rfc3339};
use crate::context::Look;
use crate::locate::Candidate;
use crate::open_board::OpenBoard;

/// Boards that are looked at: each look takes a copy.
const BOARDS: usize = 16;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards.
    board: Option<String>,
    /// For how long to look.
    #[serde(default = "seconds")]
    seconds: f64,
}

impl Pick {
    /// For how long to look.
    ///
    /// # Errors
    /// For too long, or not at all.
    pub(super) fn time(&self) -> Result<Duration, Refusal> {
        let right = (0.1..=10.0).contains(&self.seconds);
        let time = right.then(|| Duration::from_secs_f64(self.seconds));
        time.ok_or_else(|| Refusal::wrong("seconds: from 0.1 to 10"))
    }
}

fn seconds() -> f64 {
    2.0
}

pub(super) async fn capacity(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    let time = pick.time()?;
    let view = shared.view().await?;
    let boards = match &pick.board {
        Some(text) => meant(&view, text)?,
        None => view.boards.iter().filter(|one| one.exists() && !one.foreign).collect(),
    };
    let candidates: Vec<Candidate> =
        boards.iter().take(BOARDS).map(|one| one.candidate.clone()).collect();
    let until = Instant::now() + time;
    let mut watched = aside(move || {
        let opened =
            candidates.into_iter().filter_map(|one| OpenBoard::open(one, Look::Verdict).ok());
        Ok(opened.map(|board| (board, Watch::default())).collect::<Vec<_>>())
    })
    .await?;
    loop {
        // No thread is kept between two looks: others ask as well.
        watched = aside(move || {
            // Of one that shrinks meanwhile stays what was seen.
            watched.retain_mut(|(board, watch)| watch.look(board).is_ok());
            Ok(watched)
        })
        .await?;
        if Instant::now() >= until || watched.iter().all(|(board, _)| !board.exists()) {
            break;
        }
        tokio::time::sleep(APART).await;
    }
    aside(move || {
        let groups: Vec<_> = watched.iter().map(|(_, watch)| watch.groups()).collect();
        let taken_at = rfc3339(Moment::now(false).wall_ns);
        Ok(reply::document(&together(groups, taken_at)))
    })
    .await
}
