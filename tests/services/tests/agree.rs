//! Boards of servers that others wrote agree with their clients, to the request.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tests::program::{self, Program};
use tests::wait::until;

const SOON: Duration = Duration::from_secs(20);
const CLIENTS: u64 = 4;
/// Of each client, of each kind.
const ROUNDS: u64 = 200;

fn ask(address: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").expect("sent");
    stream
}

/// The status of a whole answer.
fn status(address: &str, path: &str) -> String {
    let mut text = String::new();
    ask(address, path).read_to_string(&mut text).expect("an answer");
    text.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// What several clients at once were answered, by status.
fn load(address: &str) {
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    for (path, wanted) in [("/fine", "200"), ("/broken", "500"), ("/not", "404")] {
                        assert_eq!(status(address, path), wanted);
                    }
                }
            });
        }
    });
}

/// The board once nothing but these operations is left in flight on it.
fn at_rest(pid: u32, in_flight: usize) -> Value {
    until("what is in flight", SOON, || {
        let board = program::boards(&["ops", "-p", &pid.to_string()]).remove(0);
        let ops = board["ops"].as_array().expect("a list").len();
        (ops == in_flight).then(|| program::board(pid))
    })
}

/// How operations of a kind ended since the start.
fn ends(board: &Value, kind: &str) -> Value {
    let kinds = board["op_kinds"].as_array().expect("kinds");
    let found = kinds.iter().find(|found| found["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {kinds:?}"))["since_start"].clone()
}

fn counted(board: &Value, name: &str, end: Option<&str>) -> u64 {
    let counters = board["counters"].as_array().expect("counters").iter();
    let ours = counters.filter(|counter| counter["name"] == name);
    let ours = ours.filter(|counter| end.is_none_or(|end| counter["labels"]["end"] == end));
    ours.filter_map(|counter| counter["value"].as_u64()).sum()
}

fn profile(pid: u32) -> Value {
    let profile =
        program::inspect(&["profile", "-p", &pid.to_string(), "-d", "1s", "--json", "--all"]);
    serde_json::from_slice(&profile.stdout).expect("JSON")
}

/// No sample of a server at rest is at a line.
fn samples_nothing(pid: u32) {
    let profile = profile(pid);
    assert_eq!(profile["lines"], json!([]), "{profile:#}");
}

#[test]
fn a_threaded_server_with_macros() {
    let name = program::name("threaded");
    let mut command = Command::new(env!("CARGO_BIN_EXE_threaded"));
    let mut server = Program::start(command.arg(&name), &name);
    let address = server.until_ready().remove(0);
    load(&address);
    let board = at_rest(server.pid(), 0);
    let each = CLIENTS * ROUNDS;
    let wanted = json!({ "ok": 2 * each, "error": each, "cancelled": 0, "panicked": 0 });
    assert_eq!(ends(&board, "request"), wanted);
    assert_eq!(counted(&board, "answered", None), 3 * each);
    samples_nothing(server.pid());
    // One that waits is in flight, at its line, and the client sees nothing yet.
    let _waits = ask(&address, "/slow");
    let board = at_rest(server.pid(), 1);
    assert_eq!(board["ops"][0]["label"], "/slow");
    assert_eq!(board["ops"][0]["status"], "the disk, say");
    let why = program::inspect(&["why", "-p", &server.pid().to_string()]);
    assert!(why.status.success());
}

#[test]
fn an_axum_service_by_its_spans() {
    let name = program::name("web");
    let mut command = Command::new(env!("CARGO_BIN_EXE_web"));
    let mut server = Program::start(command.arg(&name), &name);
    let address = server.until_ready().remove(0);
    load(&address);
    let board = at_rest(server.pid(), 0);
    let ends = ends(&board, "request");
    let all = ["ok", "error", "cancelled", "panicked"].map(|end| ends[end].as_u64().unwrap_or(0));
    assert_eq!(all.iter().sum::<u64>(), 3 * CLIENTS * ROUNDS, "{ends}");
    samples_nothing(server.pid());
    // A client that leaves takes its request with it.
    let waits = ask(&address, "/slow");
    let board = at_rest(server.pid(), 1);
    let label = board["ops"][0]["label"].as_str().unwrap_or_default();
    assert!(label.contains("/slow"), "{:#}", board["ops"]);
    drop(waits);
    at_rest(server.pid(), 0);
}

/// A client of the broker, killed when dropped.
struct Subscriber(Child);

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_broker_by_its_own_spans() {
    if !tests::build::needs("mosquitto_pub", "mosquitto-clients") {
        return;
    }
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.expect("a port").port().to_string();
    let name = program::name("broker");
    let mut command = Command::new(env!("CARGO_BIN_EXE_broker"));
    let mut server = Program::start(command.args([&name, &port]), &name);
    server.until_ready();
    until("it listens", SOON, || TcpStream::connect(format!("127.0.0.1:{port}")).ok());
    let mut subscriber = Command::new("mosquitto_sub")
        .args(["-p", &port, "-i", "listens", "-q", "1", "-t", "all", "-C", "300"])
        .stdout(Stdio::piped())
        .spawn()
        .map(Subscriber)
        .expect("mosquitto_sub");
    let pid = server.pid().to_string();
    let links = || {
        let board = program::boards(&["ops", "-p", &pid]).remove(0);
        let ops = board["ops"].as_array().expect("a list").clone();
        ops.into_iter().filter(|op| op["kind"] == "remote_link").collect::<Vec<_>>()
    };
    // Its name comes with its first packet, after the span was made.
    until("the subscriber's link", SOON, || {
        links().iter().any(|op| op.to_string().contains("listens")).then_some(())
    });
    let mut publisher = Command::new("mosquitto_pub")
        .args(["-p", &port, "-q", "1", "-t", "all", "-l"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub");
    let lines: String = (0..300).map(|number| format!("{number}\n")).collect();
    publisher.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("it reads");
    assert!(publisher.wait().expect("its end").success());
    let mut had = String::new();
    subscriber.0.stdout.take().expect("piped").read_to_string(&mut had).expect("UTF-8");
    assert_eq!(had, lines, "what the subscriber had");
    let board = program::board(server.pid());
    let published = ends(&board, "publish");
    assert_eq!(published, json!({ "ok": 300, "error": 0, "cancelled": 0, "panicked": 0 }));
    // A client that says nothing is a connection, and nothing that leaked.
    let silent = Command::new("mosquitto_sub")
        .args(["-p", &port, "-i", "silent", "-t", "nothing"])
        .stdout(Stdio::null())
        .spawn()
        .map(Subscriber)
        .expect("mosquitto_sub");
    until("the one link", SOON, || {
        let links = links();
        (links.len() == 1 && links[0].to_string().contains("silent")).then_some(())
    });
    let why = program::inspect(&["why", "-p", &pid]);
    let said = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(!said.contains("leak"), "{said}");
    // Two of its threads stay in a span for good. Whether they work there the kernel tells, ten times a second: what is
    // called work is the first of these looks, and what they did before.
    let profile = profile(server.pid());
    let samples = |class: &str| profile[class].as_u64().expect("a number");
    assert!(samples("wait_samples") > 3 * samples("work_samples"), "{profile:#}");
    drop(silent);
}
