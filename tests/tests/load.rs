//! Load against the truth: programs whose duty cycle is known, and the kernel's own account.

use std::process::Command;
use std::time::Duration;

use tests::program::{self, Program, board, named};
use tests::{alone, wait};

/// Loads of the first thread that has one.
fn loads(pid: u32) -> Option<[Option<f64>; 3]> {
    let board = board(pid);
    let threads = board["threads"].as_array()?;
    let load = &threads.iter().find(|thread| !thread["load"]["1s"].is_null())?["load"];
    Some(["1s", "10s", "60s"].map(|window| load[window].as_f64()))
}

/// Waits until the program has done for so long what it said that it does, by its board's own clock.
fn after(pid: u32, seconds: u64) {
    let up = || board(pid)["uptime_ns"].as_u64();
    let start = up().expect("an age");
    wait::until("the window", Duration::from_secs(seconds + 30), || {
        (up()? >= start + seconds * 1_000_000_000).then_some(())
    });
}

/// One point.
const MARGIN: f64 = 0.01;

/// The wall clock, ns since 1970.
fn wall_ns() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_nanos() as f64
}

/// A program that keeps a journal of its busy time: moments and the busy time up to each, in between as the
/// crow flies.
struct Journal {
    program: Program,
    notes: Vec<(f64, [f64; 2])>,
    file: tempfile::NamedTempFile,
}

impl Journal {
    /// Starts the program.
    #[track_caller]
    fn of(name: &str, what: &[&str]) -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let name = program::name(name);
        let mut command = Command::new(program::debug("fixture-behave"));
        command.arg(&name).args(what).env("JOURNAL", file.path());
        let mut program = Program::start(&mut command, &name);
        program.until_ready();
        Self { program, notes: Vec::new(), file }
    }

    /// All that the program noted up to a moment, and more.
    fn up_to(&mut self, moment: f64) {
        wait::until("the journal", Duration::from_secs(60), || {
            let text = std::fs::read_to_string(self.file.path()).ok()?;
            // Its last line may be half written.
            let whole = text.rsplit_once('\n')?.0;
            let note = |line: &str| {
                let mut numbers = line.split(' ').map(|word| word.parse().ok());
                Some((numbers.next()??, [numbers.next()??, numbers.next()??]))
            };
            self.notes = whole.lines().filter_map(note).collect();
            (self.notes.last()?.0 > moment).then_some(())
        });
    }

    /// Busy time up to a moment, and how much less it may be.
    fn busy(&self, moment: f64) -> [f64; 2] {
        let next = self.notes.partition_point(|(at, _)| *at < moment);
        match (next.checked_sub(1).map(|last| self.notes[last]), self.notes.get(next)) {
            (Some((from, before)), Some(&(to, after))) => {
                let part = (moment - from) / (to - from).max(1.0);
                [0, 1].map(|of| before[of] + (after[of] - before[of]) * part)
            }
            _ => [0.0; 2],
        }
    }

    /// Busy share of the window that ends at a moment; of all of the past, when that is shorter.
    fn share(&self, moment: f64, window: f64) -> [f64; 2] {
        let start = (moment - window).max(self.notes[0].0);
        let ([until, doubt], [least, most]) = (self.busy(moment), self.between_looks(start));
        let doubt = doubt - self.busy(start)[1];
        [until - most - doubt, until - least].map(|busy| busy / (moment - start))
    }

    /// Busy time up to a moment as the board has it, the least and the most: between two looks of the keeper, of which
    /// nobody here knows when they were, as the crow flies. Where the program went on evenly the two are the same.
    fn between_looks(&self, moment: f64) -> [f64; 2] {
        const APART: f64 = 1e8;
        let found = (0..=20).map(|part| {
            let from = (moment - APART * f64::from(part) / 20.0).max(self.notes[0].0);
            let [first, last] = [from, from + APART].map(|at| self.busy(at)[0]);
            first + (last - first) * (moment - from) / APART
        });
        found.fold([f64::MAX, f64::MIN], |[least, most], one| [least.min(one), most.max(one)])
    }
}

/// Holds the board's load against the program's own journal of its jobs: within a point of the truth at some
/// moment of the look, which takes a few milliseconds, or more where the machine has more to do.
#[track_caller]
fn agrees(journal: &mut Journal, window: &str, seconds: f64) -> f64 {
    let before = wall_ns();
    let board = board(journal.program.pid());
    let after = wall_ns();
    journal.up_to(after);
    let worker = board["threads"].as_array().and_then(|threads| {
        threads.iter().map(|thread| &thread["load"]).find(|load| !load["1s"].is_null())
    });
    let load = worker.expect("a worker")[window].as_f64().expect("a load");
    let step = 1e6;
    let moments = (0..).map(|n| before + n as f64 * step).take_while(|moment| *moment <= after);
    let truths = moments.map(|moment| journal.share(moment, seconds * 1e9));
    let (low, high) = truths
        .fold((f64::MAX, f64::MIN), |(low, high), [least, most]| (low.min(least), high.max(most)));
    // Between two looks of the keeper load is interpolated: where it woke late, they are further apart, and a
    // change of load between them moves the result by up to a quarter of that (`docs/load.md`).
    let late = board["keeper_skipped"].as_u64().expect("a number") > 0;
    let margin = if late { MARGIN + 0.1 / 4.0 / seconds } else { MARGIN };
    assert!(
        (low - margin..=high + margin).contains(&load),
        "{window}: {load}, in truth {low} to {high}"
    );
    load
}

