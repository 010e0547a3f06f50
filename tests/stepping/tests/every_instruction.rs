//! Hazards B6 and C5: whatever instruction of a probe is the last, the board says what was or what is.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

mod judged;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use judged::{Chains, expected, whole};
use nix::sys::signal::Signal;
use stepping::board::{Copy, Reader, View};
use stepping::trace::{Stop, Traced};
use tempfile::TempDir;

/// Every operation of the fixture that probes.
const OPERATIONS: [&str; 41] = [
    "tag",
    "tags",
    "tag with argument",
    "scope in",
    "scope out",
    "scope with argument",
    "count",
    "set",
    "adjust",
    "record",
    "beat",
    "progress",
    "arrive",
    "start",
    "complete",
    "leave",
    "head",
    "busy",
    "idle",
    "fact",
    "member",
    "member set",
    "member count",
    "member gone",
    "op begin",
    "op end",
    "op detach",
    "op status",
    "op statuses",
    "op enter",
    "op leave",
    "op poll",
    "op label",
    "come",
    "first job",
    "go",
    "lock",
    "unlock",
    "lock wait",
    "lock first",
    "lock gone",
];

/// Those that leave something on a trail, or make one.
const TRAILED: [&str; 6] = ["tag", "tags", "tag with argument", "scope in", "scope out", "come"];

/// One run of the fixture. The fixture is a release build: the code that ships.
struct Run {
    traced: Traced,
    reader: Option<Reader>,
    directory: TempDir,
}

impl Run {
    fn start(operation: &str, rounds: u64, handler: &str) -> Self {
        Self::of(&tests::build::release("stepping", "stepped", &[]), operation, rounds, handler)
    }

    fn of(program: &Path, operation: &str, rounds: u64, handler: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let directory =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let directory = directory.expect("a scratch directory");
        fs::write(directory.path().join("naive"), [0; 4096]).expect("a scratch file");
        let mut command = Command::new(program);
        command
            .args([operation, &rounds.to_string()])
            .arg(directory.path())
            .arg(handler)
            .env_remove("PROBE")
            .env("PROBE_BOARD", format!("disk:{}", directory.path().display()))
            .stdout(Stdio::null());
        let traced = Traced::start(&mut command).expect("the fixture starts");
        Self { traced, reader: None, directory }
    }

    fn board(&self) -> PathBuf {
        let mut files =
            fs::read_dir(self.directory.path()).expect("the scratch directory").flatten();
        let board = files.find(|file| file.file_name().to_string_lossy().starts_with("stepped."));
        board.expect("a board").path()
    }

    fn reader(&mut self) -> &Reader {
        // Opened once: a fixture that has ended has taken its board's name away.
        if self.reader.is_none() {
            self.reader = Some(Reader::open(&self.board()).expect("a readable board"));
        }
        self.reader.as_ref().expect("just opened")
    }

    /// On to the marker before the next operation.
    fn go_to_operation(&mut self) {
        self.traced.run_to_marker().expect("the fixture comes to its next round");
        self.reader();
    }

    fn copy(&mut self) -> Copy {
        self.reader().copy().expect("a readable board")
    }

    fn view(&mut self) -> View {
        let copy = self.copy();
        self.reader().view(&copy)
    }
}

/// Steps through an operation and looks at the board after each instruction; their number, and how
/// often the board had changed.
fn step_through(run: &mut Run, operation: &str, round: u64) -> (u64, u64) {
    run.go_to_operation();
    let mut last = run.copy();
    let mut chains = Chains::default();
    chains.add(&run.view());
    let (mut points, mut changes) = (0, 0);
    loop {
        let stop = run.traced.step(None).expect("a traced thread");
        assert!(!matches!(stop, Stop::Signal(_)), "{operation}: {stop:?}");
        if stop != Stop::Gone {
            // Behind the end of a thread the next one runs already.
            let copy = run.copy();
            if copy != last {
                changes += 1;
                chains.add(&run.reader().view(&copy));
                last = copy;
            }
        }
        if stop != Stop::Step {
            break;
        }
        points += 1;
    }
    chains.judge(operation);
    let view = run.reader().view(&last);
    for (name, value) in expected(operation, round) {
        assert_eq!(view.get(name), Some(&value), "{operation}, round {round}: {name} in {view:#?}");
    }
    (points, changes)
}

