//! `/metrics`: what boards count, for Prometheus, in the form that it prefers.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::ask::Ask;
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use crate::export::prom::{Dialect, prom};
use crate::model::BoardReport;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards; without it, of all that can be read.
    board: Option<String>,
}

pub(super) async fn metrics(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let view = shared.view().await?;
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let dialect = wanted(&accept.collect::<Vec<_>>().join(","));
    aside(move || {
        let boards = match &pick.board {
            Some(text) => meant(&view, text)?,
            // Somebody else's file beside a board is no process's.
            None => view.boards.iter().filter(|one| !one.foreign).collect(),
        };
        let reports: Vec<BoardReport> =
            boards.iter().filter_map(|one| one.report.clone()).collect();
        Ok(reply::bytes(StatusCode::OK, dialect.content_type(), prom(&reports, dialect).into()))
    })
    .await
}

/// OpenMetrics where it is asked for by name, and not behind the classic form.
fn wanted(accept: &str) -> Dialect {
    let weight = |kind: &str| {
        let of = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(kind) {
                return None;
            }
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            Some(quality.map_or(1.0, |text| text.parse::<f64>().unwrap_or(0.0)))
        };
        accept.split(',').filter_map(of).fold(0.0, f64::max)
    };
    let open = weight("application/openmetrics-text");
    match open > 0.0 && open >= weight("text/plain") {
        true => Dialect::OpenMetrics,
        false => Dialect::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_is_preferred() {
        for (accept, open) in [
            ("", false),
            ("*/*", false),
            ("text/plain;version=0.0.4", false),
            ("application/openmetrics-text", true),
            (
                "application/openmetrics-text; version=1.0.0; q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
                true,
            ),
            ("application/openmetrics-text;q=0.2,text/plain;q=0.9", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=x", false),
        ] {
            assert_eq!(matches!(wanted(accept), Dialect::OpenMetrics), open, "{accept}");
        }
    }
}
