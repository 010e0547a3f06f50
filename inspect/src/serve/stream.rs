//! `/api/v1/stream`: server-sent events. The first says everything, each further one what changed since the one
//! before that this client took. Nothing is queued: who is slow misses looks and gets the newest.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::watch::Receiver;

use super::ask::Ask;
use super::reply::{Refusal, aside};
use super::shared::Shared;
use super::view::View;
use super::watch::Streaming;

/// Streams at a time.
const MOST: usize = 300;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of these boards, also those that come: a name (`*` and `?`), a pid or a key.
    board: Option<String>,
}

/// A client at its place in the stream.
struct Place {
    views: Receiver<Option<Arc<View>>>,
    pick: Option<String>,
    seen: u64,
    _streaming: Streaming,
}

pub(super) async fn stream(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    if shared.watch.streams() >= MOST {
        return Err(Refusal::busy(format!("{MOST} streams are open, which is all"), 5));
    }
    let (streaming, mut views) = shared.watch.views();
    views.mark_changed();
    let place = Place { views, pick: pick.board, seen: 0, _streaming: streaming };
    let events = unfold(place, |mut place| async {
        let event = place.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), place))
    });
    let mut response = Response::new(Body::from_stream(events));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

impl Place {
    /// The next event; `None` when the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.views.changed().await.ok()?;
            let view = self.views.borrow_and_update().clone();
            let Some(view) = view.filter(|view| view.seq > self.seen) else { continue };
            // A look before anybody streamed has no pieces.
            let Some(parts) = &view.parts else { continue };
            let (parts, seen, pick) = (Arc::clone(parts), self.seen, self.pick.clone());
            self.seen = view.seq;
            let made = aside(move || Ok(parts.since(seen, pick.as_deref()))).await;
            return made.ok();
        }
    }
}
