//! What `inspect why` says of programs with one known fault each.

#[path = "why/growth.rs"]
mod growth;
#[path = "why/surroundings.rs"]
mod surroundings;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::asked::{DEADLINE, first_is, ids, is_sound, why};
use tests::demo::Demo;
use tests::program::{self, Program};
use tests::wait;

/// Each fault is the first finding, with the place; nothing else is more severe.
#[test]
fn each_fault_is_found_first() {
    let faults = [
        ("lost-wake-up", "lost-wake-up", ""),
        ("slow-upstream", "operations-wait", ""),
        ("long-work", "operations-slow", ""),
        ("given-up", "cancellations", ""),
        ("hot", "thread-hot", "looks for what is not there"),
        ("outside", "slow-wait", "answer of the other side"),
        ("blocked", "thread-blocked", "computes"),
        ("blocked-in-pipe", "thread-blocked", "hash the upload"),
        ("batch-hung", "thread-blocked", "write the rows"),
        ("queue", "standing-queue", ""),
        ("executor", "blocked-executor", ""),
        ("overdue", "overdue-heartbeat", ""),
        ("leaked", "leaked-operations", ""),
        ("errors", "error-burst", ""),
        ("panics", "panics", ""),
    ];
    let programs = faults.map(|fault| {
        let name = program::name(fault.0);
        (Program::behave(&name, &["ails", fault.0]), name)
    });
    for ((_, id, label), (_program, name)) in faults.into_iter().zip(programs) {
        let answer = first_is(&name, id);
        let first = &answer["findings"][0];
        assert_eq!(answer["verdict"], first["title"], "{answer}");
        // That a thread computes and does not wait takes two looks at the kernel's account of it.
        if id != "thread-hot" {
            everybody_says_how_bad_it_is(&name);
        }
        if !label.is_empty() {
            assert_eq!(first["where"][0]["label"], label, "{answer}");
        }
    }
}

/// Services with probes as whoever wrote them placed them: the cause comes first, and what else is said with confidence is
/// true.
#[test]
fn the_cause_comes_first_in_services_with_one_fault() {
    // Fault, the first finding and what its title names, and what may be said besides.
    type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);
    let cases: [Case; 18] = [
        ("sleeping-receiver", "thread-blocked", "write the row", &["lock-convoy"]),
        ("retries", "retry-storm", "upstream_retries", &["error-burst", "all-saturated"]),
        ("descriptors", "descriptor-limit", "descriptors", &["error-burst"]),
        (
            "blocked-executor",
            "slow-wait",
            "read the archive",
            &["blocked-executor", "operations-slow"],
        ),
        (
            "sleeping-tasks",
            "blocked-executor",
            "in check the password",
            &["operations-wait", "operations-slow"],
        ),
        ("bursts", "bursty-queue", "inbox", &[]),
        ("slow-reader", "lock-convoy", "read by report", &[]),
        ("long-hold", "long-hold", "totals, held by report", &[]),
        ("dead-worker", "thread-died", "thread 'worker' panicked", &["standing-queue"]),
        ("guard-forgotten", "lock-convoy", "sessions; who holds it is not known", &[]),
        ("parts-of-a-job", "slow-wait", "to receive from channel", &["all-saturated"]),
        ("joins", "", "", &[]),
        ("drift", "overdue-heartbeat", "periodic job expiry", &[]),
        ("idle-taker", "standing-queue", "its worker mailer is idle at wait for mail", &[]),
        ("hung-pool", "standing-queue", " holds mutex bell and waits at wait for the bell", &[]),
        ("batch", "all-saturated", "one long job", &["operations-slow"]),
        ("idle-pool", "", "", &[]),
        ("told-pool", "", "", &[]),
    ];
    let programs = cases.map(|(fault, ..)| {
        let name = program::name(fault);
        let start = format!("ulimit -n 64; exec \"$0\" {name} ails {fault}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &start]).arg(program::debug("fixture-behave"));
        let mut program = Program::start(&mut shell, &name);
        program.until_ready();
        (program, name)
    });
    for ((fault, id, named, besides), (mut program, name)) in cases.into_iter().zip(programs) {
        // Loads cover ten seconds then: before that less is said, and nothing else.
        wait::until("it has run for a while", DEADLINE, || {
            (program::board(program.pid())["uptime_ns"].as_u64() > Some(11_000_000_000))
                .then_some(())
        });
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let mut said = ids(&answer);
        // The fixture has more numbers than the board has room for, and the machine may be busy.
        said.retain(|id| !["windows-unseen", "losses", "keeper-late"].contains(id));
        let first = said.first().copied().unwrap_or_default();
        assert_eq!(first, id, "{fault}: {answer:#}");
        let title = answer["findings"][0]["title"].as_str().unwrap_or_default();
        assert!(title.contains(named), "{fault}: {answer:#}");
        let other = said.iter().skip(1).find(|other| !besides.contains(other));
        assert_eq!(other, None, "{fault}: {answer:#}");
        if fault == "hung-pool" {
            assert_eq!(answer["findings"][0]["severity"], "critical", "{answer:#}");
        }
        everybody_says_how_bad_it_is(&name);
        if fault == "batch" {
            let severities = answer["findings"].as_array().expect("findings").iter();
            let bad: Vec<_> = severities.filter(|one| one["severity"] != "notice").collect();
            assert!(bad.is_empty(), "{answer:#}");
        }
        if id == "long-hold" {
            let line = &program::board(program.pid())["headline"]["text"];
            assert!(line.as_str().is_some_and(|line| line.ends_with("waits for report")), "{line}");
            program.kill();
            names_who_was_at_work(&name);
        }
    }
}

