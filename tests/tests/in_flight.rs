//! The demo daemon shows every connection and what waits in it, and ends exactly what it is asked to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tests::demo::Demo;
use tests::{program, wait};

/// Longer than anything here takes; only a failure waits for it.
const DEADLINE: Duration = Duration::from_secs(60);

fn start(options: &[&str]) -> (Demo, tempfile::TempDir) {
    let data = tempfile::tempdir().expect("a folder");
    (Demo::start(&program::name("in-flight"), data.path(), options), data)
}

/// What `inspect ops` lists of a daemon.
fn ops(demo: &Demo, more: &[&str]) -> Vec<Value> {
    let pid = demo.child.id().to_string();
    let mut board = program::boards(&[&["ops", "-p", &pid], more].concat()).remove(0);
    board["ops"].take().as_array().expect("a list").clone()
}

/// The operation in flight that has this, once it is there.
#[track_caller]
fn found(demo: &Demo, more: &[&str], what: &str, has: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, DEADLINE, || ops(demo, more).into_iter().find(&has))
}

#[track_caller]
fn nothing_in_flight(demo: &Demo) {
    wait::until("nothing is in flight", DEADLINE, || ops(demo, &[]).is_empty().then_some(()));
}

/// `inspect ops cancel`, which must do it; what it says.
#[track_caller]
fn cancel(demo: &Demo, op: &Value) -> String {
    let pid = demo.child.id().to_string();
    let id = op["id"].as_str().expect("an id");
    let output = program::inspect(&["ops", "cancel", id, "-p", &pid, "--timeout", "60s"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("cancelled"), "{op}: {output:?}");
    said
}

fn raw(demo: &Demo) -> TcpStream {
    let stream = TcpStream::connect(&demo.address).expect("the daemon accepts");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream
}

#[test]
fn a_client_that_stops_in_the_middle_of_a_command_is_found_and_ended() {
    let (demo, _data) = start(&[]);
    let mut idle = demo.connect();
    assert_eq!(idle.ask(&["PING"]), "+PONG");
    let mut half = raw(&demo);
    half.write_all(b"*3\r\n$3\r\nSET\r\n$3\r\nk").expect("the daemon reads");
    let over = ["--over", "1s"];
    let stalled = found(&demo, &over, "the stalled client", |op| op["kind"] == "connection");
    assert_eq!(stalled["status"], "receive a command");
    assert_eq!(stalled["peer"], half.local_addr().expect("its address").to_string());
    assert_eq!((&stalled["served"], &stalled["cancellable"]), (&0.into(), &true.into()));
    // The other one is older, and rests.
    assert_eq!(ops(&demo, &over).len(), 1);
    assert_eq!(ops(&demo, &[]).len(), 2);
    // Bytes that trickle in do not make it younger.
    half.write_all(b"ey").expect("the daemon reads");
    cancel(&demo, &stalled);
    let mut said = String::new();
    half.read_to_string(&mut said).expect("the daemon closes it");
    assert_eq!(said, "-CANCELLED the connection was cancelled, nothing more is run\r\n");
    assert_eq!(idle.ask(&["PING"]), "+PONG");
    drop(idle);
    nothing_in_flight(&demo);
}

#[test]
fn a_write_that_waits_for_a_slow_commit_is_found_and_its_client_gets_an_error() {
    let (demo, _data) = start(&["--show-keys", "--ack", "durable", "--slow-commit", "1h"]);
    let mut writers: Vec<_> = (0..3).map(|_| demo.connect()).collect();
    for (number, writer) in writers.iter_mut().enumerate() {
        writer.send(&["SET", &format!("slow:{number}"), "1"]).expect("the daemon reads");
    }
    let is = |label: &str| {
        let label = label.to_owned();
        move |op: &Value| op["kind"] == "command" && op["label"] == *label
    };
    let over = ["--over", "1s"];
    let slow = found(&demo, &over, "the slow commit", is("SET slow:1"));
    assert_eq!((&slow["status"], &slow["thread"]), (&"updates".into(), &Value::Null));
    // Its connection waits for it, and is what it belongs to.
    let parent = |op: &Value| op["id"] == slow["parent"];
    let connection = found(&demo, &over, "its connection", parent);
    assert_eq!(
        (&connection["kind"], &connection["status"]),
        (&"connection".into(), &"command waits".into())
    );

    let said = cancel(&demo, &slow);
    assert!(said.contains("command SET slow:1: cancelled"), "{said}");
    let reply = writers[1].reply().expect("a reply");
    assert!(reply.starts_with("-CANCELLED ") && reply.contains("still writes it"), "{reply}");
    // It goes on, and so do the others: reads are answered, writes wait as before.
    assert_eq!(writers[1].ask(&["GET", "slow:1"]), "1");
    for label in ["SET slow:0", "SET slow:2"] {
        let other = found(&demo, &over, label, is(label));
        assert_eq!((&other["status"], &other["cancelled"]), (&"updates".into(), &false.into()));
    }
    assert!(!ops(&demo, &[]).iter().any(is("SET slow:1")));
    // Who leaves while his write waits has not taken it back: it is in flight until its commit, or the end.
    for label in ["SET slow:0", "SET slow:2"] {
        cancel(&demo, &found(&demo, &[], label, is(label)));
    }
    drop(writers);
    nothing_in_flight(&demo);
}

#[test]
fn a_write_that_waits_for_the_backlog_is_ended_before_it_is_run() {
    let (demo, _data) = start(&["--show-keys", "--backlog-jobs", "1", "--slow-commit", "1h"]);
    let mut writer = demo.connect();
    let mut sent = 0;
    // Writes are taken until the backlog is full.
    let held = wait::until("a held write", DEADLINE, || {
        let held = ops(&demo, &[]).into_iter().find(|op| op["status"] == "backlog");
        if held.is_none() {
            writer.send(&["SET", &format!("key:{sent}"), "1"]).expect("the daemon reads");
            sent += 1;
        }
        held
    });
    let label = held["label"].as_str().expect("a label").to_owned();
    let taken: usize = label.trim_start_matches("SET key:").parse().expect("a number");
    for _ in 0..taken {
        assert_eq!(writer.reply().expect("a reply"), "+OK");
    }
    cancel(&demo, &held);
    let reply = writer.reply().expect("a reply");
    assert!(reply.starts_with("-CANCELLED ") && reply.contains("changed nothing"), "{reply}");
    // What was sent behind it meanwhile waits now; another connection reads.
    let mut reader = demo.connect();
    assert_eq!(reader.ask(&["GET", "key:0"]), "1");
    assert_eq!(reader.ask(&["GET", &format!("key:{taken}")]), "$-1");
    drop((writer, reader));
    nothing_in_flight(&demo);
}

#[test]
fn a_command_that_sleeps_on_its_thread_is_ended_and_the_others_go_on() {
    let (demo, _data) = start(&["--allow-debug", "--io-threads", "1"]);
    let (mut sleeper, mut other) = (demo.connect(), demo.connect());
    sleeper.send(&["DEBUG", "SLEEP", "3600"]).expect("the daemon reads");
    let over = ["--over", "1s"];
    let asleep = found(&demo, &over, "the sleeper", |op| op["label"] == "DEBUG");
    assert_eq!((&asleep["status"], &asleep["thread"]), (&"sleep".into(), &"io-0".into()));
    other.send(&["SET", "k", "v"]).expect("the system takes it");
    cancel(&demo, &asleep);
    assert_eq!(sleeper.reply().expect("a reply"), "-CANCELLED DEBUG SLEEP was cancelled");
    assert_eq!(other.reply().expect("a reply"), "+OK");
    assert_eq!(sleeper.ask(&["GET", "k"]), "v");
}

#[test]
fn a_client_that_does_not_read_is_found_and_ended() {
    let (demo, _data) = start(&[]);
    let mut other = demo.connect();
    assert_eq!(other.ask(&["SET", "big", &"x".repeat(400_000)]), "+OK");
    let mut greedy = raw(&demo);
    let request = b"*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n".repeat(100);
    greedy.write_all(&request).expect("the daemon reads");
    let over = ["--over", "1s"];
    let full = found(&demo, &over, "the greedy client", |op| op["status"] == "send");
    assert_eq!(full["peer"], greedy.local_addr().expect("its address").to_string());
    cancel(&demo, &full);
    assert_eq!(other.ask(&["PING"]), "+PONG");
    assert_eq!(ops(&demo, &[]).len(), 1);
}

#[test]
fn commands_are_counted_alone_and_in_a_pipeline() {
    let (demo, _data) = start(&["--show-keys"]);
    let mut client = demo.connect();
    for _ in 0..5 {
        assert_eq!(client.ask(&["SET", "k", "v"]), "+OK");
    }
    for _ in 0..7 {
        client.send(&["GET", "k"]).expect("the daemon reads");
    }
    for _ in 0..7 {
        assert_eq!(client.reply().expect("a reply"), "v");
    }
    let served = |op: &Value| op["kind"] == "connection" && op["served"] == 12;
    let op = found(&demo, &[], "twelve commands", served);
    assert_eq!((&op["status"], &op["active_ns"]), (&"wait for a command".into(), &Value::Null));
    drop(client);
    nothing_in_flight(&demo);
    let pid = demo.child.id().to_string();
    let board = program::boards(&["ops", "--ended", "-p", &pid]).remove(0);
    assert_eq!(board["lost"]["ops"], 0);
    let ended = board["ended_ops"].as_array().expect("a list");
    let connections: Vec<_> = ended.iter().filter(|op| op["kind"] == "connection").collect();
    assert_eq!(connections.len(), 1, "{ended:#?}");
    assert_eq!((&connections[0]["outcome"], &connections[0]["served"]), (&"ok".into(), &12.into()));
    assert!(ended.iter().any(|op| op["label"] == "SET k" && op["outcome"] == "ok"), "{ended:#?}");
}

#[test]
fn a_signal_lists_what_is_in_flight_and_the_daemon_goes_on() {
    let (mut demo, _data) = start(&[]);
    let mut half = raw(&demo);
    half.write_all(b"*1\r\n").expect("the daemon reads");
    found(&demo, &[], "the half command", |op| op["status"] == "receive a command");
    let pid = nix::unistd::Pid::from_raw(demo.child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGUSR1).expect("signalled");
    let block = demo.said_until("probe: end");
    let of = format!("from {}", half.local_addr().expect("its address"));
    let line = block.iter().find(|line| line.contains(&of));
    assert!(line.is_some_and(|line| line.contains("receive a command")), "{block:#?}");
    half.write_all(b"$4\r\nPING\r\n").expect("the daemon reads");
    let mut reply = String::new();
    BufReader::new(&half).read_line(&mut reply).expect("a reply");
    assert_eq!(reply, "+PONG\r\n");
    assert_eq!(demo.stop().0, Some(0));
}
