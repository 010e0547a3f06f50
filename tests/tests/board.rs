//! What a program does is what its board shows: real processes, looked at with the real inspector.

use std::time::Duration;

use tests::program::{self, Program, board, named};
use tests::wait;

#[test]
fn every_kind_of_number_is_shown_as_it_was_given() {
    let (program, _) = Program::behave(&program::name("numbers"), &["numbers"]);
    // The heartbeat that runs every second was beaten once: it is late after two.
    let board = wait::until("the heartbeat to be overdue", Duration::from_secs(20), || {
        let board = board(program.pid());
        (named(&board["heartbeats"], "often")["overdue"] == true).then_some(board)
    });
    assert_eq!(board["state"], "live");
    assert_eq!(named(&board["counters"], "counted")["value"], 1000);
    assert_eq!(named(&board["counters"], "counted")["help"], "Things counted by every thread.");
    assert_eq!(named(&board["ratios"], "half")["value"], 0.5);
    let level = named(&board["gauges"], "level");
    assert_eq!(
        (&level["value"], &level["max"], &level["unit"]),
        (&(-4).into(), &9.into(), &"m".into())
    );
    let spread = named(&board["histograms"], "spread");
    assert_eq!((&spread["count"], &spread["sum"]), (&1000.into(), &500_500.into()));
    for (quantile, truth) in [("p50", 500.0), ("p90", 900.0), ("p99", 990.0)] {
        let told = spread[quantile].as_f64().expect("a number");
        assert!((told - truth).abs() <= truth / 32.0 + 1.0, "{quantile}: {told}, in truth {truth}");
    }
    assert_eq!(named(&board["heartbeats"], "seldom")["overdue"], false);
    let loaded = named(&board["progress"], "loaded");
    assert_eq!((&loaded["done"], &loaded["total"]), (&30.into(), &40.into()));
    let rows: Vec<_> = board["gauges"]
        .as_array()
        .expect("gauges")
        .iter()
        .filter(|gauge| gauge["name"] == "rows")
        .map(|gauge| (gauge["labels"]["table"].clone(), gauge["value"].clone()))
        .collect();
    assert_eq!(rows, [("users".into(), 12.into())], "the dropped member is gone");
    assert!(board["facts"]["motto"].as_str().expect("a fact").starts_with("look, don't touch"));

    // The same in the table, where no escape of the fact's reaches the terminal.
    let table = program::inspect(&["-p", &program.pid().to_string()]).stdout;
    assert!(!table.contains(&0x1b), "an escape character in the table");
    let table = String::from_utf8(table).expect("UTF-8");
    assert!(table.contains("OVERDUE") && table.contains("\\x1b"), "{table}");
}

#[test]
fn scopes_nest_heal_and_are_counted_when_too_deep() {
    let (program, _) = Program::behave(&program::name("nested"), &["nested"]);
    let board = board(program.pid());
    let thread = &board["threads"][0];
    assert_eq!((&thread["label"], &thread["arg"]), (&"innermost".into(), &33.into()));
    assert_eq!(thread["class"], "wait");
    let labels: Vec<_> = thread["stack"]
        .as_array()
        .expect("a stack")
        .iter()
        .filter_map(|frame| frame["label"].as_str())
        .filter(|label| ["one", "between", "two", "innermost"].contains(label))
        .collect();
    assert_eq!(labels, ["one", "between", "two", "innermost"], "{:#}", thread["stack"]);
    let all = thread["stack"].to_string();
    for gone in ["outer", "forgotten", "first", "second", "unwound", "deeper"] {
        assert!(!all.contains(&format!("\"{gone}\"")), "{gone} still stands in {all}");
    }
    // 41 levels, 30 of them shown; one scope forgotten, two ended in the wrong order.
    assert_eq!((&board["lost"]["nested"], &board["lost"]["healed"]), (&11.into(), &3.into()));
}

