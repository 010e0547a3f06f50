//! What `inspect capacity` foretells at half load, beside what the same program then does when more comes than it can
//! serve. `CAPACITY_RUNS=20` for the full figure.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::program::{self, Program};
use tests::ready::Ready;
use tests::{alone, build, often, session, wait};

const DEADLINE: Duration = Duration::from_secs(60);
/// As fast as before, for a test of what comes within a tenth.
const STEADY: f64 = 0.04;
/// So often it is waited for.
const TRIES: u32 = 12;

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

/// Items a second that it ends when more comes than it can take: as many as it did, and as many as it would have done had it
/// never been ready without a processor. Somebody else's work takes more of it from who never rests.
fn saturated(service: &str, how: &str) -> [f64; 2] {
    let board = program::name("capacity");
    let (program, _) = Program::behave(&board, &["serves", "1", service, "300", how]);
    wait::until("it is full", DEADLINE, || {
        let ready = Ready::of(program.pid(), "worker-0");
        let group = asked(&["-n", &board, "-d", "2s"]);
        let full = group["utilization"].as_f64().is_some_and(|share| share > 0.97);
        let did = group["throughput"].as_f64().filter(|_| full)?;
        Some([did, did / (1.0 - ready.share()).max(0.1)])
    })
}

/// How long a sleep of 2 ms takes while something goes on: the pace of the machine, which others may change.
fn paced<T>(does: impl FnOnce() -> T) -> (T, f64) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pace = scope.spawn(|| {
            let (began, mut slept) = (Instant::now(), 0u32);
            while slept == 0 || !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
                slept += 1;
            }
            began.elapsed().as_secs_f64() / f64::from(slept)
        });
        let done = does();
        over.store(true, Ordering::Relaxed);
        (done, pace.join().expect("it sleeps"))
    })
}

/// What was foretold, and what was true then, on a machine that was as fast at both times: what somebody else's work takes
/// from it meanwhile nobody can foretell.
fn foretold_and_true(service: &str, how: &str) -> (f64, [f64; 2]) {
    let mut tries = 0;
    loop {
        let board = program::name("capacity");
        let (program, _) = Program::behave(&board, &["serves", "1", service, "50", how]);
        let (group, before) = paced(|| foretold(&board));
        drop(program);
        let (truth, after) = paced(|| saturated(service, how));
        tries += 1;
        if (before / after - 1.0).abs() < STEADY || tries == TRIES {
            return (group["saturation"]["value"].as_f64().expect("a rate"), truth);
        }
        println!("the machine was not as fast as before: {before} s, then {after} s");
    }
}

/// Whether it is foretold within `within`.
fn is_foretold(service: &str, how: &str, within: f64) -> bool {
    often::holds(|| {
        let (found, [did, could]) = foretold_and_true(service, how);
        // What was true in between nobody knows better.
        let off = found / found.clamp(did, could) - 1.0;
        println!(
            "{how}: foretold {found:.0}, then {did:.0}, or {could:.0} with a processor of its own: {:+.1} %",
            off * 100.0
        );
        off.abs() <= within
    })
}

#[test]
fn from_half_load_it_is_foretold_where_a_plain_pool_saturates() {
    let _turn = alone::turn();
    assert!(is_foretold("2000", "sleep", 0.1));
}

#[test]
fn from_less_load_it_is_foretold_where_batches_saturate() {
    let _turn = alone::turn();
    assert!(is_foretold("100", "batches", 0.2));
}

/// Of a dead board what it remembers is enough.
#[test]
fn one_look_at_the_dead_tells_what_it_could_have_taken() {
    let _turn = alone::turn();
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
    let _turn = alone::turn();
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

/// `docs/capacity.md`: one worker, the second one, and more than both can take. `UPDATE_GOLDEN=1` takes the guide's sessions
/// anew.
#[test]
fn a_second_worker_takes_what_was_foretold_before_it_was_there() {
    let _turn = alone::turn();
    let fixture = program::debug("fixture-behave");
    let of_inspect = program::debug("inspect");
    let path = build::root().join("docs/capacity.md");
    let read = || std::fs::read_to_string(&path).expect("the guide");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let programs = [&fixture, &of_inspect].map(|one| one.parent().expect("a directory"));
        std::fs::write(&path, session::renewed(&read(), &programs).0).expect("written");
    }
    program::remove_boards("thumbnails");
    let saturation = |workers: &str, load: &str| {
        let board = program::name("second-worker");
        let (_program, _) = Program::behave(&board, &["serves", workers, "20000", load, "sleep"]);
        let group = foretold(&board);
        (group["saturation"]["value"].as_f64().expect("a rate"), group["at_least"] == true)
    };
    let (one, two) = (saturation("1", "60"), saturation("2", "30"));
    let board = program::name("second-worker");
    let (_program, _) = Program::behave(&board, &["serves", "2", "20000", "300", "sleep"]);
    let then = wait::until("it is full", DEADLINE, || {
        let group = asked(&["-n", &board, "-d", "2s"]);
        let full = group["utilization"].as_f64().is_some_and(|share| share > 0.97);
        group["throughput"].as_f64().filter(|_| full)
    });
    println!("by one {one:?} twice, by two {two:?}, then {then:.0}");
    // A lower bound may be far below.
    let right = |(foretold, least): (f64, bool), then: f64| {
        let off = foretold / then - 1.0;
        off <= 0.1 && (least || off >= -0.1)
    };
    assert!(right((2.0 * one.0, one.1), then), "{one:?} twice foretold, then {then:.0}");
    assert!(right(two, then), "{two:?} foretold, then {then:.0}");
    // The guide's three tables say the same of its own run.
    let guide = read();
    let rows: Vec<Vec<&str>> = guide
        .lines()
        .filter(|line| line.starts_with(" served  ") && !line.contains("246"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    let number = |row: usize, at: usize| {
        let text = rows[row][at];
        let least = text.starts_with('≥');
        (text.trim_start_matches('≥').parse::<f64>().expect("a number"), least)
    };
    let (one, two, then) = (number(0, 5), number(1, 5), number(2, 2).0);
    assert_eq!([number(0, 1), number(1, 1), number(2, 1)], [1.0, 2.0, 2.0].map(|n| (n, false)));
    assert!(right((2.0 * one.0, one.1), then) && right(two, then), "{rows:?}");
}
