//! Load against the truth: programs whose duty cycle is known, and the kernel's own account.

use std::time::{Duration, Instant};

use tests::program::{self, Program, board, named};
use tests::wait;

/// Loads of the first thread that has one.
fn loads(pid: u32) -> Option<[Option<f64>; 3]> {
    let board = board(pid);
    let threads = board["threads"].as_array()?;
    let load = &threads.iter().find(|thread| !thread["load"]["1s"].is_null())?["load"];
    Some(["1s", "10s", "60s"].map(|window| load[window].as_f64()))
}

/// Waits until the window of 1 s lies wholly in what is measured.
fn settle(seconds: u64) {
    let start = Instant::now();
    wait::until("the window", Duration::from_secs(seconds + 5), || {
        (start.elapsed() >= Duration::from_secs(seconds)).then_some(())
    });
}

/// One point.
const MARGIN: f64 = 0.01;

/// Holds the board against the program's own journal of its jobs, which it shows on the same board: with
/// `nominal` the truth of an undisturbed machine, which the journal alone decides. The middle of five
/// looks, because the journal is up to 10 ms older than the look.
#[track_caller]
fn agrees(pid: u32, window: &str, truth: &str) -> f64 {
    let mut differences: Vec<(f64, f64)> = (0..5)
        .map(|_| {
            let board = board(pid);
            let truth = named(&board["gauges"], truth)["value"].as_f64().expect("a truth") / 1e6;
            let worker = board["threads"]
                .as_array()
                .and_then(|threads| threads.iter().find(|thread| !thread["load"]["1s"].is_null()));
            let load = worker.expect("a worker")["load"][window].as_f64().expect("a load");
            (load - truth, load)
        })
        .collect();
    differences.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (difference, load) = differences[2];
    assert!(difference.abs() < MARGIN, "{window}: {difference:+.4} at {load}");
    load
}

#[test]
fn a_steady_duty_cycle_is_told_to_a_point() {
    for (percent, period) in [("20", "10000"), ("80", "2000")] {
        let (program, _) = Program::behave(&program::name("duty"), &["duty", percent, period]);
        settle(2);
        let load = agrees(program.pid(), "1s", "truth_1s");
        // And the journal is of what was asked for, as far as the machine allows.
        let nominal = percent.parse::<f64>().expect("a number") / 100.0;
        assert!((load - nominal).abs() < 0.1, "{load} for {nominal}");
    }
}

#[test]
fn after_a_step_every_window_follows_it_to_a_point() {
    let (program, _) = Program::behave(&program::name("step"), &["step", "20", "80", "9"]);
    settle(3);
    let one = agrees(program.pid(), "1s", "truth_1s");
    let ten = agrees(program.pid(), "10s", "truth_10s");
    assert!(one > 0.7 && (0.25..0.6).contains(&ten), "{one} and {ten}: 3 s into 80 %");
}

#[test]
fn a_thread_inside_one_job_is_busy_and_one_without_is_idle() {
    let (busy, _) = Program::behave(&program::name("one-job"), &["one-job"]);
    let (idle, _) = Program::behave(&program::name("idle"), &["idle"]);
    settle(2);
    let [one, ten, _] = loads(busy.pid()).expect("a load");
    assert!(one.expect("1 s") > 0.999 && ten.expect("10 s") > 0.98, "{one:?} {ten:?}");
    let [one, ten, _] = loads(idle.pid()).expect("a load");
    assert!(one.expect("1 s") < 0.001 && ten.expect("10 s") < 0.02, "{one:?} {ten:?}");
}

#[test]
fn a_dead_and_a_stopped_process_keep_the_load_of_that_moment() {
    let name = program::name("dead-load");
    let (mut program, _) = Program::behave(&name, &["one-job"]);
    settle(2);
    program.signal(nix::sys::signal::Signal::SIGSTOP);
    settle(2);
    let [stopped, _, _] = loads(program.pid()).expect("a load");
    program.kill();
    let dead = &program::boards(&["-n", &name])[0];
    let dead = dead["threads"][0]["load"]["1s"].as_f64();
    for load in [stopped, dead] {
        assert!(load.expect("1 s") > 0.97, "{load:?}");
    }
}

#[test]
fn a_hundred_thousand_changes_a_second_are_half_of_the_time_busy() {
    let (program, _) = Program::behave(&program::name("flutter"), &["flutter"]);
    settle(2);
    let [one, _, _] = loads(program.pid()).expect("a load");
    let one = one.expect("1 s");
    // A preemption falls into either state alike; two of them can weigh a few points.
    assert!((one - 0.5).abs() < 0.06, "{one}");
}

/// Run plus wait of a task, ns, by the kernel's account.
fn schedstat(pid: u32) -> f64 {
    let path = format!("/proc/{pid}/task/{pid}/schedstat");
    let text = std::fs::read_to_string(path).expect("schedstat");
    let numbers: Vec<f64> =
        text.split_whitespace().take(2).filter_map(|number| number.parse().ok()).collect();
    numbers.iter().sum()
}

#[test]
fn the_load_of_a_processor_bound_job_agrees_with_the_kernel() {
    let (program, _) = Program::behave(&program::name("burn"), &["burn"]);
    settle(8);
    // Younger than its window of 10 s, the board covers all of the thread's life, and so does the kernel.
    let board = board(program.pid());
    let ran = schedstat(program.pid());
    let kernel = ran / board["uptime_ns"].as_f64().expect("an age");
    let load = board["threads"][0]["load"]["10s"].as_f64().expect("a load");
    assert!((load - kernel).abs() < MARGIN, "{load} on the board, {kernel} by the kernel");
}

#[test]
fn a_service_that_panics_is_over() {
    let (program, _) = Program::behave(&program::name("panics"), &["panics"]);
    settle(2);
    let board = board(program.pid());
    let load = |name: &str| {
        let threads = board["threads"].as_array().expect("threads");
        let thread = threads.iter().find(|thread| thread["name"] == name).expect(name);
        thread["load"]["1s"].as_f64().expect("a load")
    };
    assert!(load("guarded") < 0.1, "{}", load("guarded"));
    // What the guard is there for.
    assert!(load("naive") > 0.9, "{}", load("naive"));
    assert_eq!(named(&board["gauges"], "truth_1s")["value"], 0);
    assert_eq!(named(&board["queues"], "jobs")["completions"], 1);
}
