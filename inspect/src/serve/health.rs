//! `/healthz`: whether boards are being looked at.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::reply::{self, Refusal};
use super::shared::Shared;

pub(super) async fn health(State(shared): State<Shared>) -> Response {
    if !shared.watch.works() {
        let text = "the thread that reads boards ended by a fault; start it anew";
        return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    }
    reply::document(&serde_json::json!({
        "schema": 1, "status": "ok", "version": env!("CARGO_PKG_VERSION"),
        "looks": shared.watch.looks(), "streams": shared.watch.streams(),
        "host": crate::proc::host_name(),
        "endpoints": shared.askers.len(),
        "cancel": shared.settings.token.is_some(), "guarded": shared.settings.is_guarded(),
        "sources": !shared.settings.sources.is_empty() && shared.askers.len().is_none(),
    }))
}
