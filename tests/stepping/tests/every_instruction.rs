//! Hazards B6 and C5: whatever instruction of a probe is the last, the board says what was or what is.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::Signal;
use stepping::board::{Copy, FLUX, Reader, View};
use stepping::trace::{Stop, Traced};
use tempfile::TempDir;

/// Every operation of the fixture that probes.
const OPERATIONS: [&str; 40] = [
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

/// What a record must say behind an operation; `round` counts from 0.
fn expected(operation: &str, round: u64) -> Vec<(&'static str, String)> {
    let parity = if round.is_multiple_of(2) { "even" } else { "odd" };
    let n = round + 1;
    let thread = |text: String| vec![("thread 0", text)];
    match operation {
        "tag" => thread(format!("stepped: {parity}")),
        "tags" => thread("stepped: 5".to_owned()),
        "tag with argument" if round.is_multiple_of(2) => {
            thread(format!("stepped: one({})", round * 10 + 1))
        }
        "tag with argument" => thread(format!("stepped: two({})", round * 10 + 2)),
        "scope in" => thread("stepped: ready > outer -".to_owned()),
        "scope out" => thread("stepped: ready".to_owned()),
        "scope with argument" => thread(format!("stepped: ready > outer({}) -", round * 10 + 3)),
        "op end" => vec![("in flight", String::new())],
        "op enter" | "op leave" | "op poll" => {
            let holder = if operation == "op enter" { "0" } else { "nobody" };
            let one = format!("in flight even: 0-e [] by {holder}, 0 in all");
            vec![("in flight", "even: 0-e".to_owned()), ("op 0", one)]
        }
        "op label" => {
            let label = ["1-e", "0-e, and many more words of one-e"][(round % 2) as usize];
            vec![("in flight", format!("even: {label}"))]
        }
        _ if operation.starts_with("op ") => {
            let one = ["even: 0-e", "odd: a label that is longer: 1-o"];
            vec![("in flight", one[(round % 2) as usize].to_owned())]
        }
        "come" | "first job" => thread(format!("{parity}: {parity}")),
        "lock" => vec![("held 0", "0".to_owned())],
        "unlock" | "lock first" => {
            vec![("lock 0", "a lock, 0 wait".to_owned()), ("held 0", String::new())]
        }
        "lock gone" => vec![("lock 0", "vacant".to_owned())],
        "go" => thread("vacant".to_owned()),
        "set" | "adjust" => vec![("level", n.to_string()), ("level max", n.to_string())],
        "record" => vec![
            ("histogram 2 count", n.to_string()),
            ("histogram 2 sum", (1..=n).sum::<u64>().to_string()),
            ("histogram 2 max", n.to_string()),
        ],
        "beat" => vec![("job beats", n.to_string())],
        "progress" => vec![("done", n.to_string()), ("done total", "1000".to_owned())],
        "arrive" => vec![("jobs arrivals", n.to_string())],
        "start" => vec![("jobs starts", n.to_string())],
        "complete" => vec![("jobs completions", n.to_string())],
        "leave" => vec![("jobs removed", n.to_string())],
        "head" => vec![("jobs head known", "1".to_owned())],
        "fact" => {
            let letter = char::from(b'a' + (round % 26) as u8).to_string();
            vec![("fact config", letter.repeat(20 + (round % 5) as usize * 20))]
        }
        _ => Vec::new(),
    }
}

/// Values that a record went through during one operation, each when it changed.
#[derive(Default)]
struct Chains(BTreeMap<String, Vec<String>>);

impl Chains {
    fn add(&mut self, view: &View) {
        let known: BTreeSet<String> = self.0.keys().chain(view.keys()).cloned().collect();
        let first = self.0.is_empty();
        for name in known {
            let value = view.get(&name).map_or("absent", String::as_str);
            let chain = self
                .0
                .entry(name)
                .or_insert_with(|| if first { Vec::new() } else { vec!["absent".to_owned()] });
            if chain.last().map(String::as_str) != Some(value) {
                chain.push(value.to_owned());
            }
        }
    }

    /// Each record was the old one, then possibly said that it was in flux, then the new one. What
    /// consists of several steps by its nature goes through them in order.
    fn judge(&self, operation: &str) {
        for (name, chain) in &self.0 {
            let steps: Vec<&str> = chain.iter().map(String::as_str).collect();
            whole(operation, name, &steps);
            let [first, middle @ .., last] = steps.as_slice() else { continue };
            let middle: Vec<&&str> = middle.iter().filter(|step| !step.contains(FLUX)).collect();
            let right = match (operation, name.as_str()) {
                // One tag more each time; the oldest may be given up before.
                (_, name) if name.starts_with("trail") => {
                    steps.windows(2).all(|two| goes_on(two[0], two[1]))
                }
                // Held, and let go of again.
                ("lock first", "held 0") => middle.iter().all(|step| **step == "0"),
                ("tags", "thread 0") => {
                    middle.iter().map(|step| &step[9..]).eq(["1", "2", "3", "4"])
                }
                // Registered, and not yet anywhere.
                ("come", "thread 0") => {
                    middle.iter().all(|step| step.ends_with(": -")) && middle.len() < 2
                }
                // The record had another occupant before.
                ("op begin", name) if name.starts_with("op ") => {
                    middle.iter().all(|step| **step == "vacant") && middle.len() < 2
                }
                // Held, and not held.
                ("op poll", "op 0") => {
                    middle.iter().all(|step| step.contains("by 0")) && middle.len() < 2
                }
                // In it, and back where it was.
                ("op poll", "thread 0") => {
                    middle.iter().all(|step| **step == "stepped: even") && middle.len() < 2
                }
                // Neither of the two labels while one is being written: never half of one.
                ("op label", name) if name.starts_with("op ") => {
                    middle.iter().all(|step| step.contains("even:  [")) && middle.len() < 2
                }
                ("op label", "in flight") => {
                    middle.iter().all(|step| **step == "even: ") && middle.len() < 2
                }
                // The fixture ends a job before the thread ends.
                ("go", "worker 0") => {
                    middle.iter().all(|step| step.starts_with("0 in hand")) && middle.len() < 2
                }
                _ => middle.is_empty(),
            };
            assert!(right, "{operation}: {name} went from {first:?} over {middle:?} to {last:?}");
        }
    }
}

/// Whether a trail, the newest tag first, follows another one: without the oldest tags of that, and with one more at most.
fn goes_on(before: &str, after: &str) -> bool {
    let newer = after.split_once(" < ").map_or("", |(_, rest)| rest);
    before.starts_with(after) || before.starts_with(newer)
}

/// No value is torn, of an unknown line, or a line with another line's argument.
fn whole(operation: &str, name: &str, values: &[&str]) {
    for value in values {
        let wrong = value.contains("TORN") || value.contains("UNKNOWN");
        let pairs = [("one(", '1'), ("two(", '2'), ("outer(", '3'), ("handled(", '7')];
        let mispaired = pairs.iter().any(|&(site, digit)| {
            value.split(site).skip(1).any(|rest| {
                rest.split(')').next().and_then(|argument| argument.chars().last()) != Some(digit)
            })
        });
        let mixed = name.starts_with("op ") && !is_one_operation(value);
        assert!(!wrong && !mispaired && !mixed, "{operation}: {name} was {values:?}");
    }
}

/// Whether kind, label and statuses are one operation's: they share a letter.
fn is_one_operation(value: &str) -> bool {
    let Some((kind, rest)) = value.split_once(": ") else { return value == "vacant" };
    let letter = kind.rsplit(' ').next().and_then(|kind| kind.chars().next()).unwrap_or('?');
    let Some((label, rest)) = rest.split_once(" [") else { return false };
    let Some((row, _)) = rest.split_once(']') else { return false };
    // Empty while it is being changed.
    (label.is_empty() || label.ends_with(&format!("-{letter}")))
        && row.split_whitespace().all(|one| one.starts_with(letter))
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

/// Does something for every operation, on as many threads as there are processors (a traced process belongs to
/// the thread that started it), and adds up what it says.
fn each_operation(work: impl Fn(&'static str) -> u64 + Sync) -> u64 {
    let next = AtomicUsize::new(0);
    let one = || -> u64 {
        let numbers = std::iter::from_fn(|| OPERATIONS.get(next.fetch_add(1, Ordering::Relaxed)));
        numbers.map(|operation| work(operation)).sum()
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(one)).collect();
        let sums = all.into_iter().map(|worker| match worker.join() {
            Ok(sum) => sum,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        sums.sum()
    })
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
    let build = ["build", "--release", "--quiet", "--locked", "--package", "stepping"];
    tests::build::run(
        tests::build::cargo()
            .args(build)
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
