//! `/api/v1/profile`: the lines of the seconds from now on, as JSON or in the form of another tool.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::ask::Ask;
use super::reply::{self, Refusal, aside};
use super::runs::{Run, Taken};
use super::shared::{Shared, meant};
use crate::export::{Format, export, firefox, perfetto};
use crate::locate::Candidate;
use crate::render::json::{Streamed, line};
use crate::report::{By, Options, Weight, answer, json};

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
    /// The time of waiters, at the lines of holders.
    #[serde(default)]
    blame: bool,
    /// What a share is of.
    #[serde(default)]
    weight: Shares,
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

/// What a share is of.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shares {
    #[default]
    Samples,
    Parallel,
}

impl From<Shares> for Weight {
    fn from(shares: Shares) -> Self {
        match shares {
            Shares::Samples => Self::Samples,
            Shares::Parallel => Self::Parallel,
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
    Bottle,
    Perfetto,
    Firefox,
}

impl Form {
    /// Whether it shows where threads are, and not just how often what was counted.
    fn is_of_places(self) -> bool {
        matches!(self, Self::Timeline | Self::Bottle | Self::Perfetto | Self::Firefox)
    }

    /// Its type, and how a file of it ends.
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application/json", "json"),
            Self::Folded => ("text/plain; charset=utf-8", "folded"),
            Self::Svg => ("image/svg+xml", "svg"),
            Self::Speedscope => ("application/json", "speedscope.json"),
            Self::Pprof => ("application/octet-stream", "pb.gz"),
            Self::Csv => ("text/csv; charset=utf-8", "csv"),
            Self::Timeline => ("image/svg+xml", "timeline.svg"),
            Self::Bottle => ("image/svg+xml", "bottle.svg"),
            Self::Perfetto => ("application/octet-stream", "pftrace"),
            Self::Firefox => ("application/json", "firefox.json"),
        }
    }

    /// What was taken, in this form.
    fn write(self, taken: &Taken) -> Vec<u8> {
        let line = |value: &Streamed<'_>| line(value).unwrap_or_default().into_bytes();
        let format = match (self, taken) {
            (Self::Firefox, Taken::Course(course, beside)) => {
                return line(&firefox(course, beside));
            }
            (_, Taken::Course(course, beside)) => return perfetto(course, beside),
            (Self::Folded, _) => Format::Folded,
            (Self::Svg, _) => Format::Svg,
            (Self::Speedscope, _) => Format::Speedscope,
            (Self::Pprof, _) => Format::Pprof,
            (Self::Csv, _) => Format::Csv,
            (Self::Timeline, _) => Format::Timeline,
            (Self::Bottle, _) => Format::Bottle,
            (_, Taken::Tally(tally)) => return line(&json::report(tally, &answer(tally))),
        };
        match taken {
            Taken::Tally(tally) => export(format, tally),
            Taken::Course(course, _) => export(format, &course.tally),
        }
    }
}

impl Pick {
    /// Blame is of those who wait; what is asked of where threads are has no answer in it.
    ///
    /// # Errors
    /// Both are asked at once.
    fn one_question(&self) -> Result<(), Refusal> {
        let also = [
            (matches!(self.weight, Shares::Parallel), "weight=parallel"),
            (self.idle, "idle"),
            (self.format.is_of_places(), "this format"),
        ];
        match also.into_iter().find(|(asked, _)| *asked && self.blame) {
            Some((_, what)) => Err(Refusal::wrong(format!(
                "{what} tells where threads are, blame whom they wait for: ask one of them"
            ))),
            None => Ok(()),
        }
    }

    /// For how long, where it is asked for as JSON.
    ///
    /// # Errors
    /// For too long, or in another form.
    pub(super) fn time_as_json(&self) -> Result<Duration, Refusal> {
        if self.format != Form::Json {
            return Err(Refusal::wrong(
                "format: of other hosts it is JSON alone; ask the host for others",
            ));
        }
        self.one_question()?;
        let right = (0.1..=60.0).contains(&self.seconds);
        let time = right.then(|| Duration::from_secs_f64(self.seconds));
        time.ok_or_else(|| Refusal::wrong("seconds: from 0.1 to 60"))
    }
}

pub(super) async fn profile(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    if !(0.1..=60.0).contains(&pick.seconds) {
        return Err(Refusal::wrong("seconds: from 0.1 to 60"));
    }
    pick.one_question()?;
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
    let (rate_hz, idle, blame) = (pick.rate, pick.idle, pick.blame);
    let weight = pick.weight.into();
    let form = pick.format;
    // Other tools count by stacks.
    let by = if form == Form::Json { pick.by.into() } else { By::Stack };
    let course = matches!(form, Form::Perfetto | Form::Firefox);
    let paths: Vec<_> = candidates.iter().map(|one| one.path.display().to_string()).collect();
    let key =
        format!("{:?} {rate_hz} {idle} {blame} {weight:?} {by:?} {course} {paths:?}", pick.seconds);
    let done = shared.runs.join(key, || Run {
        candidates,
        options: Options { by, idle, blame, weight, ..Options::default() },
        rate_hz,
        duration: Duration::from_secs_f64(pick.seconds),
        course,
    })?;
    let mut waiting = (*done).clone();
    let taken = waiting.wait_for(Option::is_some).await.ok().and_then(|taken| taken.clone());
    let taken = taken.ok_or_else(|| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the sampler ended by a fault")
    })?;
    drop(done);
    let (kind, ending) = form.file();
    let bytes = aside(move || Ok(form.write(&taken))).await?;
    let mut response = reply::bytes(StatusCode::OK, kind, bytes.into());
    if form != Form::Json {
        let name = format!("attachment; filename=\"profile.{ending}\"");
        if let Ok(name) = HeaderValue::from_str(&name) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
        }
    }
    Ok(response)
}
