//! How much of an answer is to be taken, so that it is known when it was: a server that knows the length takes
//! that many bytes and drops the body, without asking whether more would come.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::Body;

/// What of a request decides how its answer ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    head: bool,
    connect: bool,
    /// Whether trailers may follow a body of known length.
    trailers: bool,
}

/// What of an answer's body was not taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Nobody will ask for any of it: there is none, or the protocol leaves it out.
    Over,
    /// So many bytes, and whether trailers may follow.
    Known(u64, bool),
    /// Until it says that it is over.
    Open,
}

impl Asked {
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        Self {
            head: *request.method() == Method::HEAD,
            connect: *request.method() == Method::CONNECT,
            trailers: request.version() >= Version::HTTP_2,
        }
    }

    /// Of this answer.
    pub(super) fn length_of<A: Body>(self, answer: &Response<A>) -> Length {
        let status = answer.status();
        // What has a tunnel, or another protocol, instead of a body.
        let left = self.connect && status.is_success() || status.is_informational();
        let none = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if self.head || left || none || answer.body().is_end_stream() {
            return Length::Over;
        }
        match said(answer.headers()).or_else(|| answer.body().size_hint().exact()) {
            Some(0) if !self.trailers => Length::Over,
            Some(bytes) => Length::Known(bytes, self.trailers),
            None => Length::Open,
        }
    }
}

impl Length {
    /// So many bytes were taken; whether that was all.
    pub(super) fn takes(&mut self, bytes: u64) -> bool {
        let Self::Known(left, trailers) = self else { return false };
        *left = left.saturating_sub(bytes);
        *left == 0 && !*trailers
    }

    /// Whether all bytes were taken, as far as that is known.
    pub(super) fn is_complete(self) -> bool {
        matches!(self, Self::Over | Self::Known(0, _))
    }

    /// Whether bytes that were promised are not there.
    pub(super) fn is_short(self) -> bool {
        matches!(self, Self::Known(1.., _))
    }
}

/// The length in the answer's head.
fn said(fields: &HeaderMap) -> Option<u64> {
    if fields.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    fields.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Whether what stands in headers or trailers is that a gRPC call failed.
pub(super) fn says_failed(fields: &HeaderMap) -> bool {
    fields.get("grpc-status").is_some_and(|status| status != "0")
}
