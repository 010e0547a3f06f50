//! What `inspect why` answers, and the form that every answer has.

use std::time::Duration;

use serde_json::Value;

use crate::{program, wait};

/// How long a fault may take to be found.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The answer as a program reads it, and its bytes.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn why(arguments: &[&str]) -> (Value, usize) {
    let output = program::inspect(&[&["why", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (serde_json::from_slice(&output.stdout).expect("JSON"), output.stdout.len())
}

/// What was found, the first one first.
pub fn ids(answer: &Value) -> Vec<&str> {
    let findings = answer["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["id"].as_str().expect("an id")).collect()
}

/// Asks until the first finding is this one, and checks the form of every answer on the way.
///
/// # Panics
/// When another one stays the first.
#[track_caller]
pub fn first_is(name: &str, id: &str) -> Value {
    wait::until(id, DEADLINE, || {
        let (answer, bytes) = why(&["-n", name]);
        is_sound(&answer, bytes);
        (ids(&answer).first() == Some(&id)).then_some(answer)
    })
}

/// What every answer has, whatever it says.
///
/// # Panics
/// When it has not.
#[track_caller]
pub fn is_sound(answer: &Value, bytes: usize) {
    assert!(bytes <= 6_001, "{bytes} bytes: {answer}");
    assert_eq!(answer["schema"], 1);
    let looked_at: Vec<&str> =
        answer["looked_at"].as_array().expect("rules").iter().filter_map(Value::as_str).collect();
    for finding in answer["findings"].as_array().expect("findings") {
        let id = finding["id"].as_str().expect("an id");
        assert!(looked_at.contains(&id), "{id} was not looked at: {looked_at:?}");
        let sure = finding["confidence"].as_f64().expect("a confidence");
        assert!((0.0..=1.0).contains(&sure), "{finding}");
        assert!(
            ["critical", "warning", "notice"].contains(&finding["severity"].as_str().unwrap_or(""))
        );
        for evidence in finding["evidence"].as_array().expect("evidence") {
            assert!(!evidence["what"].is_null() && !evidence["value"].is_null(), "{finding}");
        }
        for command in finding["next"].as_array().expect("commands") {
            assert!(command.as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        }
    }
}
