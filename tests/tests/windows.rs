//! What a number is of: the last seconds or all of the past, which threads, which share of their time; and
//! whether there is room for it.

use std::time::Duration;

use probe::layout::{BUCKET_LIMIT, Capacity};
use serde_json::Value;
use tests::program::{self, Program};
use tests::wait;

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut all = list.as_array().expect("a list").iter();
    all.find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn what_is_over_ages_out_of_the_last_seconds_and_stays_in_all() {
    const HOUR: f64 = 3_600_000_000_000.0;
    let name = program::name("burst");
    let (mut program, _) = Program::behave(&name, &["burst"]);
    let look = || program::boards(&["-n", &name]).remove(0);

    // While all of the past is as recent, both are the same; and hours are told apart.
    let fresh = look();
    let slow = named(&fresh["histograms"], "slow");
    assert_eq!(slow["p99"], slow["since_start"]["p99"]);
    let hours = named(&fresh["histograms"], "hours")["since_start"].clone();
    let median = hours["p50"].as_f64().expect("hours");
    assert!((median - 5.0 * HOUR).abs() <= 5.0 * HOUR / 8.0, "{median}");
    assert_eq!(hours["max"].as_f64(), Some(9.0 * HOUR));
    // A year is beyond what is told apart, and says so.
    let year = named(&fresh["histograms"], "year");
    assert_eq!(year["since_start"]["p50"].as_u64(), Some(BUCKET_LIMIT));
    assert_eq!(year["limit"].as_u64(), Some(BUCKET_LIMIT));
    let table = program::inspect(&["-n", &name, "--since-start"]).stdout;
    let table = String::from_utf8(table).expect("text");
    assert!(table.contains(">208d"), "{table}");

    let aged = wait::until("the burst to age out", Duration::from_secs(60), || {
        let board = look();
        let quiet = named(&board["histograms"], "slow")["p99"].is_null()
            && board["vitals"]["cpu_pct"].as_f64()? < 1.0;
        quiet.then_some(board)
    });
    for numbers in [named(&aged["histograms"], "slow"), &named(&aged["queues"], "burst")["wait_ns"]]
    {
        assert!(numbers["p50"].is_null() && numbers["max"].is_null(), "{numbers}");
        let over = numbers["over_ns"].as_u64().expect("a stretch");
        assert!((9_500_000_000..=21_000_000_000).contains(&over), "{over}");
        assert!(!numbers["since_start"]["p50"].is_null());
        let whole = numbers["since_start"]["over_ns"].as_u64().expect("all of the past");
        assert!(whole > over);
    }
    let cpu = &aged["vitals"];
    let over = cpu["cpu_pct_over_ns"].as_u64().expect("a stretch");
    assert!((9_000_000_000..=21_000_000_000).contains(&over), "{over}");
    assert!(cpu["since_start"]["cpu_pct"].as_f64() > cpu["cpu_pct"].as_f64());

    // The dead say what they said last.
    program.kill();
    let dead = look();
    assert_eq!(dead["state"], "dead");
    assert!(named(&dead["histograms"], "slow")["p99"].is_null());
    assert!(!named(&dead["histograms"], "slow")["since_start"]["p99"].is_null());
}

#[test]
fn every_maximum_comes_back_and_more_is_refused_by_name() {
    let most = Capacity::MOST;
    for (what, most) in [
        ("threads", most.threads),
        ("sites", most.sites),
        ("metrics", most.metrics),
        ("queues", most.queues),
        ("histograms", most.histograms),
        ("ops", most.ops),
        ("facts", most.facts),
        ("strings", most.strings),
    ] {
        for asked in [most, most + 1] {
            let name = program::name(what);
            let binary = program::debug("fixture-behave");
            let mut command = std::process::Command::new(binary);
            command.args([&name, "room", what, &asked.to_string()]);
            command.stderr(std::process::Stdio::piped());
            let mut program = Program::start(&mut command, &name);
            program.until_ready();
            let board = program::boards(&["-n", &name]).remove(0);
            assert_eq!(board["capacity"][what]["max"].as_u64(), Some(most as u64), "{what}");
            program.kill();
            let mut said = String::new();
            let mut stderr = program.child.stderr.take().expect("piped");
            std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
            let complaint = format!("bounded {what}({asked}): there are {most}");
            assert_eq!(said.contains(&complaint), asked > most, "{said}");
        }
    }
}

