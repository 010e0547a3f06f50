//! Locks and guards that are used in ways that invite a wrong answer: relocked between two looks, forgotten, given away, more
//! of them than there are records.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::program::{self, Program};
use tests::{naive, wait};

const SOON: Duration = Duration::from_secs(20);

/// A `fixture-locks` that has said it is ready, and hears what is written to it.
fn locks(name: &str, what: &[&str]) -> Program {
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::talking(command.arg(name).args(what), name);
    program.until_ready();
    program
}

fn tell(program: &mut Program) {
    let stdin = program.child.stdin.as_mut().expect("piped");
    stdin.write_all(b"x").and_then(|()| stdin.flush()).expect("it hears");
}

fn waits(name: &str) -> Value {
    program::document(&["waits", "-n", name])
}

/// `LOOKS=1000000 cargo test --release -p tests --test lock_kinds in_turn -- --nocapture` for the full figure.
#[test]
fn who_waits_for_each_other_in_turn_is_no_deadlock() {
    let name = program::name("in-turn");
    let _program = locks(&name, &["in-turn"]);
    let mut boards = inspect::open(&inspect::Target::Name(name.clone())).expect("its board");
    let board = &mut boards[0];
    let asked = std::env::var("LOOKS").ok().and_then(|text| text.parse().ok());
    let (wanted, start) = (asked.unwrap_or(u64::MAX), Instant::now());
    let (mut looks, mut both, mut naively) = (0_u64, [0_u64; 2], 0_u64);
    while looks < wanted && (asked.is_some() || start.elapsed() < Duration::from_secs(6)) {
        let report = board.report().expect("a report");
        assert!(report.waits.cycles.is_empty(), "look {looks}: {:#?}", report.waits.cycles);
        let edges = report.waits.chains.iter().flat_map(|chain| &chain.edges);
        for edge in edges.filter(|edge| edge.confirmed) {
            let who = edge.waiter.thread.as_ref().map(|name| name.raw());
            both[usize::from(who == Some("second"))] += 1;
        }
        naively += u64::from(naive::finds_a_deadlock(&board.board));
        looks += 1;
    }
    eprintln!("{looks} looks: no deadlock; by one look at each thread {naively}; waits {both:?}");
    assert!(both.iter().all(|count| *count > 0), "each waits for the other at times: {both:?}");
    // It is not that there is nothing to be wrong about.
    wait::until("a false deadlock of the naive reader", Duration::from_secs(60), || {
        (naively > 0 || (0..1000).any(|_| naive::finds_a_deadlock(&board.board))).then_some(())
    });
}

#[test]
fn a_guard_that_was_forgotten_holds_and_nobody_inherits_it() {
    let name = program::name("forgotten");
    let _program = locks(&name, &["forgotten"]);
    let edge = |waits: &Value, who: &str| -> Option<Value> {
        let chains = waits["chains"].as_array()?.clone();
        let edges =
            chains.iter().flat_map(|one| one["edges"].as_array().cloned().unwrap_or_default());
        edges.into_iter().find(|edge| edge["waiter"]["thread"] == who)
    };
    let said = wait::until("two waits", SOON, || {
        Some(waits(&name)).filter(|said| {
            edge(said, "waits-alive").is_some() && edge(said, "waits-gone").is_some()
        })
    });
    let (alive, gone) = (edge(&said, "waits-alive"), edge(&said, "waits-gone"));
    let (alive, gone) = (alive.expect("a wait"), gone.expect("a wait"));
    assert_eq!(
        (&alive["held_by"][0]["thread"], &alive["confirmed"]),
        (&"forgets".into(), &true.into())
    );
    // Its thread has ended, and its place is another's.
    assert_eq!(gone["held_by"], serde_json::json!([]), "{said:#}");
    assert_eq!(said["cycles"], serde_json::json!([]));
    let chains = said["chains"].as_array().expect("chains");
    let end = chains.iter().find(|one| one["edges"][0]["waiter"]["thread"] == "waits-gone");
    assert_eq!(end.expect("a chain")["end"], "unknown");
}

#[test]
fn a_guard_that_was_given_away_is_its_takers_until_whoever_has_it_drops_it() {
    let name = program::name("sent");
    let mut program = locks(&name, &["sent"]);
    let held = wait::until("a wait", SOON, || {
        let said = waits(&name);
        said["chains"][0]["edges"][0]["held_by"][0]["op"].is_string().then_some(said)
    });
    let edge = &held["chains"][0]["edges"][0];
    assert_eq!(edge["for"]["name"], "sent");
    assert_ne!(edge["held_by"][0]["op"], edge["waiter"]["op"], "{held:#}");
    let waiter = edge["waiter"]["op"].clone();
    tell(&mut program);
    let said = wait::until("that it has it", SOON, || {
        let said = program::document(&["waits", "-n", &name, "--by", "lock"]);
        let lock = said["locks"].as_array()?.iter().find(|lock| lock["name"] == "sent")?.clone();
        (lock["waiters"] == 0 && lock["holder"]["op"] == waiter).then_some(said)
    });
    assert_eq!(said["chains"].as_array().map(Vec::len), Some(0), "{said:#}");
}

#[test]
fn locks_without_room_are_counted_shown_and_work_as_ever() {
    let name = program::name("full");
    let mut program = locks(&name, &["full", "100"]);
    let said = wait::until("all waits", SOON, || {
        let said = waits(&name);
        (said["lost"].as_u64() >= Some(84)).then_some(said)
    });
    assert_eq!(said["locks"].as_array().map(Vec::len), Some(16), "every record is used: {said:#}");
    assert_eq!(said["cycles"], serde_json::json!([]));
    let text = program::inspect(&["waits", "-n", &name]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("found no room on the board"), "{text}");
    assert!(program::document(&["-n", &name])["boards"][0]["lost"]["locks"].as_u64() >= Some(84));
    tell(&mut program);
    assert_eq!(program.until_ready(), ["all had them"]);
}

#[test]
fn who_finds_room_or_an_item_in_time_waited_for_nothing() {
    let name = program::name("in-time");
    let _program = locks(&name, &["in-time"]);
    // A channel has a record from the first wait at it.
    assert_eq!(waits(&name)["locks"].as_array().map(Vec::len), Some(0), "{:#}", waits(&name));
}

/// Its first thread is back at the line that it was at, and waits for nothing.
fn is_at_work_again(what: &str) {
    let name = program::name(what);
    let _program = locks(&name, &[what]);
    let thread = &program::document(&["-n", &name])["boards"][0]["threads"][0];
    assert_eq!((&thread["label"], &thread["class"]), (&"works".into(), &"work".into()));
    assert_eq!(waits(&name)["chains"].as_array().map(Vec::len), Some(0), "{:#}", waits(&name));
}

#[test]
fn who_waited_within_a_select_is_back_at_work_after_it() {
    is_at_work_again("selects");
}

#[test]
fn who_may_not_wait_and_panics_waits_no_more() {
    is_at_work_again("panics");
}
