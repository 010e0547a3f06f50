//! Answers: JSON of schema 1, and errors that say what to do.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::render::json;

/// Does what may take its time where no other client waits for it: a large answer is made aside.
///
/// # Errors
/// What it says, or that it ended by a fault.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "it ended by a fault of this program"))
    })
}

/// A JSON document.
pub(super) fn document(document: &impl Serialize) -> Response {
    match json::line(document) {
        Ok(text) => bytes(StatusCode::OK, "application/json", text.into()),
        Err(error) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

/// An answer of a type.
pub(super) fn bytes(status: StatusCode, kind: &'static str, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
    /// Seconds after which it may be tried again.
    after: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), after: None }
    }

    /// What was asked is no good.
    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// There is no such thing.
    pub(super) fn missing(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// Not now.
    pub(super) fn busy(text: impl Into<String>, after: u32) -> Self {
        Self { after: Some(after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = json::line(&serde_json::json!({ "schema": 1, "error": self.text }));
        let mut response = bytes(self.status, "application/json", text.unwrap_or_default().into());
        if let Some(after) = self.after {
            response.headers_mut().insert(header::RETRY_AFTER, after.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Bearer realm=\"inspect\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        }
        response
    }
}
