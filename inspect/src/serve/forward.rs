//! Questions that are asked on, to the hosts whose boards are served: what is left out, sorted and limited is so there.
//! A request that changes something goes to the one host that is meant.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ask::{Ask, Named};
use super::reply::{self, Refusal};
use super::shared::Shared;
use super::shown::{HOST, host};
use super::{cancel, capacity, ops, past, profile, waits, why};
use crate::clock::{Moment, rfc3339};
use crate::endpoints::merged::{self, apart};
use crate::endpoints::{self, Question, Reply, Standing, State as Stands, escaped};
use crate::history::{self, Past};

/// Parameters as they came, each once.
fn said(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    let said = Query::<Vec<(String, String)>>::try_from_uri(uri);
    said.map(|Query(said)| said).map_err(|_| Refusal::wrong("that is no query"))
}

/// A host and a board, of a key.
fn apart_of(board: &str) -> (Option<&str>, &str) {
    match board.rsplit_once(HOST) {
        Some((host, board)) => (Some(host), board),
        None => (None, board),
    }
}

/// The question of a request, and the one host that it is for.
fn question(path: &str, uri: &Uri, after: Duration) -> Result<(Question, Option<String>), Refusal> {
    let (mut question, mut only) = (Question::get(path).after(after), None);
    for (name, value) in said(uri)? {
        let (host, rest) = apart_of(&value);
        let is_key = name == "board" && host.is_some();
        question = question.with(&name, Some(if is_key { rest } else { &value }));
        if is_key {
            only = host.map(str::to_owned);
        }
    }
    Ok((question, only))
}

/// A document of what was merged.
fn document(endpoints: &[Standing], mut rows: Value) -> Response {
    if let Some(fields) = rows.as_object_mut() {
        let taken_at = rfc3339(Moment::now(false).wall_ns);
        fields.insert("schema".to_owned(), json!(1));
        fields.insert("taken_at".to_owned(), json!(taken_at));
        fields.insert("endpoints".to_owned(), json!(endpoints));
    }
    reply::document(&rows)
}

/// Asks on, and says everything together.
async fn together<T: DeserializeOwned + Send + 'static>(
    shared: &Shared,
    (path, uri, after): (&str, &Uri, Duration),
    merge: impl FnOnce(Vec<(Standing, T)>) -> Value,
) -> Result<Response, Refusal> {
    let (question, only) = question(path, uri, after)?;
    let (endpoints, said) = apart(shared.askers.ask(&question, only.as_deref()).await);
    Ok(document(&endpoints, merge(said)))
}

pub(super) async fn ops(
    State(shared): State<Shared>,
    Ask(pick): Ask<ops::Pick>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (sort, ended, limit) = pick.order()?;
    together(&shared, ("ops", &uri, Duration::ZERO), |said| {
        let (total, mut rows) = merged::ops(said, sort, ended);
        rows.truncate(limit);
        json!({ "total": total, "ops": rows })
    })
    .await
}

pub(super) async fn waits(
    State(shared): State<Shared>,
    Ask(_): Ask<waits::Pick>,
    uri: Uri,
) -> Result<Response, Refusal> {
    together(&shared, ("waits", &uri, Duration::ZERO), merged::waits).await
}

pub(super) async fn why(
    State(shared): State<Shared>,
    Ask(_): Ask<why::Pick>,
    uri: Uri,
) -> Result<Response, Refusal> {
    together(&shared, ("why", &uri, why::APART), merged::why).await
}

pub(super) async fn capacity(
    State(shared): State<Shared>,
    Ask(pick): Ask<capacity::Pick>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let time = pick.time()?;
    together(&shared, ("capacity", &uri, time), merged::capacity).await
}

/// The past: each host for its own, and boards of a name as one.
pub(super) async fn history(
    State(shared): State<Shared>,
    Ask(pick): Ask<past::Pick>,
) -> Result<Response, Refusal> {
    let (frame, by) = (pick.frame()?, pick.by());
    let (host, board) = pick.board().map_or((None, None), |text| {
        let (host, board) = apart_of(text);
        (host, Some(board))
    });
    let question = endpoints::past::question(board, by, &frame);
    let replies = shared.askers.ask::<Past>(&question, host).await;
    let (standings, said) = apart(replies);
    reply::aside(move || {
        let told = endpoints::past::told(said);
        let all = history::together(&told, by, &frame);
        Ok(document(&standings, endpoints::past::document(&told, &all, &frame)))
    })
    .await
}

