//! What `inspect capacity` foretells at half load, beside what the same program then does when more comes than it can
//! serve. `CAPACITY_RUNS=20` for the full figure.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::wait;

const DEADLINE: Duration = Duration::from_secs(60);

fn runs() -> u64 {
    std::env::var("CAPACITY_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn asked(arguments: &[&str]) -> Value {
    let output = program::inspect(&[&["capacity", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["schema"], 1);
    let groups = answer["groups"].as_array().expect("groups");
    let of = |group: &&Value| group["name"] == "served";
    groups.iter().find(of).unwrap_or_else(|| panic!("{answer}")).clone()
}

/// What is said of a program once something is foretold of it: of a young one there is too little to say.
fn foretold(board: &str) -> Value {
    wait::until("something is foretold", DEADLINE, || {
        let group = asked(&["-n", board, "-d", "3s"]);
        group["saturation"].is_object().then_some(group)
    })
}

/// Items a second that it ends when more comes than it can take.
fn saturated(service: &str, how: &str) -> f64 {
    let board = program::name("capacity");
    let (_program, _) = Program::behave(&board, &["serves", "1", service, "300", how]);
    wait::until("it is full", DEADLINE, || {
        let group = asked(&["-n", &board, "-d", "2s"]);
        let full = group["utilization"].as_f64().is_some_and(|share| share > 0.97);
        group["throughput"].as_f64().filter(|_| full)
    })
}

/// In how many runs it was foretold within `within`, and in how many the truth was in the interval.
fn right(service: &str, how: &str, within: f64) -> u64 {
    let mut right = 0;
    for run in 0..runs() {
        let board = program::name("capacity");
        let (program, _) = Program::behave(&board, &["serves", "1", service, "50", how]);
        let group = foretold(&board);
        drop(program);
        let (found, truth) =
            (group["saturation"]["value"].as_f64().expect("a rate"), saturated(service, how));
        let off = found / truth - 1.0;
        println!("{how} {run}: foretold {found:.0}, then {truth:.0}: {:+.1} %", off * 100.0);
        right += u64::from(off.abs() <= within);
    }
    right
}

#[test]
fn from_half_load_it_is_foretold_where_a_plain_pool_saturates() {
    let right = right("2000", "sleep", 0.1);
    assert!(right * 20 >= runs() * 18, "{right} of {}", runs());
}

#[test]
fn from_less_load_it_is_foretold_where_batches_saturate() {
    let right = right("100", "batches", 0.2);
    assert!(right * 20 >= runs() * 18, "{right} of {}", runs());
}

/// Of a dead board what it remembers is enough.
#[test]
fn one_look_at_the_dead_tells_what_it_could_have_taken() {
    let board = program::name("capacity");
    let (mut program, _) = Program::behave(&board, &["serves", "1", "2000", "50", "sleep"]);
    foretold(&board);
    program.kill();
    let group = asked(&["-n", &board]);
    let saturation = &group["saturation"];
    let value = saturation["value"].as_f64().expect("a rate");
    assert!((350.0..=500.0).contains(&value), "{group}");
    assert!(saturation["low"].as_f64() < Some(value) && saturation["high"].as_f64() > Some(value));
    // There is no load any more that it could be held against.
    assert!(
        group["headroom"].is_null()
            && group["model"].as_str().is_some_and(|model| model.contains("dead"))
    );
    assert!(group["looked_ns"].is_null() && group["over_ns"].as_u64() > Some(1_000_000_000));
}

/// More comes than is served: the queue stands, the workers are full, and there is no headroom.
#[test]
fn a_queue_that_never_empties_stands() {
    let board = program::name("capacity");
    let (_program, _) = Program::behave(&board, &["serves", "1", "2000", "300", "sleep"]);
    let group = wait::until("it stands", DEADLINE, || {
        let group = asked(&["-n", &board, "-d", "1s"]);
        (group["queue"] == "standing" && group["headroom"].is_number()).then_some(group)
    });
    assert!(group["headroom"].as_f64().is_some_and(|times| (0.9..1.2).contains(&times)), "{group}");
    assert_ne!(group["littles_law_holds"], false, "{group}");
    let output = program::inspect(&["capacity", "-n", &board, "-d", "1s"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("SATURATION/s (95 %)") && text.contains("standing"), "{text}");
}
