//! Who waits for whom, of programs whose waits are known.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::{naive, wait};

/// A `fixture-locks` that has said it is ready.
fn locks(name: &str, what: &[&str]) -> Program {
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.arg(name).args(what), name);
    program.until_ready();
    program
}

/// What `inspect waits --json` says.
fn waits(name: &str, more: &[&str]) -> Value {
    program::document(&[&["waits", "-n", name], more].concat())
}

fn until(name: &str, what: &str, found: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, Duration::from_secs(20), || Some(waits(name, &[])).filter(&found))
}

/// Thread, what it waits for, thread that holds it, of each wait.
fn edges(edges: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut all: Vec<_> = edges
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| {
            let name = text(&edge["for"]["name"]);
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            (text(&edge["waiter"]["thread"]), name, text(&edge["held_by"][0]["thread"]))
        })
        .collect();
    all.sort();
    all
}

fn triple(a: &str, b: &str, c: &str) -> (String, String, String) {
    (a.to_owned(), b.to_owned(), c.to_owned())
}

#[test]
fn two_who_wait_for_each_other_are_a_deadlock_also_of_the_dead() {
    let name = program::name("abba");
    let mut program = locks(&name, &["abba"]);
    let found = until(&name, "a deadlock", |waits| waits["cycles"][0].is_object());
    let members = &found["cycles"][0]["members"];
    let said = edges(members);
    assert_eq!(said[1], triple("second", "index", "first"));
    assert_eq!((said[0].0.as_str(), said[0].2.as_str()), ("first", "second"));
    assert!(said[0].1.starts_with("mutexes.rs:"), "by the place of its construction: {said:?}");
    for member in members.as_array().expect("members") {
        assert_eq!(member["confirmed"], true);
        assert!(member["waiter"]["line"].as_u64() > Some(10), "{member}");
        assert_eq!(member["for"]["mode"], "exclusive");
    }
    assert_eq!(found["looks"], 2);

    let check = program::inspect(&["check", "-n", &name, "--deadlock"]);
    let line = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(2), "{line}");
    assert!(line.contains("deadlock for "), "{line}");
    assert!(line.contains("first, second") || line.contains("second, first"), "{line}");
    let table = program::inspect(&["-n", &name]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.lines().nth(1).is_some_and(|line| line.starts_with("deadlock for")), "{table}");
    assert!(table.contains("held by second"), "{table}");

    program.kill();
    let dead = wait::until("its end", Duration::from_secs(10), || {
        Some(waits(&name, &[])).filter(|waits| waits["looks"] == 1)
    });
    assert_eq!(edges(&dead["cycles"][0]["members"]), said, "the dead wait as they did");
}

