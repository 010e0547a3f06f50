//! Answers about many hosts: what they say of each, and what a server of one would say.

use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::inspect;
use crate::wait;

/// How an endpoint stands, and why.
///
/// # Panics
/// When it is not in the answer.
#[track_caller]
pub fn standing(document: &Value, endpoint: &str) -> (String, String) {
    let all = document["endpoints"].as_array().expect("endpoints");
    let one = all.iter().find(|one| one["endpoint"] == *endpoint);
    let one = one.unwrap_or_else(|| panic!("no {endpoint} in {document:#}"));
    let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    (word("state"), word("error"))
}

/// Endpoints of the rows.
///
/// # Panics
/// When there are none.
#[track_caller]
pub fn hosts(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().expect("rows");
    rows.iter().map(|row| row["endpoint"].as_str().expect("an endpoint")).collect()
}

/// An answer of a server that knows nothing of boards but this.
pub fn ops(rows: Value) -> String {
    let total = rows.as_array().map_or(0, Vec::len);
    json!({ "schema": 1, "taken_at": "2026-01-31T12:00:00.000Z", "total": total, "ops": rows })
        .to_string()
}

/// An operation of such an answer.
pub fn op(id: &str, board: &str, age_s: f64) -> Value {
    let ns = (age_s * 1e9) as u64;
    json!({ "board": board, "pid": 7, "id": id, "kind": "request", "label": format!("GET /{board}"),
        "age_ns": ns, "active_ns": ns, "status": "lock", "status_age_ns": ns, "working": false,
        "leaked": false, "cancellable": true, "outcome": null })
}

/// What a command printed as JSON.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

/// What a verb says of these hosts, as JSON.
///
/// # Panics
/// When it says none.
#[track_caller]
pub fn ask(endpoints: &str, words: &[&str]) -> Value {
    json_of(&inspect(&[words, &["--json", "--endpoints", endpoints]].concat()))
}

/// Runs it until no host is said to be slow: for tests in which none is, on a machine that has so much to do that a server
/// takes longer than the second it is given.
///
/// # Panics
/// When one still is after a minute.
#[track_caller]
pub fn answered(words: &[&str]) -> Output {
    wait::until("an answer of every host", Duration::from_secs(60), || {
        let output = inspect(words);
        let slow = |said: &[u8]| String::from_utf8_lossy(said).contains("no answer within");
        (!slow(&output.stdout) && !slow(&output.stderr)).then_some(output)
    })
}

/// [`ask`], until no host is said to be slow.
///
/// # Panics
/// As the two of which it is made.
#[track_caller]
pub fn ask_all(endpoints: &str, words: &[&str]) -> Value {
    json_of(&answered(&[words, &["--json", "--endpoints", endpoints]].concat()))
}

/// What a command printed.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