/// The only host that has something to say, or why there is none.
fn only<T>(replies: Vec<Reply<T>>, missing: &str) -> Result<(Standing, T), Refusal> {
    let (endpoints, mut said) = apart(replies);
    match (said.pop(), said.pop()) {
        (Some(one), None) => Ok(one),
        (Some((a, _)), Some((b, _))) => Err(Refusal::new(
            StatusCode::CONFLICT,
            format!(
                "several hosts have one, {} and {}: name its board by its key",
                b.short(),
                a.short()
            ),
        )),
        (None, _) => {
            let failed = endpoints.iter().find(|one| one.state != Stands::Ok);
            let why =
                failed.and_then(|one| Some(format!("{}: {}", one.short(), one.error.as_ref()?)));
            Err(match why {
                Some(why) => Refusal::new(StatusCode::BAD_GATEWAY, format!("{missing}; {why}")),
                None => Refusal::missing(missing),
            })
        }
    }
}

/// One document of one host, with its endpoint.
fn of_one((standing, mut value): (Standing, Value)) -> Response {
    if let Some(fields) = value.as_object_mut() {
        fields.insert("endpoint".to_owned(), json!(standing.endpoint));
        fields.insert("endpoints".to_owned(), json!([standing]));
    }
    reply::document(&value)
}

/// One operation, with what is said beside it. Whoever answers with anything else does not have it.
#[derive(Deserialize, Serialize)]
struct One {
    op: Map<String, Value>,
    #[serde(flatten)]
    beside: Map<String, Value>,
}

pub(super) async fn op(
    State(shared): State<Shared>,
    Named((board, id)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let (host, board) = apart_of(&board);
    let question = Question::get(&format!("ops/{}/{}", escaped(board), escaped(&id)));
    let replies = shared.askers.ask::<One>(&question, host).await;
    let (standing, mut one) = only(replies, "no such operation at any host that answered")?;
    one.op.insert("endpoint".to_owned(), json!(standing.endpoint));
    Ok(of_one((standing, json!(one))))
}

pub(super) async fn cancelled(
    State(shared): State<Shared>,
    Named((board, id)): Named<(String, String)>,
    Ask(wait): Ask<cancel::Wait>,
) -> Result<Response, Refusal> {
    let time = wait.time()?;
    let (host, board) = apart_of(&board);
    // Numbers repeat from host to host: the one that has it is found before any cancellation is requested.
    let path = format!("ops/{}/{}", escaped(board), escaped(&id));
    let missing = "no such operation at any host that answered";
    let replies = shared.askers.ask::<One>(&Question::get(&path), host).await;
    let (standing, _) = only(replies, missing)?;
    let question = Question::post(&format!("{path}/cancel"))
        .with("timeout", Some(&format!("{:.3}", time.as_secs_f64())))
        .after(time);
    let key = self::host(&standing.endpoint);
    let replies = shared.askers.ask::<Value>(&question, Some(&key)).await;
    Ok(of_one(only(replies, "it ended before it could be asked")?))
}

pub(super) async fn profile(
    State(shared): State<Shared>,
    Ask(pick): Ask<profile::Pick>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let time = pick.time_as_json()?;
    let (question, host) = question("profile", &uri, time)?;
    if host.is_none() && shared.askers.len() > Some(1) {
        return Err(Refusal::wrong(
            "a profile is of one host: pick a board, or ask with board=KEY as /api/v1/stream has it",
        ));
    }
    let replies = shared.askers.ask::<Value>(&question, host.as_deref()).await;
    Ok(of_one(only(replies, "nothing to sample: no such process lives")?))
}

/// What each host has for itself.
pub(super) async fn elsewhere() -> Refusal {
    Refusal::missing("each host has its own: ask the `inspect serve` there")
}
