//! `/metrics`: what boards count, for Prometheus, in the form that it prefers.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::ask::Ask;
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use crate::export::prom::{Dialect, NATIVE_TYPE, prom_beside, prom_native_beside};
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
    let form = wanted(&accept.collect::<Vec<_>>().join(","));
    aside(move || {
        let boards = match &pick.board {
            Some(text) => meant(&view, text)?,
            // Somebody else's file beside a board is no process's.
            None => view.boards.iter().filter(|one| !one.foreign).collect(),
        };
        let reports: Vec<BoardReport> =
            boards.iter().filter_map(|one| one.report.clone()).collect();
        // Whoever scrapes sees no row with a reason: without this number it would be as if there were none.
        let unread = boards.len() - reports.len();
        let unread = (pick.board.is_none() || unread > 0).then_some(unread);
        Ok(match form {
            Some(dialect) => {
                let text = prom_beside(&reports, unread, dialect);
                reply::bytes(StatusCode::OK, dialect.content_type(), text.into())
            }
            None => reply::bytes(
                StatusCode::OK,
                NATIVE_TYPE,
                prom_native_beside(&reports, unread).into(),
            ),
        })
    })
    .await
}

/// Protocol buffers (no dialect of text) or OpenMetrics where they are asked for by name, and not behind another form.
fn wanted(accept: &str) -> Option<Dialect> {
    let weight = |kind: &str, also: &[&str]| {
        let of = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(kind) {
                return None;
            }
            // What other messages there may be, and other ways to put them one after the other, are not spoken.
            // Names of parameters have no case, and values may be quoted.
            let said: Vec<String> =
                parts.map(|part| part.to_ascii_lowercase().replace('"', "")).collect();
            if !also.iter().all(|one| said.iter().any(|part| part.eq_ignore_ascii_case(one))) {
                return None;
            }
            let quality = said.iter().find_map(|part| part.strip_prefix("q="));
            let quality = quality.map_or(1.0, |text| text.parse::<f64>().unwrap_or(0.0));
            Some(if quality <= 1.0 { quality } else { 0.0 })
        };
        accept.split(',').filter_map(of).fold(0.0, f64::max)
    };
    let families = ["proto=io.prometheus.client.MetricFamily", "encoding=delimited"];
    let native = weight("application/vnd.google.protobuf", &families);
    let open = weight("application/openmetrics-text", &[]);
    let text = weight("text/plain", &[]);
    match () {
        () if native > 0.0 && native >= open.max(text) => None,
        () if open > 0.0 && open >= text => Some(Dialect::OpenMetrics),
        () => Some(Dialect::Text),
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
            assert_eq!(wanted(accept) == Some(Dialect::OpenMetrics), open, "{accept}");
            assert!(wanted(accept).is_some(), "{accept}");
        }
        // As Prometheus asks when it takes native histograms; and as nobody should be answered with them.
        let kind = "application/vnd.google.protobuf";
        let families = "proto=io.prometheus.client.MetricFamily;encoding=delimited";
        let rest = "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";
        for (accept, native) in [
            (format!("{kind};{families},{rest}"), true),
            (format!("{rest},{kind}; {families};q=0.6"), true),
            (format!("{kind};{families};q=0.4,{rest}"), false),
            (format!("{kind};{families};Q=0.4,{rest}"), false),
            (format!("{kind};{families};q=9,{rest}"), false),
            (format!("{kind};{families};q=NaN,{rest}"), false),
            (
                format!(
                    "{kind};Proto=\"io.prometheus.client.MetricFamily\";encoding=\"delimited\""
                ),
                true,
            ),
            (format!("{kind},{rest}"), false),
            (format!("{kind};proto=io.prometheus.client.MetricFamily;encoding=text,{rest}"), false),
        ] {
            assert_eq!(wanted(&accept).is_none(), native, "{accept}");
        }
    }
}
