//! `/openapi.json`: the endpoints, for programs.

use axum::http::StatusCode;
use axum::response::Response;

use super::reply;

pub(super) async fn described() -> Response {
    let text = include_str!("openapi.json");
    reply::bytes(StatusCode::OK, "application/json", text.into())
}
