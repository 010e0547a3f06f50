//! The `tracing` layer: what a program's spans say is what its board shows.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program, boards, debug};
use tests::wait::until;

fn start(name: &str, what: &str) -> (Program, Vec<String>) {
    let mut command = Command::new(debug("fixture-spans"));
    let mut program = Program::start(command.args([name, what]), name);
    let said = program.until_ready();
    (program, said)
}

fn ops(pid: &str, field: &str) -> Vec<Value> {
    let mut board = boards(&["ops", "-p", pid, "--ended"]).remove(0);
    board[field].take().as_array().expect("a list").clone()
}

fn one<'a>(ops: &'a [Value], field: &str, value: &str) -> &'a Value {
    let found: Vec<_> = ops.iter().filter(|op| op[field] == value).collect();
    assert_eq!(found.len(), 1, "{field} {value}: {found:?} of {ops:#?}");
    found[0]
}

fn line_of(text: &str) -> u64 {
    let path = tests::build::root().join("tests/fixtures/spans/src/main.rs");
    let source = std::fs::read_to_string(path).expect("the fixture");
    (1..).zip(source.lines()).find(|(_, line)| line.contains(text)).expect("a line").0
}

#[test]
fn spans_in_flight_are_operations_with_fields_parent_status_thread_and_line() {
    let (program, _) = start(&program::name("spans"), "one-of-each");
    let pid = program.pid().to_string();
    let live = ops(&pid, "ops");

    let request = one(&live, "kind", "request");
    assert_eq!(request["label"], "path=/user/42 n=3");
    assert_eq!(request["peer"], "10.0.0.7:52044");
    assert_eq!((&request["status"], &request["parent"]), (&"parse".into(), &Value::Null));
    assert_eq!(request["begun_line"], line_of("path = \"/user/42\""));
    let inner = one(&live, "kind", "look up");
    assert_eq!(inner["label"], "table=Some(\"users\")");
    assert_eq!((&inner["parent"], &inner["thread"]), (&request["id"], &"server".into()));
    assert_eq!(inner["line"], line_of("at this line"));

    // Left out of order: one of the two is at work, in its own scope.
    let (first, second) = (one(&live, "kind", "first"), one(&live, "kind", "second"));
    assert_eq!((&first["working"], &second["working"]), (&false.into(), &true.into()));
    assert_eq!(second["parent"], Value::Null);
    let board = program::board(program.pid());
    let crossed = program::named(&board["threads"], "crossed");
    let stack: Vec<_> = crossed["stack"].as_array().expect("a stack").iter().collect();
    assert_eq!(stack.len(), 1, "{crossed:#}");
    assert_eq!(stack[0]["label"], "second");

    assert_eq!(one(&live, "kind", "root")["parent"], Value::Null);
    let other = one(&live, "kind", "other");
    assert_eq!(other["parent"], one(&live, "kind", "root")["id"]);
    assert_eq!(one(&live, "kind", "child of other")["parent"], other["id"]);
    let by_hand = one(&live, "kind", "by hand");
    assert_eq!(one(&live, "kind", "child of a hand")["parent"], by_hand["id"]);

    let left = one(&live, "kind", "left");
    assert_eq!((&left["future"], &left["working"]), (&true.into(), &false.into()));
    assert!(live.iter().all(|op| op["kind"] != "too fine"), "{live:#?}");
    // Its place in the source was reached before there was a board.
    assert_eq!(one(&live, "kind", "early")["label"], "number=2");
}

#[test]
fn spans_that_were_closed_show_how_they_ended() {
    let (program, _) = start(&program::name("closed-spans"), "one-of-each");
    let ended = ops(&program.pid().to_string(), "ended_ops");
    for (label, outcome) in [
        ("how=well", "ok"),
        ("how=with an error", "error"),
        ("how=with an error from elsewhere", "error"),
        ("how=by a panic", "panicked"),
        ("how=at once error=true", "error"),
        ("how=in words status=404 Not Found", "error"),
        ("how=fine otel.status_code=OK", "ok"),
        ("how=OTel otel.status_code=ERROR", "error"),
        ("how=200 http.response.status_code=200", "ok"),
    ] {
        assert_eq!(one(&ended, "label", label)["outcome"], outcome, "{label}");
    }
}

#[test]
fn what_is_recorded_later_is_shown() {
    let (program, _) = start(&program::name("late-spans"), "one-of-each");
    let live = ops(&program.pid().to_string(), "ops");
    let late = one(&live, "kind", "late");
    assert_eq!(
        (&late["label"], &late["peer"]),
        (&"n=1 tenant=acme".into(), &"10.0.0.9:1883".into())
    );
}

