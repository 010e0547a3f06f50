//! What probes cost in instructions on x86-64, and things on the board in bytes: the table that `tests/tests/costs.rs` holds
//! and `cargo run -p tests --bin costs` prints.
//!
//! Instructions are of a release build of `tests/fixtures/cost/src/bin/counted.rs` under callgrind: of the function with the
//! probe in it, its own entry and return included, on a thread that has done it 200 times before. Straight code (tags,
//! counters) is counted without running it, in `tests/tests/cost.rs` and `cost_aarch64.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;

/// One probe.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// For people.
    pub what: &'static str,
    /// The function in `counted.rs`.
    pub function: &'static str,
    /// Instructions, on average.
    pub at_most: u64,
}

const fn probe(what: &'static str, function: &'static str, at_most: u64) -> Probe {
    Probe { what, function, at_most }
}

/// Every probe that is more than straight code, and what stands for comparison.
pub const PROBES: &[Probe] = &[
    probe("nothing", "nothing", 1),
    probe("tag", "tag", 6),
    probe("count", "count", 6),
    probe("clock read", "clock", 11),
    probe("tag with an argument", "tag_with_argument", 21),
    probe("scope, in and out", "scope", 19),
    probe("value of a histogram", "record", 36),
    probe("busy, in and out", "busy", 125),
    probe("arrive, start, complete", "item", 238),
    probe("operation, begin and end, 32 bytes of label", "op", 355),
    probe("the same without a label of its own", "op_without_label", 344),
    probe("the same with a formatted label", "op_formatted", 770),
    probe("two status changes", "two_statuses", 270),
    probe("future of two polls", "future", 20),
    probe("future of two polls as an operation", "future_op", 609),
    probe("std's mutex, lock and unlock", "plain_mutex", 21),
    probe("mutex without a name", "mutex", 42),
    probe("mutex with a name", "named_mutex", 91),
    probe("std's channel, send and receive", "plain_channel", 251),
    probe("channel of one sender", "channel", 257),
    probe("channel of several senders", "channel_of_many", 266),
    probe("std's channel, asked in vain with a limit", "plain_wait", 169),
    probe("channel, the same: a wait", "wait", 802),
];

/// Ways to build a program: what it is called, cargo's profile, and what that has otherwise than this workspace's.
pub const BUILDS: &[(&str, &str, &[&str])] = &[
    ("release as here: fat LTO, one unit", "release", &[]),
    ("thin LTO, one unit", "release", &["lto=\"thin\""]),
    ("cargo's own release: 16 units", "release", DEFAULT),
    ("that with opt-level 2", "release", &[DEFAULT[0], DEFAULT[1], "opt-level=2"]),
    ("that with opt-level 1", "release", &[DEFAULT[0], DEFAULT[1], "opt-level=1"]),
    ("debug", "dev", &[]),
];
const DEFAULT: &[&str] = &["lto=false", "codegen-units=16"];

/// Instructions of each function of `counted.rs`, by name; `None` without valgrind.
///
/// # Panics
/// When the fixture does not run.
pub fn counted(scratch: &Path) -> Option<BTreeMap<String, f64>> {
    if !build::needs("valgrind", "valgrind") {
        return None;
    }
    let program = build::release("fixture-cost", "counted", &["--bin", "counted"]);
    Some(counted_in(Command::new(program), "counted", scratch))
}

/// The same of the program that is built in one of the [`BUILDS`].
///
/// # Panics
/// When it does not build or run.
pub fn counted_built(
    profile: &str,
    settings: &[&str],
    scratch: &Path,
) -> Option<BTreeMap<String, f64>> {
    if !build::needs("valgrind", "valgrind") {
        return None;
    }
    let built = built(profile, settings, &["--bin", "counted"]);
    Some(counted_in(Command::new(built.join("counted")), "counted", scratch))
}