/// Of the dead: the thread that the headline names is the first place.
fn names_who_was_at_work(name: &str) {
    let (dead, _) = why(&["-n", name]);
    let first = &dead["findings"][0];
    assert_eq!(first["id"], "dead", "{dead:#}");
    let thread = first["where"][0]["thread"].as_str().expect("a place");
    let output = program::inspect(&["list", "--json", "-n", name]);
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let said = list["boards"][0]["headline"]["text"].as_str().expect("a headline");
    assert!(said.starts_with(&format!("at its end {thread} was in ")), "{said}");
}

/// The list and the table have one look, and `why` two: the first line is as bad as the first finding. What comes to be between
/// their looks is told by all of them a moment later. The list asks the kernel for no descriptors and no threads.
fn everybody_says_how_bad_it_is(name: &str) {
    let said = |arguments: &[&str]| {
        let output = program::inspect(arguments);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        answer["boards"][0]["headline"].clone()
    };
    wait::until("as bad as the first finding", DEADLINE, || {
        let (answer, _) = why(&["-n", name]);
        let first = answer["findings"][0]["severity"].as_str();
        let worst = first.filter(|severity| *severity != "notice").unwrap_or("ok");
        let mut lines = vec![said(&["--json", "-n", name])];
        let by_kernel = ["descriptor-limit", "sockets-unclosed", "thread-died"];
        if ids(&answer).first().is_none_or(|id| !by_kernel.contains(id)) {
            lines.push(said(&["list", "--json", "-n", name]));
        }
        let agree = lines.iter().all(|line| line["severity"] == worst);
        if !agree {
            eprintln!("{name}: {worst} {} {lines:?}", answer["verdict"]);
        }
        agree.then_some(())
    });
}

#[test]
fn saturation_of_one_worker_is_not_that_of_all() {
    for (fault, id) in [("one-saturated", "one-saturated"), ("all-saturated", "all-saturated")] {
        let name = program::name(fault);
        let (_program, _) = Program::behave(&name, &["ails", fault]);
        let answer = first_is(&name, id);
        let title = answer["findings"][0]["title"].as_str().expect("a title");
        assert!(title.contains("pool"), "{title}");
    }
}