#[test]
fn room_for_more_places_is_room_for_their_texts() {
    let name = program::name("texts");
    let mut command = std::process::Command::new(program::debug("grown_sites"));
    let mut program = Program::start(command.args([&name, "4096"]), &name);
    program.until_ready();
    let board = program::boards(&["-n", &name]).remove(0);
    assert_eq!(board["capacity"]["sites"]["used"], 4096);
    assert_eq!(board["lost"]["strings"].as_u64().unwrap_or(0), 0, "{}", board["lost"]);
    // Each has a label of its own.
    let texts = board["capacity"]["strings"]["used"].as_u64();
    assert!(texts.is_some_and(|bytes| bytes > 4096 * 64), "{texts:?}");
}

/// A profile as JSON.
fn profile(arguments: &[&str]) -> Value {
    let output = program::inspect(&[&["profile", "--json"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_thread_is_called_what_the_kernel_calls_it() {
    let name = program::name("renamed");
    let (mut program, _) = Program::behave(&name, &["renamed"]);
    let names = |board: &Value| -> Vec<String> {
        let threads = board["threads"].as_array().expect("threads").iter();
        threads.map(|thread| thread["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&program::boards(&["-n", &name])[0]), ["late"]);
    let said = profile(&["-d", "300ms", "--by", "thread", "-n", &name]);
    assert_eq!(said["lines"].as_array().map(Vec::len), Some(1), "{said}");
    assert_eq!(said["lines"][0]["thread"], "late");
    // The board itself still has the first name, and is all that is left afterwards.
    program.kill();
    assert_eq!(names(&program::boards(&["-n", &name])[0]), ["early"]);
}

#[test]
fn a_profile_says_how_many_threads_it_does_not_see() {
    let name = program::name("unseen");
    let (program, _) = Program::behave(&name, &["crowd", "70"]);
    let pid = program.pid().to_string();
    let said = profile(&["-d", "300ms", "-p", &pid]);
    let seen = said["threads"].as_array().expect("threads").len();
    // The main thread has no probe.
    assert_eq!(seen as u64 + said["threads_unseen"].as_u64().expect("a number"), 71, "{said}");
    assert_eq!(said["threads_without_room"].as_u64(), Some(70 - seen as u64));
    let text = program::inspect(&["profile", "-d", "300ms", "-p", &pid]).stdout;
    let text = String::from_utf8(text).expect("text");
    let first: Vec<&str> = text.lines().take(6).collect();
    let line =
        format!("{} threads of the process are not seen ({} found no room", 71 - seen, 70 - seen);
    assert!(first.iter().any(|said| said.contains(&line)), "{text}");
}

#[test]
fn a_share_says_of_what_it_is() {
    let name = program::name("whole");
    // Busy a fifth of the time, idle for the rest.
    let (_program, _) = Program::behave(&name, &["duty", "20", "50000"]);
    let wait = ["--wait", "5s", "-n", &name];
    let said = profile(&[&["-d", "2s"], &wait[..]].concat());
    let whole = said["whole_samples"].as_f64().expect("samples");
    let busy = said["samples"].as_f64().expect("samples");
    let row = &said["lines"][0];
    assert_eq!(row["label"], "working");
    assert!(row["share"].as_f64() > Some(0.9), "{row}");
    let of_whole = row["share_of_whole"].as_f64().expect("a share");
    let samples = row["samples"].as_f64().expect("samples");
    assert!((of_whole - samples / whole).abs() < 1e-5, "{row}");
    assert!(busy < whole * 0.9, "{said}");
    // The same asked for as the share itself.
    let said = profile(&[&["-d", "1s", "--whole"], &wait[..]].concat());
    let row = &said["lines"][0];
    assert!(
        (row["share"].as_f64().expect("a share") - row["share_of_whole"].as_f64().expect("one"))
            .abs()
            < 1e-5
    );
}
