//! What `inspect why` says of programs with one known fault each.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::demo::Demo;
use tests::program::{self, Program};
use tests::wait;

const DEADLINE: Duration = Duration::from_secs(60);

/// The answer as a program reads it, and its bytes.
fn why(arguments: &[&str]) -> (Value, usize) {
    let output = program::inspect(&[&["why", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (serde_json::from_slice(&output.stdout).expect("JSON"), output.stdout.len())
}

fn ids(answer: &Value) -> Vec<&str> {
    let findings = answer["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["id"].as_str().expect("an id")).collect()
}

/// Asks until the first finding is this one, and checks the form of every answer on the way.
fn first_is(name: &str, id: &str) -> Value {
    wait::until(id, DEADLINE, || {
        let (answer, bytes) = why(&["-n", name]);
        is_sound(&answer, bytes);
        (ids(&answer).first() == Some(&id)).then_some(answer)
    })
}

/// What every answer has, whatever it says.
fn is_sound(answer: &Value, bytes: usize) {
    assert!(bytes <= 6_001, "{bytes} bytes: {answer}");
    assert_eq!(answer["schema"], 1);
    let looked_at: Vec<&str> =
        answer["looked_at"].as_array().expect("rules").iter().filter_map(Value::as_str).collect();
    for finding in answer["findings"].as_array().expect("findings") {
        let id = finding["id"].as_str().expect("an id");
        assert!(looked_at.contains(&id), "{id} was not looked at: {looked_at:?}");
        let sure = finding["confidence"].as_f64().expect("a confidence");
        assert!((0.0..=1.0).contains(&sure), "{finding}");
        assert!(
            ["critical", "warning", "notice"].contains(&finding["severity"].as_str().unwrap_or(""))
        );
        for evidence in finding["evidence"].as_array().expect("evidence") {
            assert!(!evidence["what"].is_null() && !evidence["value"].is_null(), "{finding}");
        }
        for command in finding["next"].as_array().expect("commands") {
            assert!(command.as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        }
    }
}

/// Each fault is the first finding, with the place; nothing else is more severe.
#[test]
fn each_fault_is_found_first() {
    let faults = [
        ("hot", "thread-hot", "looks for what is not there"),
        ("outside", "slow-wait", "answer of the other side"),
        ("blocked", "thread-blocked", "computes"),
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
            nobody_says_all_is_well(&name);
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
    let cases: [Case; 8] = [
        ("sleeping-receiver", "thread-blocked", "write the row", &["lock-convoy"]),
        ("retries", "retry-storm", "upstream_retries", &["error-burst", "all-saturated"]),
        ("descriptors", "descriptor-limit", "descriptors", &["error-burst"]),
        (
            "blocked-executor",
            "slow-wait",
            "read the archive",
            &["blocked-executor", "operations-slow"],
        ),
        ("bursts", "bursty-queue", "inbox", &[]),
        ("slow-reader", "lock-convoy", "read by report", &[]),
        ("idle-pool", "", "", &[]),
        ("told-pool", "", "", &[]),
    ];
    let programs = cases.map(|(fault, ..)| {
        let name = program::name(fault);
        let start = format!("ulimit -n 64; exec \"$0\" {name} ails {fault}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &start]).arg(program::debug("fixture-behave", "fixture-behave"));
        let mut program = Program::start(&mut shell, &name);
        program.until_ready();
        (program, name)
    });
    for ((fault, id, named, besides), (program, name)) in cases.into_iter().zip(programs) {
        // Loads cover ten seconds then: before that less is said, and nothing else.
        wait::until("it has run for a while", DEADLINE, || {
            (program::board(program.pid())["uptime_ns"].as_u64() > Some(11_000_000_000))
                .then_some(())
        });
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        let mut said = ids(&answer);
        // The fixture has more numbers than the board has room for.
        said.retain(|id| !["windows-unseen", "losses"].contains(id));
        let first = said.first().copied().unwrap_or_default();
        assert_eq!(first, id, "{fault}: {answer:#}");
        let title = answer["findings"][0]["title"].as_str().unwrap_or_default();
        assert!(title.contains(named), "{fault}: {answer:#}");
        let other = said.iter().skip(1).find(|other| !besides.contains(other));
        assert_eq!(other, None, "{fault}: {answer:#}");
    }
}

/// What has one look may know less than `why`, and does not contradict it.
fn nobody_says_all_is_well(name: &str) {
    for arguments in [&["list", "--json", "-n", name][..], &["--json", "-n", name]] {
        let output = program::inspect(arguments);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let headline = &answer["boards"][0]["headline"];
        assert_ne!(headline["severity"], "ok", "{arguments:?}: {headline}");
    }
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
    let mut command = Command::new(program::debug("fixture-locks", "fixture-locks"));
    let mut program = Program::start(command.args([&name, "abba"]), &name);
    program.until_ready();
    first_is(&name, "deadlock");
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

/// `docs/why.md`: a row for each rule that runs, and each is in one of the two lists of what was tried, with their numbers.
#[test]
fn the_guide_has_each_rule_and_counts_them_rightly() {
    let name = program::name("rules");
    let (_program, _) = Program::behave(&name, &["numbers"]);
    let (answer, _) = why(&["-n", &name]);
    let rules: BTreeSet<&str> =
        answer["looked_at"].as_array().expect("rules").iter().filter_map(Value::as_str).collect();
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
    // "Of these 35 rules, 21 are …: `a`, `b`. The other 14 are …: `c`."
    let paragraph = |begin: &str| {
        let found = guide.split("\n\n").find(|text| text.starts_with(begin)).expect("a paragraph");
        let numbers: Vec<usize> =
            found.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        (numbers, quoted(found))
    };
    let (numbers, real) = paragraph("Of these ");
    let (other, made_up) = paragraph("The other ");
    assert_eq!(numbers, [rules.len(), real.len()]);
    assert_eq!(other, [made_up.len()]);
    let both: Vec<&str> = real.iter().chain(&made_up).map(String::as_str).collect();
    assert_eq!((both.len(), both.into_iter().collect::<BTreeSet<_>>()), (rules.len(), rules));
    // And are tried where the guide says so.
    let tried = |source: &str, ids: &[String]| {
        let missing: Vec<&String> =
            ids.iter().filter(|id| !source.contains(&format!("\"{id}\""))).collect();
        assert!(missing.is_empty(), "no test names {missing:?}");
    };
    tried(&read("tests/tests/why.rs"), &real);
    tried(&read("inspect/src/why/tests.rs"), &made_up);
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
    program::debug("scoreboard-inspect", "inspect");
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

/// A quota of its control group stops it: where groups can be made at all.
#[test]
fn who_is_throttled_by_a_control_group_is_told_so() {
    let name = program::name("throttled");
    let Some(group) = Group::with_quota(&name, 20) else {
        return tests::build::skip("control groups of processors cannot be made here");
    };
    let (program, _) = Program::behave(&name, &["ails", "busy"]);
    std::fs::write(group.0.join("cgroup.procs"), program.pid().to_string()).expect("a member");
    let answer = first_is(&name, "cpu-throttled");
    assert!(answer["verdict"].as_str().expect("a title").contains("quota"), "{answer}");
}

/// A control group for processors, of whichever version there is.
struct Group(std::path::PathBuf);

impl Group {
    /// May use so many hundredths of one processor.
    fn with_quota(name: &str, percent: u64) -> Option<Self> {
        let top = std::path::Path::new("/sys/fs/cgroup");
        let (old, new) = (top.join("cpu"), top.join("cgroup.controllers"));
        let is_old = old.join("cpu.stat").exists();
        let group = if is_old { old.join(name) } else { top.join(name) };
        if !is_old && !std::fs::read_to_string(new).ok()?.split(' ').any(|one| one == "cpu") {
            return None;
        }
        std::fs::create_dir(&group).ok()?;
        let group = Self(group);
        let quota = percent * 1_000;
        let written = match is_old {
            true => std::fs::write(group.0.join("cpu.cfs_quota_us"), quota.to_string()),
            false => std::fs::write(group.0.join("cpu.max"), format!("{quota} 100000")),
        };
        written.ok().map(|()| group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its member has been killed, and is gone in a moment.
        let gone = || std::fs::remove_dir(&self.0).is_ok().then_some(());
        wait::until("its group can be removed", Duration::from_secs(10), gone);
    }
}