/// The same of a library that another program opens: Python, which is at hand. `None` without valgrind or Python.
///
/// # Panics
/// When it does not build or run.
pub fn counted_plugin(scratch: &Path) -> Option<BTreeMap<String, f64>> {
    if !build::needs("valgrind", "valgrind") || !build::needs("python3", "python3") {
        return None;
    }
    let library = built("release", &[], &["--lib"]).join("libcounted_plugin.so");
    // What is called so may be a script that starts another one.
    let says =
        build::run(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]));
    let mut opens = Command::new(says.trim());
    opens.args(["-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1]).counted_all()"]).arg(library);
    Some(counted_in(opens, "counted_plugin::counted", scratch))
}

/// Where a part of the fixture is, once it is built so.
fn built(profile: &str, settings: &[&str], part: &[&str]) -> PathBuf {
    let folder: String = settings.concat().chars().filter(char::is_ascii_alphanumeric).collect();
    let target = build::target().join("for-tests").join(format!("costs-{profile}-{folder}"));
    let mut cargo = build::cargo();
    cargo.args(["build", "--quiet", "--locked", "--package", "fixture-cost"]).args(part);
    cargo.args(["--profile", profile, "--target-dir"]).arg(&target).current_dir(build::root());
    for setting in settings {
        cargo.args(["--config", &format!("profile.{profile}.{setting}")]);
    }
    build::run(&mut cargo);
    target.join(if profile == "dev" { "debug" } else { profile })
}

/// Runs it under callgrind: what its functions in `module` cost.
fn counted_in(program: Command, module: &str, scratch: &Path) -> BTreeMap<String, f64> {
    let file = scratch.join("callgrind");
    build::run(
        Command::new("valgrind")
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(program.get_program())
            .args(program.get_args()),
    );
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    of_each_call(
        &String::from_utf8_lossy(&text),
        &format!("{module}::counted"),
        &format!("{module}::one::"),
    )
}

/// What a call from `caller` to each function whose name begins so has cost, its own calls included, by callgrind's file.
pub fn of_each_call(text: &str, caller: &str, begins: &str) -> BTreeMap<String, f64> {
    let mut names = BTreeMap::new();
    let mut name = |word: &str| -> String {
        // `(7) name` the first time, `(7)` from then on.
        let (number, name) = word.split_once(' ').unwrap_or((word, ""));
        let known = names.entry(number.to_owned()).or_insert_with(|| name.to_owned());
        known.clone()
    };
    let (mut inside, mut called, mut calls) = (String::new(), String::new(), None);
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for line in text.lines() {
        let last = |line: &str| line.rsplit(' ').next().and_then(|word| word.parse::<f64>().ok());
        if let Some(word) = line.strip_prefix("fn=") {
            inside = name(word);
        } else if let Some(word) = line.strip_prefix("cfn=") {
            called = name(word);
        } else if let Some(words) = line.strip_prefix("calls=") {
            calls = words.split(' ').next().and_then(|word| word.parse::<f64>().ok());
        } else if let Some(calls) = calls.take()
            && inside == caller
            && let Some(function) = called.strip_prefix(begins)
        {
            let sum = sums.entry(function.to_owned()).or_default();
            *sum = (sum.0 + calls, sum.1 + last(line).unwrap_or_default());
        }
    }
    sums.into_iter().map(|(function, (calls, cost))| (function, cost / calls)).collect()
}

/// Bytes of the board for one of each thing.
pub fn bytes() -> Vec<(&'static str, usize)> {
    use probe::layout::*;
    vec![
        ("thread: its slot", size_of::<SlotRecord>()),
        ("thread: its worker record", size_of::<WorkerRecord>()),
        ("thread: its frames, two blocks", 2 * BLOCK_BYTES),
        ("site", size_of::<SiteRecord>()),
        ("operation", size_of::<OpRecord>()),
        ("lock that is waited for, or has a name", size_of::<LockRecord>()),
        ("number", size_of::<MetricRecord>()),
        ("histogram, one block", size_of::<HistogramBlock>() + BUCKETS * WORD),
    ]
}