/// A convoy's cause is the holder's own wait; both are said, with the lock and its holder.
#[test]
fn a_convoy_names_its_lock_and_what_the_holder_waits_for() {
    let name = program::name("convoy");
    let (_program, _) = Program::behave(&name, &["ails", "convoy"]);
    let answer = wait::until("a convoy", DEADLINE, || {
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let found =
            ids(&answer).starts_with(&["slow-wait"]) && ids(&answer).contains(&"lock-convoy");
        found.then_some(answer)
    });
    assert_eq!(answer["findings"][0]["where"][0]["thread"], "holder", "{answer}");
    let convoy = answer["findings"].as_array().expect("findings").iter();
    let convoy = convoy.clone().find(|finding| finding["id"] == "lock-convoy").expect("a convoy");
    assert!(convoy["title"].as_str().expect("a title").contains("the index"), "{convoy}");
}

#[test]
fn a_deadlock_comes_before_everything_that_waits_for_it() {
    let name = program::name("why-abba");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([&name, "abba"]), &name);
    program.until_ready();
    first_is(&name, "deadlock");
    let through = program::name("why-circle");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut circle = Program::start(command.args([&through, "held-in-queue"]), &through);
    circle.until_ready();
    first_is(&through, "queue-circle");
    everybody_says_how_bad_it_is(&through);
    program.kill();
    // Of the dead: how it ended, and what it was in.
    let (dead, _) = why(&["-n", &name]);
    assert_eq!(ids(&dead)[..2], ["dead", "deadlock"], "{dead}");
}

#[test]
fn of_a_healthy_program_nothing_is_said() {
    let name = program::name("well");
    let (program, _) = Program::behave(&name, &["ails", "well"]);
    for _ in 0..3 {
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let bad = answer["findings"].as_array().expect("findings").iter();
        let bad: Vec<_> = bad.filter(|finding| finding["severity"] != "notice").collect();
        assert!(bad.is_empty(), "{answer}");
    }
    program.signal(Signal::SIGSTOP);
    first_is(&name, "process-stopped");
}

/// Tries are held against what ends well of their own kind: another kind's good ends hide no storm, and tries of several
/// kinds make none.
#[test]
fn tries_of_one_kind_are_no_matter_of_another() {
    let (one, each) = (program::name("one-kind"), program::name("each-kind"));
    let (one_kind, _) = Program::behave(&one, &["ails", "tries-of-one-kind"]);
    let (_each_kind, _) = Program::behave(&each, &["ails", "tries-of-each-kind"]);
    let answer = first_is(&one, "retry-storm");
    let first = &answer["findings"][0];
    let of = first["evidence"].as_array().expect("evidence").iter().find(|one| one["what"] == "of");
    assert_eq!(of.expect("a kind")["value"], "kind fetch", "{answer:#}");
    assert!(first["next"][1].as_str().expect("a command").contains("--why-slow fetch"), "{first}");
    // Who adds up what ends well of all kinds finds nothing here.
    let board = program::board(one_kind.pid());
    let kinds = board["op_kinds"].as_array().expect("kinds").iter();
    let well: f64 = kinds.filter_map(|kind| kind["rates"]["ok"].as_f64()).sum();
    let tries = program::named(&board["counters"], "fetch_retries");
    let tries = tries["rate_per_s"].as_f64().expect("a rate");
    assert!(tries < well / 2.0, "{tries} of {well}");
    // Who adds up all who wait to try again finds a storm: three of one status.
    let (answer, bytes) = why(&["-n", &each]);
    is_sound(&answer, bytes);
    assert_eq!(ids(&answer), ["retry-storm"], "{answer:#}");
    let only = &answer["findings"][0];
    assert_eq!((&only["severity"], &only["confidence"]), (&"notice".into(), &0.4.into()), "{only}");
    assert!(answer["verdict"].as_str().expect("a verdict").starts_with("all well"), "{answer:#}");
}

