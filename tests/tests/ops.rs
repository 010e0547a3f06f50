//! Operations: what a program has in flight, and how what ended did end, is what its board shows.

use std::process::{Command, Stdio};

use serde_json::Value;
use tests::program::{self, Program, boards};

/// The operations of a board: in flight, and ended.
fn ops(program: &Program, arguments: &[&str]) -> (Vec<Value>, Vec<Value>, Value) {
    let pid = program.pid().to_string();
    let mut board = boards(&[&["ops", "-p", &pid], arguments].concat()).remove(0);
    let list = |value: &mut Value| value.take().as_array().expect("a list").clone();
    (list(&mut board["ops"]), list(&mut board["ended_ops"]), board)
}

fn one<'a>(ops: &'a [Value], field: &str, value: &str) -> &'a Value {
    let found: Vec<_> = ops.iter().filter(|op| op[field] == value).collect();
    assert_eq!(found.len(), 1, "{field} {value}: {found:?}");
    found[0]
}

fn statuses(op: &Value) -> Vec<&str> {
    let history = op["history"].as_array().expect("a history");
    history.iter().map(|status| status["status"].as_str().expect("a name")).collect()
}

#[test]
fn what_is_in_flight_is_shown_with_its_status_thread_and_line() {
    let (program, _) = Program::behave(&program::name("operations"), &["operations"]);
    let (live, _, board) = ops(&program, &[]);
    assert_eq!(live.len(), 6, "{live:#?}");
    assert_eq!(board["capacity"]["ops"], serde_json::json!({"used": 6, "max": 256}));

    let request = one(&live, "kind", "request");
    assert_eq!((&request["label"], &request["status"]), (&"GET /user/42".into(), &"lock".into()));
    assert_eq!(statuses(request), ["parse", "lock"]);
    assert_eq!((&request["thread"], &request["working"]), (&"server".into(), &true.into()));
    assert!(request["file"].as_str().expect("a file").ends_with("operations.rs"));
    let connection = one(&live, "kind", "connection");
    assert_eq!(request["parent"], connection["id"]);
    assert_eq!(connection["peer"], "10.0.0.7:52044");
    assert_eq!((&connection["served"], &connection["label"]), (&41.into(), &Value::Null));
    assert!(connection["age_ns"].as_u64() >= request["age_ns"].as_u64());

    assert_eq!(connection["active_ns"], Value::Null, "it rests between requests");
    let (over, _, _) = ops(&program, &["--over", "1ms"]);
    assert!(over.iter().all(|op| op["kind"] != "connection") && over.len() == 5, "{over:#?}");
    let blocked = one(&live, "label", "blocks its thread");
    assert_eq!((&blocked["working"], &blocked["thread"]), (&true.into(), &"blocker".into()));
    let forgotten = one(&live, "label", "nobody wakes it");
    assert_eq!((&forgotten["working"], &forgotten["thread"]), (&false.into(), &Value::Null));
    assert_eq!((&forgotten["future"], &forgotten["leaked"]), (&true.into(), &false.into()));

    let left = one(&live, "label", "left behind");
    assert_eq!((&left["leaked"], &left["thread"]), (&true.into(), &Value::Null));
    let secret = one(&live, "kind", "secret");
    assert_eq!((&secret["label"], &secret["sensitive"]), (&Value::Null, &true.into()));
    assert!(live.iter().all(|op| op["cancellable"] == false && op["outcome"] == Value::Null));
}

#[test]
fn what_ended_is_shown_with_its_outcome_and_never_as_in_flight() {
    let (program, _) = Program::behave(&program::name("outcomes"), &["operations"]);
    let (_, ended, _) = ops(&program, &["--ended"]);
    for (label, outcome) in [
        ("well", "ok"),
        ("badly", "error"),
        ("dropped", "cancelled"),
        ("by a panic", "panicked"),
        ("with an error", "error"),
        ("as told", "cancelled"),
    ] {
        assert_eq!(one(&ended, "label", label)["outcome"], outcome, "{label}");
    }
    assert_eq!(ended.len(), 6);
    // The last that ended comes first.
    assert_eq!(ended[0]["label"], "as told");
}