/// Does something for every operation, and adds up what it says.
fn each_operation(work: impl Fn(&'static str) -> u64 + Sync) -> u64 {
    tests::parallel::each(&OPERATIONS, |operation| work(operation)).iter().sum()
}

#[test]
fn killed_after_any_instruction() {
    const ROUNDS: u64 = 4;
    const KILLS: u64 = 5;
    let total = each_operation(|operation| {
        let mut total = 0;
        let mut run = Run::start(operation, ROUNDS, "none");
        let mut most = 0;
        for round in 0..ROUNDS {
            let (points, changes) = step_through(&mut run, operation, round);
            assert!(changes > 0, "{operation}: the board never changed");
            println!("{operation}, round {round}: {points} instructions, {changes} boards");
            most = most.max(points);
            total += points;
        }
        drop(run);
        // And really killed, at some of them: the dead board is the one that was there.
        for part in 0..KILLS {
            let mut run = Run::start(operation, 2, "none");
            run.go_to_operation();
            for _ in 0..most * part / KILLS {
                if run.traced.step(None).expect("a traced thread") != Stop::Step {
                    break;
                }
            }
            let alive = run.copy();
            run.traced.kill();
            let path = run.board();
            let reader = Reader::open(&path).expect("a readable board");
            assert!(
                reader.copy().expect("a readable board") == alive,
                "{operation}: changed by the kill"
            );
        }
        total
    });
    let kills = OPERATIONS.len() as u64 * KILLS;
    println!("{total} points, none wrong; {kills} of them by SIGKILL");
}

/// The control: the same harness finds a record that is written in place to be wrong at some points.
#[test]
fn a_naive_record_is_found_wrong() {
    let mut run = Run::start("naive", 2, "none");
    let (mut points, mut wrong) = (0, 0);
    for _ in 0..2 {
        run.go_to_operation();
        while run.traced.step(None).expect("a traced thread") == Stop::Step {
            let record = fs::read(run.directory.path().join("naive")).expect("the record");
            points += 1;
            wrong += u64::from(record[..64].chunks(8).any(|word| word != &record[..8]));
        }
    }
    println!("naive record: wrong at {wrong} of {points} points");
    assert!(wrong > 0);
}

/// One round for each instruction; for the long ones some 40 rounds.
fn stride_of(most: u64) -> u64 {
    if most <= 150 { 1 } else { most.div_ceil(40) }
}

fn rounds_of(most: u64) -> u64 {
    most / stride_of(most)
}

/// At each instruction of an operation a signal handler probes, and after each instruction of the
/// handler and of the rest the process might be killed.
fn interrupt(mut run: Run, operation: &str, handler: &str, most: u64) -> u64 {
    let (stride, rounds) = (stride_of(most), rounds_of(most));
    let (mut injected, mut points) = (0, 0);
    for round in 0..rounds {
        run.go_to_operation();
        if !["come", "first job", "go"].contains(&operation) && handler == "scope" {
            account(operation, round, injected, &run.view());
        }
        if handler == "op" {
            account_ops(operation, injected, &run.view());
        }
        let mut stop = Stop::Step;
        let mut last = run.copy();
        for _ in 0..round * stride {
            stop = run.traced.step(None).expect("a traced thread");
            if stop != Stop::Step {
                break;
            }
            last = run.copy();
        }
        if stop == Stop::Step {
            injected += 1;
            stop = run.traced.step(Some(Signal::SIGUSR1)).expect("a traced thread");
        }
        while stop == Stop::Step {
            let copy = run.copy();
            points += 1;
            if copy != last {
                let view = run.reader().view(&copy);
                for (name, value) in &view {
                    whole(operation, name, &[value.as_str()]);
                }
                last = copy;
            }
            stop = run.traced.step(None).expect("a traced thread");
        }
        assert!(!matches!(stop, Stop::Signal(_)), "{operation}: {stop:?}");
        let view = if stop == Stop::Gone { run.reader().view(&last) } else { run.view() };
        for (name, value) in expected(operation, round) {
            let found = view.get(name).map_or("", String::as_str);
            // Where the handler tags in the operation's own frame its line may be the last.
            let right = if handler == "argument" && found.contains("handled(7)") {
                scopes(found) == scopes(&value)
            } else {
                found == value
            };
            assert!(right, "{operation}, round {round}: {name}: {found}, not {value}: {view:#?}");
        }
    }
    assert!(injected > rounds / 2, "{operation}: only {injected} signals");
    println!("{operation}, handler {handler}: {injected} signals, {points} points");
    points
}

/// The scopes of a position, without the lines in them.
fn scopes(position: &str) -> Vec<&str> {
    position.split(" > ").skip(1).filter_map(|level| level.split(' ').next()).collect()
}

/// Nothing is lost but what is counted: counts of operation and handler add up, and so do jobs, where a
/// dropped change of state is counted once for its begin and once for its end.
fn account(operation: &str, round: u64, injected: u64, view: &View) {
    let number =
        |name: &str| view.get(name).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    let own = if operation == "count" { round } else { 0 };
    assert_eq!(number("counted"), own + injected, "{operation}, round {round}: {view:#?}");
    let work = view.get("worker 0").map_or("", String::as_str);
    let jobs = work.split(", ").find_map(|part| part.strip_suffix(" done")?.parse::<u64>().ok());
    let own = if ["busy", "idle", "start", "complete"].contains(&operation) { round } else { 0 };
    let told = 2 * jobs.unwrap_or(0) + number("lost signals");
    assert_eq!(told, 2 * (own + injected), "{operation}, round {round}: {view:#?}");
    assert_eq!(
        number("lost misuse") + number("lost healed") + number("lost facts"),
        0,
        "{operation}: {view:#?}"
    );
}

/// An operation of the handler was done, which it counted, or dropped, which was counted once for its
/// beginning and once for its status.
fn account_ops(operation: &str, injected: u64, view: &View) {
    let number = |name: &str| view.get(name).and_then(|value| value.parse::<u64>().ok());
    let (done, dropped) = (number("counted"), number("lost signals"));
    let told = done.zip(dropped).map(|(done, dropped)| 2 * done + dropped);
    assert_eq!(told, Some(2 * injected), "{operation}: {view:#?}");
    assert_eq!(number("lost operations"), Some(0), "{operation}: {view:#?}");
}

#[test]
fn interrupted_at_any_instruction_by_a_handler_that_probes() {
    let total = each_operation(|operation| {
        let mut total = 0;
        let mut run = Run::start(operation, 2, "none");
        let steps = [0, 1].map(|round| step_through(&mut run, operation, round).0);
        // Whether an operation is among the slowest changes its way: the shorter one is always gone.
        let ends_op = operation == "op end";
        let most = if ends_op { steps.iter().min() } else { steps.iter().max() }.copied();
        let most = most.unwrap_or(0);
        let run = |handler| Run::start(operation, rounds_of(most), handler);
        total += interrupt(run("scope"), operation, "scope", most);
        if operation.starts_with("tag") || operation.starts_with("scope") {
            total += interrupt(run("argument"), operation, "argument", most);
        }
        if operation.starts_with("op ") {
            total += interrupt(run("op"), operation, "op", most);
        }
        total
    });
    println!("{total} points behind a signal, none wrong");
}

/// The fixture with trails, built beside the other one.
fn with_trails() -> PathBuf {
    let target = tests::build::target().join("for-tests/stepping-");
    tests::build::run(
        tests::build::cargo_release()
            .args(["--quiet", "--locked", "--package", "stepping"])
            .args(["--features", "trail", "--bin", "stepped_trail", "--target-dir"])
            .arg(&target)
            .current_dir(tests::build::root()),
    );
    target.join("release/stepped_trail")
}

/// With trails: whatever instruction is the last, the way to the line is one that was gone, over the end of its ring too; and
/// a handler's tags anywhere in between leave no line that is not there.
#[test]
fn killed_and_interrupted_after_any_instruction_with_trails() {
    const ROUNDS: u64 = 4;
    let program = with_trails();
    let mut total = 0;
    for operation in TRAILED {
        let mut run = Run::of(&program, operation, ROUNDS, "none");
        let mut most = 0;
        for round in 0..ROUNDS {
            let (points, changes) = step_through(&mut run, operation, round);
            assert!(changes > 0, "{operation}: the board never changed");
            most = most.max(points);
            total += points;
        }
        if operation == "tags" {
            let view = run.view();
            let trail = view.get("trail 0").map_or("", String::as_str);
            assert!(trail.starts_with("5 < 4 < 3 < 2 < 1 < 5 < 4"), "{trail}");
            assert!(trail.matches(" < ").count() >= 29, "over the end of the ring: {trail}");
        }
        drop(run);
        total += interrupt(
            Run::of(&program, operation, rounds_of(most), "scope"),
            operation,
            "scope",
            most,
        );
    }
    println!("{total} points with trails, none wrong");
}
