//! `/api/v1/profile`: the lines of the seconds from now on, as JSON or in the form of another tool.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::ask::Ask;
use super::reply::{self, Refusal};
use super::runs::Run;
use super::shared::{Shared, meant};
use crate::export::{Format, export};
use crate::locate::Candidate;
use crate::report::{By, Options, answer, json};

/// Boards of a run.
const BOARDS: usize = 64;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards.
    board: Option<String>,
    /// For how long.
    #[serde(default = "seconds")]
    seconds: f64,
    /// Samples a second.
    #[serde(default = "rate")]
    rate: u32,
    /// Idle samples too.
    #[serde(default)]
    idle: bool,
    #[serde(default)]
    by: Rows,
    #[serde(default)]
    format: Form,
}

fn seconds() -> f64 {
    5.0
}

fn rate() -> u32 {
    1_000
}

/// What a row is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rows {
    #[default]
    Line,
    Function,
    Thread,
    Label,
    Stack,
}

impl From<Rows> for By {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::Line => Self::Line,
            Rows::Function => Self::Function,
            Rows::Thread => Self::Thread,
            Rows::Label => Self::Label,
            Rows::Stack => Self::Stack,
        }
    }
}

/// JSON, or the form of another tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Json,
    Folded,
    Svg,
    Speedscope,
    Pprof,
    Csv,
    Timeline,
}

impl Form {
    /// The form, its type and how a file of it ends.
    fn of(self) -> Option<(Format, &'static str, &'static str)> {
        Some(match self {
            Self::Json => return None,
            Self::Folded => (Format::Folded, "text/plain; charset=utf-8", "folded"),
            Self::Svg => (Format::Svg, "image/svg+xml", "svg"),
            Self::Speedscope => (Format::Speedscope, "application/json", "speedscope.json"),
            Self::Pprof => (Format::Pprof, "application/octet-stream", "pb.gz"),
            Self::Csv => (Format::Csv, "text/csv; charset=utf-8", "csv"),
            Self::Timeline => (Format::Timeline, "image/svg+xml", "timeline.svg"),
        })
    }
}

pub(super) async fn profile(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    if !(0.1..=60.0).contains(&pick.seconds) {
        return Err(Refusal::wrong("seconds: from 0.1 to 60"));
    }
    if !(1..=1_000).contains(&pick.rate) {
        return Err(Refusal::wrong("rate: from 1 to 1000 a second"));
    }
    let view = shared.view().await?;
    let boards = match &pick.board {
        Some(text) => meant(&view, text)?,
        None => view.boards.iter().filter(|one| !one.foreign).collect(),
    };
    let living = boards.iter().filter(|one| one.exists() && one.report.is_some());
    let candidates: Vec<Candidate> = living.take(BOARDS).map(|one| one.candidate.clone()).collect();
    if candidates.is_empty() {
        return Err(Refusal::new(StatusCode::CONFLICT, "nothing to sample: no such process lives"));
    }
    let (rate_hz, idle) = (pick.rate, pick.idle);
    let form = pick.format.of();
    // Other tools count by stacks.
    let by = if form.is_some() { By::Stack } else { pick.by.into() };
    let paths: Vec<_> = candidates.iter().map(|one| one.path.display().to_string()).collect();
    let key = format!("{:?} {rate_hz} {idle} {by:?} {paths:?}", pick.seconds);
    let done = shared.runs.join(key, || Run {
        candidates,
        options: Options { by, idle, ..Options::default() },
        rate_hz,
        duration: Duration::from_secs_f64(pick.seconds),
    })?;
    let mut waiting = (*done).clone();
    let tally = waiting.wait_for(Option::is_some).await.ok().and_then(|tally| tally.clone());
    let tally = tally.ok_or_else(|| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the sampler ended by a fault")
    })?;
    drop(done);
    let Some((format, kind, ending)) = form else {
        return Ok(reply::document(&json::report(&tally, &answer(&tally))));
    };
    let mut response = reply::bytes(StatusCode::OK, kind, export(format, &tally).into());
    let name = format!("attachment; filename=\"profile.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
