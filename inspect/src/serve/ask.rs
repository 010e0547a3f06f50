//! What a request's path names, and what stands behind its `?`: what is not known is refused, with a sentence.

use axum::extract::{FromRequestParts, Path, Query};
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
            .map_err(|error| Refusal::wrong(plain(&error.body_text())))
    }
}

/// What a request's path names.
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(Refusal::wrong("what the path names is no UTF-8")),
        }
    }
}

/// What is wrong with a parameter, without what the parser calls things: which, and what may stand there.
fn plain(text: &str) -> String {
    let text = text.split_once("string: ").map_or(text, |(_, rest)| rest);
    let bare = |text: &str| text.replace('`', "");
    let (at, rest) =
        text.split_once(": ").filter(|(at, _)| !at.contains(' ')).unwrap_or(("", text));
    let expected = |rest: &str| {
        let (_, all) = rest.split_once("expected ")?;
        Some(bare(all.trim_start_matches("one of ")))
    };
    if let Some(rest) = rest.strip_prefix("unknown variant `") {
        let said = rest.split('`').next().unwrap_or_default();
        return format!("{at}={said}: it is one of {}", expected(rest).unwrap_or_default());
    }
    if let Some(rest) = rest.strip_prefix("unknown field `") {
        let said = rest.split('`').next().unwrap_or_default();
        let all = expected(rest).filter(|all| all != "there are no fields");
        let all = all.map_or_else(|| "there are none".to_owned(), |all| format!("there are {all}"));
        return format!("{said}: no such parameter; {all}");
    }
    for (begins, why) in [("duplicate", "said twice"), ("missing", "it has to be said")] {
        let name = rest.strip_prefix(begins).and_then(|rest| rest.strip_prefix(" field `"));
        if let Some(name) = name {
            return format!("{}: {why}", name.trim_end_matches('`'));
        }
    }
    let what = match rest {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "a whole number"
        }
        "number too large to fit in target type" => "a smaller number",
        "invalid float literal" | "cannot parse float from empty string" => "a number",
        _ if rest.starts_with("provided string was not") => "true or false",
        other => return bare(&format!("{at}: {other}")).trim_start_matches(": ").to_owned(),
    };
    format!("{at}: {what} is meant")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_parameter_is_said_in_plain_words() {
        for (text, said) in [
            (
                "Failed to deserialize query string: sort: unknown variant `x`, expected one of `active`, `age`",
                "sort=x: it is one of active, age",
            ),
            (
                "Failed to deserialize query string: bord: unknown field `bord`, expected `board` or `over`",
                "bord: no such parameter; there are board or over",
            ),
            (
                "Failed to deserialize query string: limit: invalid digit found in string",
                "limit: a whole number is meant",
            ),
            (
                "Failed to deserialize query string: idle: provided string was not `true` or `false`",
                "idle: true or false is meant",
            ),
        ] {
            assert_eq!(plain(text), said);
        }
    }
}