/// A span does not say what its thread does: the kernel does.
#[test]
fn a_thread_in_a_span_works_or_waits_as_the_kernel_has_it() {
    let (program, _) = start(&program::name("waiting-spans"), "one-of-each");
    let soon = Duration::from_secs(20);
    until("one that waits beside one that works", soon, || {
        let board = program::board(program.pid());
        let class = |name| program::named(&board["threads"], name)["class"].clone();
        (class("joins") == "wait" && class("works") == "work").then_some(())
    });
    // So do samples, now and in a recording.
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("spans.rec").to_str().expect("UTF-8").to_owned();
    let pid = program.pid().to_string();
    let taken = program::inspect(&["record", "-d", "2s", "-o", &recording, "-p", &pid]);
    assert!(taken.status.success(), "{taken:?}");
    for (name, most) in [("joins", "wait"), ("works", "work")] {
        let report = ["report", &recording, "--thread", name, "--by", "line", "--idle", "--json"];
        let output = program::inspect(&report);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let rows = report["lines"].as_array().expect("lines");
        let samples = |class: &str| -> u64 {
            let rows = rows.iter().filter(|row| class.is_empty() || row["class"] == class);
            rows.filter_map(|row| row["samples"].as_u64()).sum()
        };
        assert!(samples(most) * 10 >= samples("") * 8, "{name}: {report:#}");
    }
    // Out of every span it says what it did last.
    let board = program::board(program.pid());
    let between = program::named(&board["threads"], "between");
    assert_eq!((&between["class"], &between["label"]), (&Value::Null, &"over".into()));
}

/// Of a thread whose program does not tell its load, the time in spans does; who is in one for ever serves nobody.
#[test]
fn load_is_the_time_in_spans_where_nothing_else_tells_it() {
    let (program, _) = start(&program::name("span-loads"), "loads");
    let soon = Duration::from_secs(60);
    let close = |board: &Value, name: &str, inside: &str, up: &str| {
        let load = program::named(&board["threads"], name)["load"]["60s"].as_f64();
        let gauge = |name| program::named(&board["gauges"], name)["value"].as_f64().unwrap_or(0.0);
        // All of the thread's life, once that is long beside a single turn.
        let own = gauge(inside) / gauge(up).max(1.0);
        load.is_some_and(|load| (load - own).abs() < 0.05) && gauge(up) > 1e6
    };
    until("loads as the threads have them themselves", soon, || {
        let board = program::board(program.pid());
        // Naively one in a span for all its life would be fully loaded.
        let framed = program::named(&board["threads"], "framed")["load"]["1s"].as_f64();
        (close(&board, "worker", "worker_in", "worker_up") && framed.is_some_and(|load| load < 0.9))
            .then_some(())
    });
    let board = program::board(program.pid());
    let load = |name| program::named(&board["threads"], name)["load"].clone();
    assert_eq!(load("joins")["1s"], Value::Null, "{:#}", load("joins"));
    // Who says himself what his jobs are is believed.
    assert!(load("tells")["60s"].as_f64().is_some_and(|load| load < 0.5), "{:#}", load("tells"));
}

/// How many ended in which way, and how often.
#[test]
fn spans_are_counted_by_how_they_ended_and_by_their_status() {
    let (program, _) = start(&program::name("span-ends"), "loads");
    let board = program::board(program.pid());
    let kinds = board["op_kinds"].as_array().expect("kinds");
    let answered = kinds.iter().find(|kind| kind["kind"] == "answered").expect("a kind");
    let want = serde_json::json!({ "ok": 100, "error": 200, "cancelled": 0, "panicked": 0 });
    assert_eq!(answered["since_start"], want);
    let rates = &answered["rates"];
    let per_s = |end: &str| rates[end].as_f64().expect("a rate");
    let seconds = rates["over_ns"].as_f64().expect("a time") / 1e9;
    assert!((per_s("ok") * seconds - 100.0).abs() < 1.0, "{rates}");
    assert!((per_s("error") * seconds - 200.0).abs() < 1.0, "{rates}");
    let counters = board["counters"].as_array().expect("counters").iter();
    let statuses: Vec<_> = counters
        .filter(|counter| counter["name"] == "span_requests")
        .map(|counter| (counter["labels"]["end"].clone(), counter["value"].clone()))
        .collect();
    assert_eq!(statuses, ["2xx", "4xx", "5xx"].map(|end| (end.into(), 100.into())));
    let table = program::inspect(&["ops", "--by", "kind", "-p", &program.pid().to_string()]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("OK/s") && table.contains("answered"), "{table}");
}

/// `GHOSTS=N` for more than a gate has time for. The registry by itself loses closes: `fixture-spans NAME without N`
/// says how many spans were made and how many closed, 5 to 60 fewer of a million.
#[test]
fn of_very_many_spans_none_is_left() {
    let spans = std::env::var("GHOSTS").unwrap_or_else(|_| "300000".to_owned());
    let name = program::name("ghost-spans");
    let mut command = Command::new(debug("fixture-spans"));
    let mut program = Program::start(command.args([&name, "ghosts", &spans]), &name);
    let said = program.until_ready().remove(0);
    let (made, closed) = said.split_once(' ').expect("two counts");
    assert_eq!(made, closed, "as another layer counted them");
    let board = boards(&["ops", "-p", &program.pid().to_string()]).remove(0);
    assert_eq!(board["ops"], serde_json::json!([]));
    assert_eq!((&board["lost"]["ops"], &board["lost"]["signals"]), (&0.into(), &0.into()));
}

