//! One endpoint: its connection, which is kept, and one question at a time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

use hyper::body::Body;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};

use super::address::Endpoint;
use super::body::{self, Refusal};
use super::connect::{Sender, connect};
use super::failure::Failure;
use super::question::Question;
use super::standing::State;
use super::trust::Trust;
use crate::clock::Moment;
use crate::history::OFF_NS;

/// When a request came and its answer went, by the clock of who answers, ns since 1970.
pub(crate) const TIME: &str = "scoreboard-time";

/// An endpoint, and its connection while there is one.
#[derive(Default)]
pub(super) struct Link {
    sender: Option<Sender>,
    /// How far its clock is ahead, as it said last; 0 while that is too little to matter.
    ahead_ns: i64,
}

/// What came of a question.
pub(super) struct Answered {
    /// The body.
    pub(super) bytes: Vec<u8>,
    /// How far the other clock is ahead, ns.
    pub(super) skew_ns: Option<i64>,
    /// When it was here, by this host's clock.
    pub(super) came_ns: u64,
}

impl Link {
    /// Asks within the question's time. Of the body `most` bytes are taken.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn ask(
        &mut self,
        endpoint: &Endpoint,
        trust: &Trust,
        question: &Question,
        most: usize,
    ) -> Result<Answered, Failure> {
        let mut connected = false;
        let asked = self.of_its_time(endpoint, trust, question, most, &mut connected);
        let done = tokio::time::timeout(question.deadline, asked).await;
        let done = done.unwrap_or_else(|_| {
            let within =
                Duration::from_secs_f64((question.deadline.as_secs_f64() * 10.0).round() / 10.0);
            Err(match connected {
                true => Failure::new(State::Slow, &format!("no answer within {within:?}")),
                false => Failure::down(&format!("no connection within {within:?}")),
            })
        });
        if done.is_err() {
            // What may still come on it is the answer to another question.
            self.sender = None;
        }
        done
    }

    /// One answer, of the time that was meant: where the other clock turns out to be another than was known, what came is
    /// of another time, and the question is asked once more.
    async fn of_its_time(
        &mut self,
        endpoint: &Endpoint,
        trust: &Trust,
        question: &Question,
        most: usize,
        connected: &mut bool,
    ) -> Result<Answered, Failure> {
        let said = question.by_clock(self.ahead_ns);
        let answered = self.attempt(endpoint, trust, &said, most, connected).await?;
        let ahead_ns = answered.skew_ns.filter(|ns| ns.unsigned_abs() >= OFF_NS).unwrap_or(0);
        if !question.has_time() || ahead_ns.abs_diff(self.ahead_ns) < OFF_NS {
            return Ok(answered);
        }
        self.ahead_ns = ahead_ns;
        self.attempt(endpoint, trust, &question.by_clock(ahead_ns), most, connected).await
    }

    async fn attempt(
        &mut self,
        endpoint: &Endpoint,
        trust: &Trust,
        question: &Question,
        most: usize,
        connected: &mut bool,
    ) -> Result<Answered, Failure> {
        // A kept connection may have been ended meanwhile: that says nothing of the host. What changes something is
        // never sent twice.
        if let Some(mut kept) = self.sender.take().filter(|_| !question.post)
            && kept.ready().await.is_ok()
        {
            *connected = true;
            if let Ok((sender, answered)) = once(kept, endpoint, trust, question, most).await {
                self.sender = Some(sender);
                return answered;
            }
            *connected = false;
        }
        let sender = connect(endpoint, trust).await?;
        *connected = true;
        let (sender, answered) =
            once(sender, endpoint, trust, question, most).await.map_err(|error| {
                match error.is_parse() || error.is_parse_too_large() {
                    true => Failure::other(
                        "what it answers is not HTTP: is it https:// there, or no `inspect serve`?",
                    ),
                    false => Failure::down(
                        "it ended the connection without an answer: does it speak HTTP?",
                    ),
                }
            })?;
        self.sender = Some(sender);
        answered
    }
}

/// One request, and its answer whole; or what is wrong with the connection.
async fn once(
    mut sender: Sender,
    endpoint: &Endpoint,
    trust: &Trust,
    question: &Question,
    most: usize,
) -> Result<(Sender, Result<Answered, Failure>), hyper::Error> {
    let request = match request(endpoint, trust, question) {
        Ok(request) => request,
        Err(failure) => return Ok((sender, Err(failure))),
    };
    let (sent, sent_ns) = (Instant::now(), Moment::now(false).wall_ns);
    let answer = sender.send_request(request).await?;
    // Both clocks at once; the wall's may be set meanwhile.
    let came_ns = sent_ns + u64::try_from(sent.elapsed().as_nanos()).unwrap_or(0);
    let skew_ns = skew(answer.headers(), sent_ns, came_ns);
    let (status, head) = (answer.status(), answer.headers().clone());
    let bytes = match read(answer, most).await {
        Ok(bytes) => bytes,
        Err(failure) => return Ok((sender, Err(failure))),
    };
    let answered = match status {
        StatusCode::OK => Ok(Answered { bytes, skew_ns, came_ns }),
        StatusCode::UNAUTHORIZED if trust.authorization().is_none() => {
            let mut failure = refused(status, &head, &bytes, &question.path);
            failure.text.push_str("; --endpoints-token FILE says it");
            Err(failure)
        }
        _ => Err(refused(status, &head, &bytes, &question.path)),
    };
    Ok((sender, answered))
}

