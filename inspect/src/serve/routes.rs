//! Which path is answered by whom.

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::limit::RequestBodyLimitLayer;

use super::gate::gate;
use super::reply::Refusal;
use super::shared::Shared;
use super::{
    boards, cancel, capacity, described, forward, health, metrics, ops, page, past, profile,
    source, stream, waits, why,
};

/// What is told from the boards of this host.
fn here() -> Router<Shared> {
    Router::new()
        .route("/metrics", get(metrics::metrics))
        .route("/api/v1/ops", get(ops::all))
        .route("/api/v1/ops/{board}/{id}", get(ops::one))
        .route("/api/v1/ops/{board}/{id}/cancel", post(cancel::cancel))
        .route("/api/v1/waits", get(waits::waits))
        .route("/api/v1/why", get(why::why))
        .route("/api/v1/capacity", get(capacity::capacity))
        .route("/api/v1/history", get(past::history))
        .route("/api/v1/heat", get(past::heat))
        .route("/api/v1/profile", get(profile::profile))
        .route("/api/v1/source", get(source::source))
}

/// The same, where other hosts are asked.
fn of_hosts() -> Router<Shared> {
    Router::new()
        .route("/metrics", get(forward::elsewhere))
        .route("/api/v1/ops", get(forward::ops))
        .route("/api/v1/ops/{board}/{id}", get(forward::op))
        .route("/api/v1/ops/{board}/{id}/cancel", post(forward::cancelled))
        .route("/api/v1/waits", get(forward::waits))
        .route("/api/v1/why", get(forward::why))
        .route("/api/v1/capacity", get(forward::capacity))
        .route("/api/v1/history", get(forward::history))
        .route("/api/v1/heat", get(forward::elsewhere))
        .route("/api/v1/profile", get(forward::profile))
        .route("/api/v1/source", get(forward::elsewhere))
}

/// Bytes of a request's body: nothing that is asked needs one.
const BODY: usize = 1_024;

pub(super) fn routes(shared: Shared) -> Router {
    let of_boards = if shared.askers.len().is_some() { of_hosts() } else { here() };
    of_boards
        .route("/", get(page::page))
        .route("/openapi.json", get(described::described))
        .route("/healthz", get(health::health))
        .route("/api/v1/boards", get(boards::all))
        .route("/api/v1/boards/{board}", get(boards::one))
        .route("/api/v1/stream", get(stream::stream))
        .fallback(|| async {
            Refusal::missing("no such path; /openapi.json lists those there are")
        })
        .method_not_allowed_fallback(|method: Method| async move {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("not by {method}"))
        })
        .layer(RequestBodyLimitLayer::new(BODY))
        .layer(from_fn_with_state(shared.clone(), gate))
        .with_state(shared)
}