#[test]
fn a_steady_duty_cycle_is_told_to_a_point() {
    let _turn = alone::turn();
    for (percent, period) in [("20", "10000"), ("80", "2000")] {
        let mut journal = Journal::of("duty", &["duty", percent, period]);
        after(journal.program.pid(), 2);
        agrees(&mut journal, "1s", 1.0);
    }
}

#[test]
fn after_a_step_every_window_follows_it_to_a_point() {
    let _turn = alone::turn();
    let mut journal = Journal::of("step", &["step", "20", "80", "9"]);
    after(journal.program.pid(), 12);
    let one = agrees(&mut journal, "1s", 1.0);
    let ten = agrees(&mut journal, "10s", 10.0);
    // The longer window is still behind the step.
    assert!(one > ten + 0.1, "{one} and {ten}: 3 s into 80 %");
}

#[test]
fn a_thread_inside_one_job_is_busy_and_one_without_is_idle() {
    let _turn = alone::turn();
    let (busy, _) = Program::behave(&program::name("one-job"), &["one-job"]);
    let (idle, _) = Program::behave(&program::name("idle"), &["idle"]);
    after(busy.pid(), 2);
    after(idle.pid(), 2);
    let [one, ten, _] = loads(busy.pid()).expect("a load");
    assert!(one.expect("1 s") > 0.999 && ten.expect("10 s") > 0.98, "{one:?} {ten:?}");
    // What entered and left at once is counted, and never waited.
    let queue = named(&board(busy.pid())["queues"], "jobs").clone();
    for (word, count) in
        [("arrivals", 8), ("removed", 7), ("starts", 1), ("depth", 0), ("depth_max", 1)]
    {
        assert_eq!(queue[word], count, "{word}: {queue}");
    }
    let [one, ten, _] = loads(idle.pid()).expect("a load");
    assert!(one.expect("1 s") < 0.001 && ten.expect("10 s") < 0.02, "{one:?} {ten:?}");
}

#[test]
fn a_dead_and_a_stopped_process_keep_the_load_of_that_moment() {
    let _turn = alone::turn();
    let name = program::name("dead-load");
    let (mut program, _) = Program::behave(&name, &["one-job"]);
    after(program.pid(), 2);
    program.signal(nix::sys::signal::Signal::SIGSTOP);
    wait::until("two seconds of rest", Duration::from_secs(30), || {
        (board(program.pid())["heartbeat_age_ns"].as_u64()? > 2_000_000_000).then_some(())
    });
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
    let _turn = alone::turn();
    let mut journal = Journal::of("flutter", &["flutter"]);
    after(journal.program.pid(), 2);
    agrees(&mut journal, "1s", 1.0);
}

/// Time on a processor and time of waiting for one of a task, ns, by the kernel's account.
fn schedstat(pid: u32) -> [f64; 2] {
    let path = format!("/proc/{pid}/task/{pid}/schedstat");
    let text = std::fs::read_to_string(path).expect("schedstat");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    [numbers.next().expect("ran"), numbers.next().expect("waited")]
}

#[test]
fn the_load_of_a_processor_bound_job_agrees_with_the_kernel() {
    let _turn = alone::turn();
    let (program, _) = Program::behave(&program::name("burn"), &["burn"]);
    after(program.pid(), 8);
    // Younger than its window of 10 s, the board covers all of the thread's life, and so does the kernel.
    let [ran_before, _] = schedstat(program.pid());
    let board = board(program.pid());
    let [ran, waited] = schedstat(program.pid());
    let up = board["uptime_ns"].as_f64().expect("an age");
    let load = board["threads"][0]["load"]["10s"].as_f64().expect("a load");
    // In a job it runs or waits for a processor; it may also wait for one when its sleep is over.
    let kernel = ran_before / up - MARGIN..=(ran + waited) / up + MARGIN;
    assert!(kernel.contains(&load), "{load} on the board, {kernel:?} by the kernel");
}

#[test]
fn a_service_that_panics_is_over() {
    let _turn = alone::turn();
    let (program, _) = Program::behave(&program::name("panics"), &["panics"]);
    after(program.pid(), 2);
    let board = board(program.pid());
    let load = |name: &str| {
        let threads = board["threads"].as_array().expect("threads");
        let thread = threads.iter().find(|thread| thread["name"] == name).expect(name);
        thread["load"]["1s"].as_f64().expect("a load")
    };
    assert!(load("guarded") < 0.1, "{}", load("guarded"));
    // What the guard is there for.
    assert!(load("naive") > 0.9, "{}", load("naive"));
    assert_eq!(named(&board["gauges"], "held")["value"], 0);
    assert_eq!(named(&board["queues"], "jobs")["completions"], 1);
}