#[test]
fn threads_beyond_the_table_are_counted_and_so_are_their_counts() {
    // 40 threads on a board for 64, then 2.
    for (slots, shown) in [("64", 40), ("2", 2)] {
        let (program, _) = Program::behave(&program::name("crowd"), &["crowd", "40", slots]);
        let board = wait::until("the keeper's sums", Duration::from_secs(20), || {
            let board = board(program.pid());
            (named(&board["counters"], "counted")["value"] == 40_000).then_some(board)
        });
        assert_eq!(board["threads"].as_array().map(Vec::len), Some(shown));
        assert_eq!(board["lost"]["threads"], 40 - shown);
        let doctor = program::inspect(&["doctor", "-p", &program.pid().to_string()]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let remedy = format!("lost {} threads without a slot: Config::threads", 40 - shown);
        assert_eq!(said.contains(&remedy), shown < 40, "{said}");
        for thread in board["threads"].as_array().expect("threads") {
            let number = thread["arg"].as_u64().expect("an argument");
            assert_eq!(thread["name"], format!("crowd-{number}"), "names and lines go together");
            assert_eq!(thread["exists"], true);
        }
    }
}

#[test]
fn threads_that_end_give_their_slot_back_and_leave_their_counts() {
    let (program, _) = Program::behave(&program::name("churn"), &["churn"]);
    let board = board(program.pid());
    assert_eq!(named(&board["counters"], "counted")["value"], 2000);
    assert_eq!(board["threads"].as_array().map(Vec::len), Some(1), "{:#}", board["threads"]);
    assert_eq!(board["threads"][0]["label"], "all gone");
    assert_eq!(board["lost"]["threads"], 0);
}

#[test]
fn slots_of_threads_that_ended_without_destructors_are_taken_over() {
    let (program, _) = Program::behave(&program::name("vanish"), &["vanish"]);
    let board = board(program.pid());
    assert_eq!(board["lost"]["threads"], 0, "20 threads went through one slot");
    let gone = &board["threads"][1];
    assert_eq!((&gone["label"], &gone["arg"]), (&"about to vanish".into(), &19.into()));
    assert_eq!((&gone["exists"], &gone["jobs"]), (&false.into(), &1.into()));
}

#[test]
fn a_forked_child_has_a_board_of_its_own_and_leaves_its_parents_alone() {
    let (program, said) = Program::behave(&program::name("fork"), &["fork"]);
    let child: u32 = said[0].parse().expect("the child's pid");
    let parent = board(program.pid());
    assert_eq!(named(&parent["counters"], "counted")["value"], 100);
    assert_eq!(parent["threads"][0]["label"], "in the parent");
    let theirs = wait::until("the child's board", Duration::from_secs(20), || {
        let output = program::inspect(&["--json", "-p", &child.to_string()]);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let board = document["boards"][0].clone();
        (board["threads"][0]["label"] == "in the child").then_some(board)
    });
    assert_eq!(named(&theirs["counters"], "counted")["value"], 11);
    let pid = nix::unistd::Pid::from_raw(child.cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("the child");
}

#[test]
fn a_hang_names_the_waiter_and_the_holder() {
    let (program, _) = Program::behave(&program::name("lock"), &["lock"]);
    let board = wait::until("the waiter to stand still", Duration::from_secs(20), || {
        let board = board(program.pid());
        let threads = board["threads"].as_array()?;
        let waiter = threads.iter().find(|thread| thread["name"] == "waiter")?;
        (waiter["stalled"] == true).then_some(board.clone())
    });
    let waiter = named(&board["threads"], "waiter");
    let holder = named(&board["threads"], "holder");
    assert_eq!((&waiter["class"], &waiter["arg"]), (&"wait".into(), &7.into()));
    assert_eq!(waiter["held_by"]["thread"], "holder");
    assert_eq!(holder["label"], "forgets to let go");
    assert!(holder["stack"].to_string().contains("holds the ledger"));
    let table = program::inspect(&["-p", &program.pid().to_string()]).stdout;
    let table = String::from_utf8(table).expect("UTF-8");
    let line = table.lines().find(|line| line.starts_with("!waiter")).expect("a stalled waiter");
    assert!(line.contains("holder"), "{table}");
}

/// Every look finds them at one line, for longer than what is called stalled; the table, `why` and JSON say the same.
#[test]
fn who_comes_to_a_line_again_and_again_is_not_stalled_and_who_hangs_is() {
    let loops = ["plain", "counted", "argued", "serves"];
    let words = [&["loops", "hung"][..], &loops].concat();
    let (program, _) = Program::behave(&program::name("loops"), &words);
    let pid = program.pid().to_string();
    let all = || board(program.pid())["threads"].as_array().cloned().unwrap_or_default();
    wait::until("all of them to be told", Duration::from_secs(30), || {
        let known = |thread: &serde_json::Value| match thread["name"].as_str() {
            Some("hung") => {
                thread["stalled"] == true && thread["since_ns"].as_u64() > Some(3_000_000_000)
            }
            // Who has no jobs is there since the first look, or less.
            Some("plain") => thread["since_ns"].as_u64() > Some(3_000_000_000),
            _ => true,
        };
        all().iter().all(known).then_some(())
    });
    for thread in all() {
        let name = thread["name"].as_str().expect("a name").to_owned();
        let hangs = name == "hung";
        let known = if hangs { "still".into() } else { serde_json::Value::Null };
        // Of jobs one look knows the last.
        let known = if name == "serves" { "again".into() } else { known };
        assert_eq!((&thread["stalled"], &thread["standing"]), (&hangs.into(), &known), "{thread}");
        assert_eq!(thread["since_at_most"], !hangs, "{thread}");
    }
    // Two looks know more, but for a line that nobody counts.
    let output = program::inspect(&["--json", "--interval", "100ms", "--count", "2", "-p", &pid]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let documents = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
    let last = documents.last().expect("two documents").expect("JSON");
    for name in loops {
        let thread = named(&last["boards"][0]["threads"], name);
        let again = if name == "plain" { serde_json::Value::Null } else { "again".into() };
        assert_eq!(thread["standing"], again, "{thread}");
    }
    let table = String::from_utf8(program::inspect(&["-p", &pid]).stdout).expect("UTF-8");
    assert!(table.lines().any(|line| line.starts_with("!hung")), "{table}");
    for name in loops {
        let row = table.lines().find(|line| line.starts_with(&format!(" {name}"))).expect("a row");
        assert!(row.contains('<'), "{row}");
    }
    let why = String::from_utf8(program::inspect(&["why", "-p", &pid]).stdout).expect("UTF-8");
    assert!(
        why.contains("hung") && loops.iter().all(|name| !why.contains(&format!("thread {name} "))),
        "{why}"
    );
}

#[test]
fn a_futures_position_is_its_own_whichever_thread_polls_it() {
    let (program, _) = Program::behave(&program::name("migrates"), &["migrates"]);
    let board = board(program.pid());
    let labels = |thread: &serde_json::Value| -> Vec<String> {
        let stack = thread["stack"].as_array().expect("a stack");
        stack.iter().filter_map(|frame| frame["label"].as_str().map(str::to_owned)).collect()
    };
    let second = named(&board["threads"], "second");
    assert_eq!(labels(second), ["polls too", "task", "inner", "first half"]);
    let first = &board["threads"][0];
    assert_eq!(labels(first), ["polls"], "nothing of the future stays where it was polled first");
    assert_eq!(board["lost"]["healed"], 0);
}

#[test]
fn guards_held_across_an_await_are_healed_and_counted() {
    let (program, _) = Program::behave(&program::name("held"), &["held"]);
    let board = board(program.pid());
    let stack = board["threads"][0]["stack"].to_string();
    assert_eq!(board["threads"][0]["label"], "after both");
    assert!(!stack.contains("\"held\"") && !stack.contains("\"one\""), "{stack}");
    assert!(board["lost"]["healed"].as_u64() >= Some(2), "{}", board["lost"]);
}

#[test]
fn a_trail_shows_the_way_that_led_there() {
    use std::process::Command;
    let name = program::name("trail");
    let built = tests::build::release("fixture-behave", "fixture-behave", &["--features", "trail"]);
    let mut program = Program::start(Command::new(built).args([&name, "nested"]), &name);
    program.until_ready();
    program.kill();
    let board = &program::boards(&["-n", &name])[0];
    let trail: Vec<_> = board["threads"][0]["trail"]
        .as_array()
        .expect("a trail")
        .iter()
        .map(|place| place["label"].as_str().unwrap_or_default().to_owned())
        .collect();
    // The newest first, scopes included; 41 levels of "deeper" stand at its far end.
    let newest = ["innermost", "two", "between", "one", "unwound", "second", "first", "forgotten"];
    assert_eq!(trail[..8], newest);
    assert!(trail.len() >= 16, "{trail:?}");
    assert!(trail[9..].iter().all(|label| label == "deeper"), "{trail:?}");
    let table =
        String::from_utf8(program::inspect(&["--trail", "-n", &name]).stdout).expect("UTF-8");
    assert!(table.contains(" < threads.rs:"), "{table}");
}

#[test]
fn a_stopped_process_is_said_to_be_stopped_and_goes_on_unharmed() {
    use nix::sys::signal::Signal;
    let (program, _) = Program::behave(&program::name("stopped"), &["duty", "30", "10000"]);
    program.signal(Signal::SIGSTOP);
    let state = |wanted: &str| {
        wait::until(wanted, Duration::from_secs(20), || {
            let board = board(program.pid());
            (board["state"] == wanted).then_some(board)
        })
    };
    let stopped = state("stopped");
    assert!(stopped["threads"][0]["line"].is_u64());
    program.signal(Signal::SIGCONT);
    let again = state("live");
    let done = |board: &serde_json::Value| named(&board["queues"], "jobs")["completions"].as_u64();
    wait::until("more work", Duration::from_secs(20), || {
        (done(&board(program.pid())) > done(&again)).then_some(())
    });
}