/// What takes long and comes on is a notice, and the line that everybody reads first says that all is well.
#[test]
fn of_a_batch_that_comes_on_all_is_well() {
    // What shows that it comes on.
    let cases = [
        ("batch", "which comes on: import "),
        ("batch-by-lines", "which comes on"),
        ("batch-by-statuses", "which comes on"),
        ("batch-in-one-line", "which comes on: scaled "),
        ("batch-by-others", "which comes on: load "),
    ];
    let programs = cases.map(|(what, _)| {
        let name = program::name(what);
        (Program::behave(&name, &["ails", what]), name)
    });
    for ((what, shows), ((program, _), name)) in cases.into_iter().zip(programs) {
        // Loads cover ten seconds then.
        wait::until("it has run for a while", DEADLINE, || {
            let board = program::board(program.pid());
            (board["uptime_ns"].as_u64() > Some(11_000_000_000)).then_some(())
        });
        let listed = program::document(&["list", "-n", &name]);
        for board in [&listed["boards"][0], &program::board(program.pid())] {
            let headline = &board["headline"];
            assert_eq!(headline["severity"], "ok", "{what}: {headline}");
            let text = headline["text"].as_str().expect("a headline");
            assert!(text.starts_with("all well: ") && text.contains(shows), "{what}: {text}");
        }
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let verdict = answer["verdict"].as_str().expect("a verdict");
        assert!(verdict.starts_with("all well: "), "{what}: {answer:#}");
        let findings = answer["findings"].as_array().expect("findings");
        let long =
            ids(&answer).iter().any(|id| ["operations-slow", "operations-wait"].contains(id));
        assert!(long, "{what}: {answer:#}");
        assert!(findings.iter().all(|one| one["severity"] == "notice"), "{what}: {answer:#}");
    }
}

/// `docs/why.md`: a row for each rule that runs, and each is looked for in a real program.
#[test]
fn the_guide_has_each_rule_and_counts_them_rightly() {
    let name = program::name("rules");
    let (_program, _) = Program::behave(&name, &["numbers"]);
    let (answer, _) = why(&["-n", &name]);
    let mut rules: BTreeSet<&str> =
        answer["looked_at"].as_array().expect("rules").iter().filter_map(Value::as_str).collect();
    // Of a program that nobody recorded these are not known.
    rules.extend(["memory-grows", "threads-grow"]);
    let read =
        |path: &str| std::fs::read_to_string(tests::build::root().join(path)).expect("a file");
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let guide = read("docs/why.md");
    let rows =
        guide.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 5);
    let of_rows: Vec<String> =
        rows.flat_map(|row| quoted(row.split('|').nth(1).expect("ids"))).collect();
    assert_eq!(of_rows.iter().map(String::as_str).collect::<BTreeSet<_>>(), rules);
    assert_eq!(of_rows.len(), rules.len(), "a rule has one row");
    assert!(guide.contains(&format!("Each of these {} rules is found", rules.len())));
    let tried = read("tests/tests/why.rs")
        + &read("tests/tests/why/surroundings.rs")
        + &read("tests/tests/why/growth.rs");
    let missing: Vec<&&str> =
        rules.iter().filter(|id| !tried.contains(&format!("\"{id}\""))).collect();
    assert!(missing.is_empty(), "no program has {missing:?}");
}

/// The demo hangs as asked: one thread holds the index lock and never gives it back.
#[test]
fn a_lock_that_is_never_given_back_is_found_in_the_demo() {
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("why-hang"), data.path(), &["--allow-debug"]);
    let mut hangs = demo.connect();
    hangs.send(&["DEBUG", "HANG"]).expect("the daemon reads");
    let pid = demo.child.id().to_string();
    let answer = wait::until("the hang", DEADLINE, || {
        let (answer, bytes) = why(&["-p", &pid]);
        is_sound(&answer, bytes);
        (ids(&answer).first() == Some(&"slow-wait")).then_some(answer)
    });
    assert_eq!(answer["findings"][0]["where"][0]["label"], "hangs, as asked for", "{answer}");
}

/// Clients that each ask again and again, until the daemon is gone; so many more are under way all
/// the time.
fn ask(demo: &Demo, clients: usize, words: &'static [&'static str], ahead: usize) {
    for _ in 0..clients {
        let mut client = demo.connect();
        std::thread::spawn(move || {
            let _ = (0..ahead).try_for_each(|_| client.send(words));
            while client.send(words).is_ok() && client.reply().is_ok() {
                std::thread::sleep(Duration::from_millis(2));
            }
        });
    }
}

