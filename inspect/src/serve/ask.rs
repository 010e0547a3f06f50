//! What stands behind the `?` of a request: what is not known is refused, with a sentence.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::reply::Refusal;
use crate::words::quantity::duration;

/// The parameters of a request.
pub(super) struct Ask<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Ask<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(asked)| Self(asked))
            .map_err(|error| Refusal::wrong(error.body_text()))
    }
}

/// A time like `500ms`, in ns.
///
/// # Errors
/// It is none.
pub(super) fn time(name: &str, text: Option<&str>) -> Result<u64, Refusal> {
    let Some(text) = text else { return Ok(0) };
    let time = duration(text).map_err(|why| Refusal::wrong(format!("{name}: {why}")))?;
    Ok(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