fn request(
    endpoint: &Endpoint,
    trust: &Trust,
    question: &Question,
) -> Result<Request<String>, Failure> {
    let method = if question.post { Method::POST } else { Method::GET };
    let agent = concat!("inspect/", env!("CARGO_PKG_VERSION"));
    let mut request = Request::builder()
        .method(method)
        .uri(&question.path)
        .header(HOST, endpoint.host())
        .header(USER_AGENT, agent);
    if let Some(secret) = trust.authorization() {
        let value = HeaderValue::from_str(&secret);
        let mut value = value.map_err(|error| Failure::new(State::Refused, &error.to_string()))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(String::new()).map_err(|error| Failure::new(State::Refused, &error.to_string()))
}

/// The whole body, up to so many bytes.
async fn read(answer: Response<hyper::body::Incoming>, most: usize) -> Result<Vec<u8>, Failure> {
    let large = || Failure::other(&format!("its answer is larger than {} KiB", most >> 10));
    let mut body = answer.into_body();
    if body.size_hint().lower() > most as u64 {
        return Err(large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Failure::down("its answer ended in the middle"))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > most {
                return Err(large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// How far the other clock is ahead, from when the request came there and its answer went.
fn skew(headers: &HeaderMap, sent_ns: u64, came_ns: u64) -> Option<i64> {
    let text = headers.get(TIME)?.to_str().ok()?;
    let (there, gone) = text.split_once(' ')?;
    let (there, gone): (u64, u64) = (there.parse().ok()?, gone.parse().ok()?);
    let apart = |there: u64, here: u64| i128::from(there) - i128::from(here);
    let twice = apart(there, sent_ns) + apart(gone, came_ns);
    i64::try_from(twice / 2).ok()
}

/// What a status other than 200 comes to.
fn refused(status: StatusCode, head: &HeaderMap, bytes: &[u8], path: &str) -> Failure {
    let said = body::checked(bytes).ok().and_then(|(text, _)| {
        let refusal: Refusal = serde_json::from_str(&text).ok()?;
        Some(refusal.error)
    });
    let Some(said) = said else {
        let what = match head.get(hyper::header::SERVER).and_then(|value| value.to_str().ok()) {
            Some(server) => format!("{server} answers with {status}"),
            None => format!("it answers with {status}"),
        };
        return Failure::other(&format!("{what}: no `inspect serve`"));
    };
    match status {
        StatusCode::NOT_FOUND if said.starts_with("no such path") => {
            let path = path.split('?').next().unwrap_or(path);
            Failure::other(&format!("it is of a version without {path}"))
        }
        // Others keep one: what is missing in the sum is told.
        StatusCode::NOT_FOUND if said.starts_with("no history is kept") => {
            Failure::new(State::Refused, &said)
        }
        // Nothing of it is there, which is an answer.
        StatusCode::NOT_FOUND => Failure::new(State::Ok, &said),
        StatusCode::BAD_REQUEST => Failure::other(&format!("it does not understand: {said}")),
        // It would, and could not: that is no lack of a right.
        StatusCode::GATEWAY_TIMEOUT => Failure::new(State::Slow, &said),
        _ if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => {
            Failure::down(&said)
        }
        _ => Failure::new(State::Refused, &said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_clock_is_told_by_four_moments() {
        let skew = |header: &str, sent: u64, came: u64| {
            let mut headers = HeaderMap::new();
            headers.insert(TIME, HeaderValue::from_str(header).expect("a header"));
            super::skew(&headers, sent, came)
        };
        // 5 ahead, 10 on the way there, 7 at work, 10 on the way back.
        assert_eq!(skew("1015 1022", 1_000, 1_027), Some(5));
        // 500 behind.
        assert_eq!(skew("510 517", 1_000, 1_027), Some(-500));
        for hostile in ["", "1", "x y", "1 2 3", "18446744073709551615 18446744073709551615"] {
            assert_eq!(skew(hostile, 1_000, 1_027), None, "{hostile}");
        }
    }

    #[test]
    fn what_a_status_means_is_said() {
        let state = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            refused(status, &HeaderMap::new(), body.as_bytes(), "/api/v1/why?x").state
        };
        let of = |text: &str| format!("{{\"schema\":1,\"error\":\"{text}\"}}");
        assert_eq!(state(401, &of("this needs the token")), State::Refused);
        assert_eq!(state(503, &of("full")), State::Refused);
        assert_eq!(state(504, &of("is it stopped?")), State::Slow);
        assert_eq!(state(502, &of("it cannot be asked")), State::Down);
        assert_eq!(state(404, &of("no such board")), State::Ok);
        assert_eq!(state(404, &of("no history is kept: start")), State::Refused);
        assert_eq!(state(404, &of("no such path; x")), State::Version);
        assert_eq!(state(400, &of("unknown field")), State::Version);
        assert_eq!(state(404, "<html>"), State::Version);
        assert_eq!(state(302, ""), State::Version);
    }
}