/// A demo with a fault of its own, under what load it needs to show.
fn faulty(arguments: &[&str], clients: usize) -> (Demo, tempfile::TempDir) {
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name(arguments[1]), data.path(), arguments);
    let words: &[&str] = match arguments[1] {
        "fail-commits" | "300ms" => &["SET", "a", "1"],
        "leak-sockets" => {
            (0..110).for_each(|_| drop(demo.connect()));
            &["PING"]
        }
        _ => &["GET", "a"],
    };
    ask(&demo, clients, words, if arguments[1] == "slow-commands" { 30 } else { 0 });
    (demo, data)
}

/// By its help: `daemon-demo serve --help`.
#[test]
fn each_fault_of_the_demo_is_found_first() {
    program::debug("inspect");
    let together: [(&[&str], usize, &str); 10] = [
        (&["--fault", "deadlock"], 0, "deadlock"),
        (&["--fault", "convoy", "--io-threads", "4"], 3, "lock-convoy"),
        (&["--fault", "block"], 0, "thread-blocked"),
        (&["--fault", "skip-expiry"], 0, "overdue-heartbeat"),
        (&["--fault", "panic"], 0, "panics"),
        (&["--fault", "leak-operations"], 0, "leaked-operations"),
        (&["--fault", "leak-sockets"], 1, "sockets-unclosed"),
        (&["--fault", "fail-commits"], 1, "retry-storm"),
        (&["--fault", "refuse"], 1, "error-burst"),
        (&["--hang-after", "1s"], 0, "slow-wait"),
    ];
    let demos = together.map(|(arguments, clients, _)| faulty(arguments, clients));
    for ((_, _, id), (demo, _data)) in together.into_iter().zip(demos) {
        first_is(&demo.board, id);
        everybody_says_how_bad_it_is(&demo.board);
    }
    // By itself: it uses up a processor.
    let (demo, _data) = faulty(&["--fault", "spin"], 0);
    first_is(&demo.board, "thread-hot");
}

#[test]
fn faults_of_the_demo_that_are_found_with_what_follows_from_them() {
    // Whoever commits has no room left, and so the queue stands. Who computes at one line for every command may look as if
    // it did not move on.
    let behind: [(&[&str], usize, &str); 3] = [
        (&["--slow-commit", "300ms"], 2, "standing-queue"),
        (&["--fault", "slow-commands"], 1, "one-saturated"),
        (&["--fault", "slow-commands"], 2, "all-saturated"),
    ];
    for (arguments, clients, id) in behind {
        let (demo, _data) = faulty(arguments, clients);
        wait::until(id, DEADLINE, || ids(&why(&["-n", &demo.board]).0).contains(&id).then_some(()));
        everybody_says_how_bad_it_is(&demo.board);
    }
    // It leaks until the limit, which a shell lowers.
    let data = tempfile::tempdir().expect("a folder");
    let name = program::name("leak-descriptors");
    let start = "ulimit -n 48; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", start, "sh"]).arg(tests::demo::program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--name", &name, "--fault"]);
    let demo = Demo::run(command.args(["leak-descriptors", "--data"]).arg(data.path()), &name);
    first_is(&demo.board, "descriptor-limit");
    // It is started three times, and aborts each time.
    let name = program::name("abort");
    for _ in 0..3 {
        let mut demo = Command::new(tests::demo::program());
        demo.args(["serve", "--listen", "127.0.0.1:0", "--name", &name, "--fault", "abort"]);
        let ended = demo.arg("--data").arg(data.path().join("a")).output().expect("it runs");
        assert!(!ended.status.success(), "{ended:?}");
    }
    let (answer, _) = why(&["-n", &name]);
    program::remove_boards(&name);
    assert_eq!(ids(&answer).first(), Some(&"crash-loop"), "{answer}");
    assert!(ids(&answer).contains(&"dead"), "{answer}");
}