#[test]
fn a_stream_is_a_document_a_line() {
    let (program, _) = Program::behave(&program::name("stream"), &["operations"]);
    let pid = program.pid().to_string();
    let output =
        program::inspect(&["ops", "-p", &pid, "--jsonl", "--count", "3", "--interval", "10ms"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let documents: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(documents.len(), 3);
    assert!(documents.iter().all(|one| one["boards"][0]["ops"].as_array().is_some()));
}

#[test]
fn a_function_that_returns_a_future_is_what_its_future_is() {
    let (program, _) = Program::behave(&program::name("returned"), &["returned-futures"]);
    let (live, ended, _) = ops(&program, &[]);
    // By `async-trait`, by hand, unboxed, from elsewhere, returned early: all are in flight.
    for label in ["PUT 2", "by hand 3", "unboxed 4", "from elsewhere", "early true"] {
        let op = one(&live, "label", label);
        assert_eq!((&op["kind"], &op["future"]), (&"request".into(), &true.into()), "{op}");
    }
    assert_eq!(one(&live, "label", "PUT 2")["status"], "waits");
    assert_eq!(one(&ended, "label", "early false")["outcome"], "ok");
    // One that was never polled never began.
    assert!(!live.iter().chain(&ended).any(|op| op["label"] == "PUT 5"), "{live:#?}");
    // A scope is entered by the poll, and not by the call.
    let board = boards(&["-p", &program.pid().to_string()]).remove(0);
    let stack = board["threads"][0]["stack"].as_array().expect("a stack");
    assert_eq!((&stack[0]["label"], &stack[0]["arg"]), (&"get of the trait".into(), &1.into()));
}

#[test]
fn a_function_is_an_operation_by_its_attribute() {
    let (program, _) = Program::behave(&program::name("by-attribute"), &["by-attribute"]);
    let (live, ended, _) = ops(&program, &[]);
    assert!(live.is_empty());
    assert_eq!(one(&ended, "kind", "instrumented")["outcome"], "ok");
    let request = one(&ended, "kind", "request");
    assert_eq!((&request["label"], &request["future"]), (&"GET /user".into(), &true.into()));
}

#[test]
fn a_full_table_is_counted_and_what_ends_makes_room() {
    let (program, _) = Program::behave(&program::name("too-many"), &["too-many", "300", "10"]);
    let (live, _, board) = ops(&program, &[]);
    let lost = board["lost"]["ops"].as_u64().expect("a count");
    // Room for 256, and for the 80 that could only be remembered after their end.
    assert_eq!(
        (live.len(), lost),
        (290, 0),
        "what may be remembered is lent as long as nothing ended"
    );
    drop(program);
    let (program, _) = Program::behave(&program::name("far-too-many"), &["too-many", "400", "10"]);
    let (live, _, board) = ops(&program, &[]);
    assert_eq!(board["lost"]["ops"], 400 - 336);
    assert_eq!(live.len(), 336 - 10);
}

#[test]
fn what_has_no_id_is_said_and_what_has_no_room_is_counted() {
    use std::collections::HashSet;
    use std::io::Read as _;
    // More than any board has: beyond 65,534 an id of 16 bits for the record would name two of them.
    let name = program::name("so-many");
    let mut command = Command::new(program::debug("fixture-behave"));
    command.args([&name, "so-many", "20000", "0"]).stderr(Stdio::piped());
    let mut program = Program::start(&mut command, &name);
    program.until_ready();
    let (live, _, board) = ops(&program, &[]);
    let room = 16_384 + 80;
    assert_eq!((live.len(), &board["lost"]["ops"]), (room, &(20_000 - room).into()));
    let ids: HashSet<_> = live.iter().map(|op| op["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), room, "an id for each");
    let labels: HashSet<_> = live.iter().map(|op| op["label"].as_str().expect("a label")).collect();
    assert_eq!(labels.len(), room, "each as it began");
    program.kill();
    let mut said = String::new();
    program.child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert!(said.contains("ops(1000000): there are 16384"), "{said}");

    // As many as a size lets it have, and not one more that is neither shown nor counted.
    let name = program::name("by-size");
    let mut command = Command::new(program::debug("fixture-behave"));
    command.args([&name, "too-many", "20000", "0"]).env("PROBE_SIZE", "1000000000");
    let mut program = Program::start(&mut command, &name);
    program.until_ready();
    let (live, _, board) = ops(&program, &[]);
    let lost = board["lost"]["ops"].as_u64().expect("a count");
    assert_eq!(live.len() as u64 + lost, 20_000);
    assert!(live.len() > 2560, "{} of 20000", live.len());
    // Less than was asked for is said, on the board too.
    let remarks = board["facts"]["probe_remarks"].as_str().expect("a remark");
    assert!(remarks.contains("PROBE_SIZE=1000000000: a board has at most 67108864"), "{remarks}");
}

#[test]
fn of_very_many_operations_none_is_left() {
    // `GHOSTS=100000000` for a night.
    let wanted = std::env::var("GHOSTS").unwrap_or_else(|_| "1000000".to_owned());
    let (program, said) = Program::behave(&program::name("ghosts"), &["ghosts", &wanted]);
    let begun: u64 = said[0].trim().parse().expect("a number");
    assert!(begun >= wanted.parse().expect("a number"));
    let (live, _, board) = ops(&program, &[]);
    assert!(live.is_empty(), "{live:#?}");
    // And it is not that they never were: all that found room ended.
    let times = board["histograms"].as_array().expect("a list");
    let ended = times.iter().filter(|one| one["name"] == "op_time");
    let ended: u64 = ended.filter_map(|one| one["count"].as_u64()).sum();
    assert_eq!((ended, &board["lost"]["ops"]), (begun, &0.into()));
    for lost in ["signals", "healed", "misuse", "metrics"] {
        assert_eq!(board["lost"][lost], 0, "{lost}");
    }
}

#[test]
fn what_is_known_later_is_shown_in_place_of_what_was() {
    let (program, _) = Program::behave(&program::name("later"), &["known-later"]);
    let (live, ended, _) = ops(&program, &["--ended"]);
    let connection = one(&live, "kind", "connection");
    assert_eq!(connection["label"], "client 7, authenticated");
    assert_eq!(
        (&connection["peer"], &connection["peer_cut"]),
        (&"10.0.0.9:1".into(), &false.into())
    );
    let here = one(&live, "kind", "request");
    assert_eq!((&here["label"], &here["peer"]), (&"of client 7".into(), &"proxied".into()));
    let secret = one(&live, "kind", "secret");
    assert_eq!((&secret["label"], &secret["sensitive"]), (&Value::Null, &true.into()));
    let far = one(&live, "kind", "outer");
    assert_eq!(far["peer_cut"], true);
    let rests = one(&live, "kind", "around");
    assert_eq!((&rests["status"], &rests["active_ns"]), (&"idle".into(), &Value::Null));
    assert_eq!(one(&ended, "kind", "ended")["label"], "known at its end");
    // In words: an address that is cut is not another address.
    let pid = program.pid().to_string();
    let text = program::inspect(&["ops", "-p", &pid]);
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    let row = text.lines().find(|line| line.contains("outer")).expect("its row");
    assert!(row.contains("from [2001:db8:85a3:1111:2222:8a2e:370:7334]:…"), "{row}");
}

#[test]
fn time_in_each_status_is_added_up_for_one_and_for_all() {
    let (program, _) =
        Program::behave(&program::name("statuses"), &["one-after-the-other", "1000"]);
    let (live, ended, board) = ops(&program, &["--ended"]);
    assert!(live.is_empty());
    let last = &ended[0];
    assert_eq!(last["label"], "number 999");
    // The ring holds the last five of six; the totals hold all of them.
    assert_eq!(statuses(last), ["second", "first", "second", "first", "second"]);
    let totals = last["totals"].as_array().expect("totals");
    assert_eq!(totals.len(), 2, "{totals:?}");
    let sum: u64 = totals.iter().filter_map(|total| total["ns"].as_u64()).sum();
    let age = last["age_ns"].as_u64().expect("an age");
    // Each packed time is cut by up to 100 ns, or 256 where the clock counts nanoseconds.
    assert!(sum <= age + 3 * 256, "{sum} of {age}");
    for status in board["op_statuses"].as_array().expect("statuses") {
        assert_eq!(status["taken"], 3000, "{status}");
    }
    let times: Vec<_> = board["histograms"]
        .as_array()
        .expect("histograms")
        .iter()
        .filter(|times| times["name"] == "op_time" && times["labels"]["kind"] == "job")
        .map(|times| times["count"].clone())
        .collect();
    assert_eq!(times, [1000]);
    // The slowest of a kind stay, and the last of this thread.
    assert!(ended.len() >= 4 + 8, "{} are still there", ended.len());
}

#[test]
fn a_status_is_of_what_its_thread_works_on_and_of_nothing_else() {
    let (program, _) = Program::behave(&program::name("not-theirs"), &["not-theirs"]);
    let (live, _, _) = ops(&program, &[]);
    assert_eq!(statuses(one(&live, "label", "handed on")), ["its own"]);
    assert_eq!(one(&live, "label", "after that")["parent"], Value::Null);
    assert_eq!(statuses(one(&live, "label", "of one without room")), ["its own again"]);
}

/// A record outlives its operation, and a waker holds its task: with that the way back to an executor that ends when
/// nobody has one any more. What goes with a task may be an operation itself.
#[test]
fn an_operation_that_ended_holds_nobodys_task() {
    let name = program::name("executor");
    program::debug("inspect");
    let mut command = Command::new(program::debug("fixture-hazards"));
    let mut program = Program::talking(command.args([&name, "executor"]), &name);
    assert_eq!(program.line(), "all tasks are gone");
    let (live, ended, board) = ops(&program, &[]);
    assert_eq!((live.len(), &board["lost"]["signals"]), (0, &0.into()), "{live:?}");
    for kind in ["goes first", "goes with it"] {
        assert_eq!(one(&ended, "kind", kind)["outcome"], "ok");
    }
    assert_eq!(statuses(one(&ended, "kind", "goes first")), ["goes"]);
}

/// `inspect ops cancel`: exit code, stdout, stderr.
fn cancel(program: &Program, id: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let pid = program.pid().to_string();
    let arguments = [&["ops", "cancel", id, "-p", &pid], more].concat();
    let output = program::inspect(&arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn exactly_the_operation_that_is_meant_is_asked_to_end() {
    let (program, _) = Program::behave(&program::name("cancel"), &["cancellable"]);
    let (live, _, _) = ops(&program, &[]);
    assert!(live.iter().all(|op| op["cancellable"] == true), "{live:#?}");
    let id = |label: &str| one(&live, "label", label)["id"].as_str().expect("an id").to_owned();
    for label in ["looks at its status", "looks in its loop", "never ready"] {
        let (code, said, why) = cancel(&program, &id(label), &[]);
        assert_eq!(code, Some(0), "{label}: {why}");
        assert!(said.contains("cancelled"), "{label}: {said}");
    }
    let (still, ended, _) = ops(&program, &[]);
    assert_eq!(still.len(), 1, "the others go on: {still:#?}");
    for label in ["looks at its status", "looks in its loop", "never ready"] {
        assert_eq!(one(&ended, "label", label)["outcome"], "cancelled");
    }
    // Who never looks goes on, and the command says so.
    let (code, _, why) = cancel(&program, &id("never looks"), &["--timeout", "100ms"]);
    assert_eq!(code, Some(1));
    assert!(why.contains("still in flight (deaf)"), "{why}");
    let (still, _, _) = ops(&program, &[]);
    assert_eq!((&still[0]["cancelled"], &still[0]["outcome"]), (&true.into(), &Value::Null));
    // Repeated, forged and malformed ids meet nothing.
    let done = id("never ready");
    let (index, generation) = done.split_once('-').expect("an id has two parts");
    let forged = format!("{index}-{}", generation.parse::<u64>().expect("a number") + 1);
    for (wrong, expected) in [
        (done.as_str(), 1),
        (&forged, 1),
        ("7", 2),
        ("x-1", 2),
        ("+1-1", 2),
        ("1-99999999999999999", 2),
    ] {
        assert_eq!(cancel(&program, wrong, &[]).0, Some(expected), "{wrong}");
    }
}

#[test]
fn a_saved_board_asks_nobody() {
    let (program, _) = Program::behave(&program::name("saved-cancel"), &["cancellable"]);
    let (live, _, _) = ops(&program, &[]);
    let id = one(&live, "label", "never ready")["id"].as_str().expect("an id").to_owned();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("saved").display().to_string();
    let pid = program.pid().to_string();
    assert!(program::inspect(&["dump", "-p", &pid, "-o", &file]).status.success());
    let output = program::inspect(&["ops", "cancel", &id, "-f", &file]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let (after, _, _) = ops(&program, &[]);
    assert_eq!((after.len(), &one(&after, "id", &id)["cancelled"]), (live.len(), &false.into()));
}

#[test]
fn without_consent_nothing_is_cancelled() {
    let (program, _) = Program::behave(&program::name("no-cancel"), &["operations"]);
    let (live, _, _) = ops(&program, &[]);
    let id = live[0]["id"].as_str().expect("an id");
    let (code, _, why) = cancel(&program, id, &[]);
    assert_eq!(code, Some(4));
    assert!(why.contains("does not let its operations be cancelled"), "{why}");
}

#[test]
fn the_door_believes_nothing() {
    use std::io::{Read, Write};
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let (program, _) = Program::behave(&program::name("cancel-socket"), &["cancellable"]);
    let (before, _, board) = ops(&program, &[]);
    let instance = board["instance"].as_u64().expect("a number");
    let name = format!("scoreboard-cancel-{instance:016x}");
    let connect = |bytes: &[u8]| -> Vec<u8> {
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let mut stream = UnixStream::connect_addr(&address).expect("the cancel socket is there");
        // The daemon may have hung up already.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    };
    let request =
        |instance: u64, id: u64| [*b"SCOREBC1", instance.to_le_bytes(), id.to_le_bytes()].concat();
    // Another run of the daemon, records that do not exist, generations that never were, no request at all.
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..2000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Generation 1 is what is in flight in this fixture: it is left out.
        let id = if seed >> 16 & 0xffff_ffff_ffff == 1 { seed ^ 1 << 17 } else { seed };
        assert_eq!(connect(&request(instance, id)).last(), Some(&2));
        assert_eq!(connect(&request(instance ^ seed, 1 << 16 | 1)).last(), Some(&2));
    }
    // Generation 0 is nobody's, also of a record that nobody has.
    assert_eq!(connect(&request(instance, 300)).last(), Some(&2));
    assert_eq!(connect(b"GET / HTTP/1.1\r\nHost: x\r\n").last(), Some(&3));
    assert_eq!(connect(b"short"), b"");
    let (after, _, _) = ops(&program, &[]);
    assert_eq!(before.len(), after.len());
    assert!(after.iter().all(|op| op["cancelled"] == false));
}

#[test]
fn a_signal_lists_what_is_in_flight_on_stderr() {
    use std::io::{BufRead, BufReader};
    let name = program::name("on-signal");
    let mut child = Command::new(program::debug("fixture-behave"))
        .args([&name, "on-signal"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the fixture starts");
    let mut said =
        BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(said.any(|line| line == "ready"));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGUSR1).expect("signalled");
    assert!(said.any(|line| line == "handled before"), "the handler that was there is called");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let block = tests::list::next(&mut stderr);
    child.kill().expect("killed");
    child.wait().expect("ended");
    program::remove_boards(&name);
    let text = block.join("\n");
    assert!(
        block[0].contains(&format!("pid {pid}")) && block[0].contains("6 operations"),
        "{text}"
    );
    let ops: Vec<_> = block.iter().filter(|line| line.trim_start().starts_with("op ")).collect();
    assert_eq!(ops.len(), 6, "{text}");
    // The oldest first, each with what it is, its status and its thread.
    assert!(ops[0].contains("connection") && ops[0].contains("from 10.0.0.7:52044"), "{text}");
    assert!(ops[1].contains("lock for") && ops[1].contains("on server"), "{text}");
    assert!(ops[1].contains("GET /user/42"), "{text}");
    assert!(text.contains("not being polled") && text.contains("its thread is gone"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let thread = block.iter().find(|line| line.contains("thread server")).expect("its thread");
    assert!(thread.contains("wait") && thread.contains("operations.rs:"), "{text}");
}

/// An operator who is told that a signal lists sends it: had nothing been installed, that would end the daemon.
#[test]
fn each_signal_that_is_said_to_list_lists_and_no_other_is_said_to() {
    let name = program::name("lists");
    let mut command = Command::new(program::debug("fixture-hazards"));
    command.args([&name, "lists"]).stderr(Stdio::piped());
    let mut program = Program::talking(&mut command, &name);
    assert_eq!(program.line(), "false false true true true false");
    let mut stderr = std::io::BufReader::new(program.child.stderr.take().expect("piped"));
    for signal in [nix::sys::signal::Signal::SIGUSR2, nix::sys::signal::Signal::SIGUSR1] {
        program.signal(signal);
        let block = tests::list::next(&mut stderr).join("\n");
        assert!(block.contains("at work"), "{signal}: {block}");
    }
    assert!(program.child.try_wait().expect("its state").is_none());
}