/// Their sites were made at run time, as those of wrapped locks and of `tower` are.
#[test]
fn a_list_on_a_signal_knows_the_places_of_spans() {
    let name = program::name("listed-spans");
    let mut command = Command::new(debug("fixture-spans"));
    command.args([&name, "lists"]).stderr(std::process::Stdio::piped());
    let mut program = Program::start(&mut command, &name);
    program.until_ready();
    let mut stderr = std::io::BufReader::new(program.child.stderr.take().expect("piped"));
    program.signal(nix::sys::signal::Signal::SIGUSR1);
    let block = tests::list::next(&mut stderr);
    let line = |words: [&str; 2]| {
        let mut lines = block.iter().filter(|line| words.iter().all(|word| line.contains(word)));
        lines.next().unwrap_or_else(|| panic!("no {words:?} in {block:#?}")).clone()
    };
    let request = line(["op ", "/user/42"]);
    assert!(request.contains("request") && request.contains("parse for "), "{request}");
    let server = line(["thread ", "server"]);
    assert!(server.contains("work") && server.contains("main.rs:"), "{server}");
}

#[test]
fn a_forked_child_describes_the_spans_that_its_parent_reached() {
    let (program, said) = start(&program::name("forked-spans"), "fork");
    let live = ops(&said[0], "ops");
    let kinds: Vec<_> = live.iter().map(|op| op["kind"].clone()).collect();
    assert_eq!(live.len(), 2, "{live:#?}");
    assert!(kinds.contains(&"early".into()) && kinds.contains(&"in the child".into()));
    let child = nix::unistd::Pid::from_raw(said[0].parse().expect("a pid"));
    let _ = nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL);
    drop(program);
}

#[test]
fn spans_reached_by_many_threads_at_once_are_described_once_and_none_is_missed() {
    let (program, _) = start(&program::name("many-spans"), "many");
    let pid = program.pid().to_string();
    let board = boards(&["ops", "-p", &pid]).remove(0);
    let histograms = board["histograms"].as_array().expect("histograms");
    let of_the_16 = |times: &&Value| times["labels"]["kind"].as_str().map(str::len) == Some(1);
    let counts: Vec<_> = histograms.iter().filter(of_the_16).map(|times| &times["count"]).collect();
    assert_eq!(counts, [8000; 16]);
    let statuses = board["op_statuses"].as_array().expect("statuses");
    assert_eq!(statuses.len(), 16);
    assert!(statuses.iter().all(|status| status["taken"] == 8000), "{statuses:#?}");
    assert_eq!((&board["lost"]["ops"], &board["lost"]["sites"]), (&0.into(), &0.into()));
    drop(program);
}

/// mini-redis, as its authors published it.
#[test]
fn a_program_that_nobody_here_wrote_lights_up() {
    let mut command = Command::new(debug("example-tracing"));
    let mut program = Program::start(command.args(["127.0.0.1:0", "3"]), "example-tracing");
    let address = program.until_ready().remove(0);
    let pid = program.pid().to_string();
    let soon = Duration::from_secs(20);
    let live = || ops(&pid, "ops");
    let of_kind = |ops: &[Value], kind: &str| {
        ops.iter().filter(|op| op["kind"] == kind).cloned().collect::<Vec<_>>()
    };

    // Under the load of its own three clients: their connections, their commands with key and value.
    until("three connections", soon, || (of_kind(&live(), "run").len() == 3).then_some(()));
    let ended = until("commands that ended", soon, || {
        let ended = ops(&pid, "ended_ops");
        let all = ["get", "set", "apply"].iter().all(|kind| !of_kind(&ended, kind).is_empty());
        all.then_some(ended)
    });
    let set = &of_kind(&ended, "set")[0];
    assert!(set["label"].as_str().expect("a label").starts_with("key=user:"), "{set}");
    assert_eq!(set["outcome"], "ok");

    // Ours say half a command and stall: their connections wait, at a line of mini-redis's.
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let mut client = std::net::TcpStream::connect(&address).expect("it listens");
            std::io::Write::write_all(&mut client, b"*2\r\n$3\r\nGET\r\n").expect("half of it");
            client
        })
        .collect();
    let stalled = until("the stalled clients' connections", soon, || {
        let idle =
            |op: &Value| op["working"] == false && op["turned_ns"].as_u64() > Some(1_000_000_000);
        let mut runs = of_kind(&live(), "run");
        runs.retain(idle);
        (runs.len() == clients.len()).then_some(runs)
    });
    for run in &stalled {
        assert_eq!((&run["future"], &run["thread"]), (&true.into(), &Value::Null));
        let file = run["file"].as_str().expect("a file");
        assert!(file.contains("mini-redis") && file.ends_with("server.rs"), "{file}");
    }
    drop(clients);
    until("the end of their connections", soon, || {
        (of_kind(&live(), "run").len() == 3).then_some(())
    });
    let ids: Vec<_> = stalled.iter().map(|run| run["id"].clone()).collect();
    assert!(live().iter().all(|op| !ids.contains(&op["id"])));
}