/// Waits that never end are the worst of all, and no sum of ended ones has them.
#[test]
fn a_lock_that_is_stuck_stands_first() {
    let name = program::name("stuck");
    let _program = locks(&name, &["stuck"]);
    let said = until(&name, "stuck for longer than the other was waited for", |waits| {
        let stuck = |lock: &Value| lock["waiting_ns"].as_u64() > Some(1_000_000_000);
        waits["locks"]
            .as_array()
            .is_some_and(|locks| locks.iter().filter(|lock| stuck(lock)).count() == 2)
    });
    let locks = said["locks"].as_array().expect("locks");
    let ended: Vec<bool> = locks.iter().map(|lock| lock["waited_ns"].as_u64() > Some(0)).collect();
    assert_eq!(ended, [false, false, true], "by ended waits alone they stood last: {said:#}");
    assert!(locks[0]["longest_waiting_ns"].as_u64() > Some(1_000_000_000));
    let table = program::inspect(&["waits", "-n", &name, "--by", "lock"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let last = table.lines().last().unwrap_or_default();
    assert!(last.trim_start().starts_with("once"), "{table}");
}

#[test]
fn a_chain_goes_from_the_victim_to_the_last_one_who_could_act() {
    let name = program::name("chain");
    let _program = locks(&name, &["chain"]);
    let found = until(&name, "the chain", |waits| {
        waits["chains"][0]["edges"].as_array().is_some_and(|edges| edges.len() == 3)
    });
    assert_eq!(found["cycles"].as_array().map(Vec::len), Some(0));
    let chain = &found["chains"][0];
    let names: Vec<_> = (0..3).map(|at| chain["edges"][at]["waiter"]["thread"].clone()).collect();
    assert_eq!(names, ["client", "indexer", "disk-io"], "{chain:#}");
    assert_eq!(chain["end"], "outside");
    assert_eq!(chain["edges"][2]["for"]["name"], "disk");
    assert!(chain["behind_ns"].as_u64() > chain["age_ns"].as_u64(), "{chain:#}");
    // Of all who wait for it, and not what the last one waits itself.
    let since = |at: usize| chain["edges"][at]["since_ns"].as_u64().expect("a time");
    assert_eq!(chain["behind_ns"].as_u64(), Some(since(0) + since(1)), "{chain:#}");
    let long = waits(&name, &["--over", "1h"]);
    assert_eq!(long["chains"].as_array().map(Vec::len), Some(0), "--over");
    let index = program::named(&found["locks"], "index");
    assert_eq!(index["holder"]["thread"], "indexer");
    assert_eq!(index["kind"], "mutex");
    assert_eq!(index["waiters"], 1);

    let by_lock = program::inspect(&["waits", "-n", &name, "--by", "lock"]);
    let by_lock = String::from_utf8_lossy(&by_lock.stdout).into_owned();
    assert!(by_lock.contains("indexer") && by_lock.contains(" index "), "{by_lock}");
    let check = program::inspect(&["check", "-n", &name, "--deadlock"]);
    assert_eq!(check.status.code(), Some(0), "a chain is no deadlock");
}

/// How many, by the environment, or as many as the gate has time for.
fn many(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// `CYCLES=1000 cargo test -p tests --test waits seeded` for the figure in `docs/waits.md`.
#[test]
fn seeded_deadlocks_of_two_to_eight_are_all_named_with_all_their_lines() {
    const AT_ONCE: u64 = 20;
    let wanted = many("CYCLES", 60);
    let mut found = 0;
    for seed in (1..=wanted).step_by(AT_ONCE as usize) {
        let count = AT_ONCE.min(wanted - seed + 1);
        let name = program::name("cycles");
        let mut command = Command::new(program::debug("fixture-locks"));
        command.args([&name, "cycles", &count.to_string(), &seed.to_string()]);
        let mut program = Program::start(&mut command, &name);
        let expected: Vec<Vec<String>> = program
            .until_ready()
            .iter()
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect();
        let all = |waits: &Value| waits["cycles"].as_array().map(Vec::len) == Some(expected.len());
        let said = until(&name, &format!("{count} deadlocks of seed {seed}"), all);
        for names in &expected {
            let cycles = said["cycles"].as_array().expect("cycles");
            let is_it = |cycle: &&Value| {
                let mut members: Vec<_> =
                    edges(&cycle["members"]).into_iter().map(|(who, _, _)| who).collect();
                members.sort();
                let mut names = names.clone();
                names.sort();
                members == names
            };
            let cycle = cycles.iter().find(is_it);
            let cycle = cycle.unwrap_or_else(|| panic!("seed {seed}: no {names:?} in {said:#}"));
            for (who, _, holder) in edges(&cycle["members"]) {
                let at = names.iter().position(|name| *name == who).expect("a member");
                assert_eq!(holder, names[(at + 1) % names.len()], "seed {seed}, {who}");
            }
            for member in cycle["members"].as_array().expect("members") {
                let waiter = &member["waiter"];
                assert!(waiter["line"].as_u64() > Some(30), "seed {seed}: {member:#}");
                let thread = waiter["thread"].as_str().expect("a thread");
                let odd = thread.ends_with(['1', '3', '5', '7']);
                assert_eq!(waiter["op"].is_string(), odd, "seed {seed}: {member:#}");
            }
            found += 1;
        }
    }
    eprintln!("{found} deadlocks, all named");
}

/// Nothing is called a deadlock there, as long as anybody looks.
#[test]
fn what_could_still_end_is_a_chain_and_no_deadlock() {
    let quiet = |what: &str, waiting: u64| {
        let name = program::name(what);
        let program = locks(&name, &[what]);
        let waits = |waits: &Value| {
            let locks = waits["locks"].as_array().cloned().unwrap_or_default();
            locks.iter().filter_map(|lock| lock["waiters"].as_u64()).sum::<u64>() >= waiting
        };
        let said = until(&name, what, waits);
        for _ in 0..20 {
            let said = self::waits(&name, &[]);
            assert_eq!(said["cycles"].as_array().map(Vec::len), Some(0), "{what}: {said:#}");
        }
        drop(program);
        said
    };
    quiet("timed", 2);
    quiet("free-sender", 2);
    quiet("free-receiver", 2);
    let said = quiet("notified", 1);
    let holders = said["locks"].as_array().expect("locks").iter();
    assert!(holders.clone().all(|lock| lock["holder"].is_null()), "it holds nothing: {said:#}");
}

#[test]
fn who_waits_for_what_it_has_is_a_deadlock_of_one() {
    let name = program::name("itself");
    let _program = locks(&name, &["itself"]);
    let said = until(&name, "a deadlock", |waits| waits["cycles"][0].is_object());
    let members = said["cycles"][0]["members"].as_array().expect("members");
    assert_eq!(members.len(), 1);
    assert_eq!(members[0]["waiter"]["thread"], "itself");
    assert_eq!(members[0]["held_by"][0]["thread"], "itself");
}

/// `LOCKS=1000000 cargo test -p tests --test waits hundred_thousand -- --nocapture` for the figure in `docs/waits.md`.
#[test]
fn of_a_hundred_thousand_locks_the_two_in_a_deadlock_are_named() {
    let name = program::name("many");
    let count: u64 =
        std::env::var("LOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.arg(&name).args(["many", &count.to_string()]), &name);
    let told = program.until_ready();
    let size: u64 = told[0].parse().expect("bytes of a lock");
    let said = until(&name, "a deadlock", |waits| waits["cycles"][0].is_object());
    assert_eq!(said["cycles"][0]["members"].as_array().map(Vec::len), Some(2), "{said:#}");
    assert!(said["locks"].as_array().is_some_and(|locks| locks.len() <= 64), "in 64 records");
    assert_eq!(said["lost"], 0, "records of locks that nobody waits for are given back");
    // What the locks themselves take, and a program with a board: a lock leaves nothing behind when it was waited for.
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", program.pid())).expect("it lives");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let resident: u64 = resident.trim().trim_end_matches(" kB").parse().expect("a size");
    let own = count * size / 1024;
    eprintln!("{count} locks: {resident} KiB, of which {own} are theirs");
    assert!(resident < own + 12_288, "{resident} KiB for {own} of locks");
}

/// `LOOKS=1000000 cargo test --release -p tests --test waits busy` for the figure in `docs/waits.md`.
#[test]
fn a_busy_program_without_deadlocks_has_none_however_often_one_looks() {
    let name = program::name("busy");
    let _program = locks(&name, &["busy", "8"]);
    let mut boards = inspect::open(&inspect::Target::Name(name.clone())).expect("its board");
    let board = &mut boards[0];
    let (wanted, start) = (many("LOOKS", u64::MAX), std::time::Instant::now());
    let (mut looks, mut waiting) = (0_u64, 0_u64);
    while looks < wanted && (wanted < u64::MAX || start.elapsed() < Duration::from_secs(8)) {
        let report = board.report().expect("a report");
        assert!(report.waits.cycles.is_empty(), "look {looks}: {:#?}", report.waits.cycles);
        waiting += u64::from(!report.waits.chains.is_empty());
        looks += 1;
    }
    eprintln!("{looks} looks, {waiting} of them found somebody waiting, no deadlock");
    assert!(waiting > 10, "{waiting} of {looks}: nobody ever waited");
    // The same program, by a reader that looks once: it is not that there is nothing to be wrong about.
    wait::until("a false deadlock of the naive reader", Duration::from_secs(60), || {
        (0..1000).any(|_| naive::finds_a_deadlock(&board.board)).then_some(())
    });
}

#[test]
fn locks_of_other_crates_are_members_as_well() {
    let name = program::name("others");
    let _program = locks(&name, &["others"]);
    let said = until(&name, "a deadlock", |waits| waits["cycles"][0].is_object());
    let found = edges(&said["cycles"][0]["members"]);
    assert_eq!(found[0], triple("reader", "index", "sender"));
    assert_eq!(found[1], triple("receiver", "table", "reader"));
    assert_eq!((found[2].0.as_str(), found[2].2.as_str()), ("sender", "receiver"));
    let libraries: std::collections::BTreeSet<_> = said["locks"]
        .as_array()
        .expect("locks")
        .iter()
        .map(|lock| lock["library"].as_str())
        .collect();
    assert_eq!(libraries.len(), 3, "{libraries:?}");
}

#[test]
fn two_asynchronous_operations_and_a_thread_are_a_deadlock() {
    let name = program::name("asynchronous");
    let mut program = locks(&name, &["asynchronous"]);
    let said = until(&name, "a deadlock", |waits| waits["cycles"][0].is_object());
    let members = said["cycles"][0]["members"].as_array().expect("members").clone();
    assert_eq!(members.len(), 3, "{said:#}");
    let of_threads = members.iter().filter(|one| one["waiter"]["thread"].is_string()).count();
    assert_eq!(of_threads, 1, "two are futures that no thread works on: {members:#?}");
    for member in &members {
        assert!(member["waiter"]["op"].is_string() && member["waiter"]["line"].is_number());
        assert!(member["held_by"][0]["op"].is_string(), "{member:#}");
    }
    program.kill();
    let dead = wait::until("its end", Duration::from_secs(10), || {
        Some(waits(&name, &[])).filter(|waits| waits["looks"] == 1)
    });
    assert_eq!(dead["cycles"][0]["members"].as_array().map(Vec::len), Some(3));
}

/// Each pause is short, and they are all at one line: no look between two of them sees the thread come back to it.
#[test]
fn who_comes_to_a_wait_again_and_again_has_not_waited_for_long() {
    let name = program::name("pauses");
    let (program, _) = Program::behave(&name, &["ails", "retries"]);
    wait::until("three seconds of it", Duration::from_secs(20), || {
        (program::board(program.pid())["uptime_ns"].as_u64() > Some(3_000_000_000)).then_some(())
    });
    let mut seen = 0;
    for _ in 0..10 {
        let waits = program::document(&["waits", "-n", &name]);
        let chains = waits["chains"].as_array().expect("chains");
        seen += chains.len();
        for chain in chains {
            // Pauses are 20 ms, on a machine that may have other things to do.
            assert!(chain["age_ns"].as_u64() < Some(1_000_000_000), "{chain}");
            let edge = &chain["edges"][0];
            let (ns, at_most) = (&edge["since_ns"], edge["since_at_most"] == true);
            assert!(at_most || ns.as_u64() < Some(1_000_000_000), "{chain}");
        }
    }
    assert!(seen > 0, "nobody was seen to pause");
}
