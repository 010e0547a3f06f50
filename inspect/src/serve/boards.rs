//! `/api/v1/boards`: the JSON of `inspect --json`, made once a look for all who ask.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::ask::{Ask, Named};
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use super::shown::Shown;
use super::view::View;
use crate::endpoints::Standing;
use crate::listed::Row;
use crate::render::{Look, json};
use crate::words::glob::glob;

/// What may be asked of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Boards whose name matches.
    name: Option<String>,
    /// One line each, as `inspect list --json` has it.
    #[serde(default)]
    summary: bool,
}

pub(super) async fn all(
    State(shared): State<Shared>,
    Ask(list): Ask<List>,
) -> Result<Response, Refusal> {
    let view = shared.view().await?;
    aside(move || listed(&view, &list)).await
}

fn listed(view: &View, list: &List) -> Result<Response, Refusal> {
    let wanted =
        |one: &&Arc<Shown>| list.name.as_ref().is_none_or(|glob_| glob(glob_, &one.row.name));
    let boards: Vec<&Arc<Shown>> = view.boards.iter().filter(wanted).collect();
    if list.summary {
        let rows: Vec<Summary<'_>> = boards.iter().map(|one| Summary::of(one)).collect();
        return Ok(reply::document(&Summaries {
            schema: 1,
            taken_at: view.taken_at(),
            endpoints: view.endpoints.as_deref(),
            boards: rows,
            left_out: view.left_out,
        }));
    }
    Ok(document(view, &boards))
}

/// Every board in a line.
#[derive(Serialize)]
struct Summaries<'a> {
    schema: u32,
    taken_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoints: Option<&'a [Standing]>,
    boards: Vec<Summary<'a>>,
    left_out: usize,
}

/// A board in a line.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(flatten)]
    row: &'a Row,
}

impl<'a> Summary<'a> {
    fn of(shown: &'a Shown) -> Self {
        Self { endpoint: shown.endpoint.as_deref(), row: &shown.row }
    }
}

/// What may be asked of one board.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct One {
    /// Only what has a name, label or place that matches.
    filter: Option<String>,
}

pub(super) async fn one(
    State(shared): State<Shared>,
    Named(name): Named<String>,
    Ask(one): Ask<One>,
) -> Result<Response, Refusal> {
    let view = shared.view().await?;
    aside(move || named(&view, &name, one)).await
}

fn named(view: &View, name: &str, one: One) -> Result<Response, Refusal> {
    let boards = meant(view, name)?;
    if one.filter.is_some() {
        let look = Look { filter: one.filter, ..Look::default() };
        let reports = boards.iter().filter_map(|one| one.report.clone()).collect();
        let mut document = json::document(reports, &look);
        document.taken_at = view.taken_at();
        return Ok(reply::document(&document));
    }
    Ok(document(view, &boards))
}

/// The boards in a document of schema 1.
fn document(view: &View, boards: &[&Arc<Shown>]) -> Response {
    let mut text =
        format!("{{\"schema\":1,\"taken_at\":\"{}\",\"boards\":[", view.taken_at()).into_bytes();
    for (index, board) in boards.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(&board.json());
    }
    text.extend_from_slice(format!("],\"left_out\":{}", view.left_out).as_bytes());
    if let Some(endpoints) = &view.endpoints {
        let endpoints = json::line(endpoints).unwrap_or_else(|_| "[]".to_owned());
        text.extend_from_slice(format!(",\"endpoints\":{endpoints}").as_bytes());
    }
    text.push(b'}');
    reply::bytes(StatusCode::OK, "application/json", Bytes::from(text))
}
