//! What became of a request on the board is what its client got: real clients, of each way in which an answer ends.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tests::build::needs;
use tests::program::{self, Program, boards, debug};
use tests::wait::until;

const SOON: Duration = Duration::from_secs(20);
/// More than sockets hold.
const LARGE: u64 = 32 << 20;

struct Web {
    program: Program,
    address: String,
    seen: HashSet<String>,
    _folder: tempfile::TempDir,
}

impl Web {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::write(folder.path().join("small"), vec![b'x'; 300_000]).expect("a file");
        std::fs::File::create(folder.path().join("large"))
            .and_then(|file| file.set_len(LARGE))
            .expect("a file");
        let name = program::name("web");
        let mut command = Command::new(debug("fixture-web"));
        let mut program = Program::start(command.arg(&name).arg(folder.path()), &name);
        let address = program.until_ready().remove(0);
        Self { program, address, seen: HashSet::new(), _folder: folder }
    }

    fn ops(&self, field: &str) -> Vec<Value> {
        let pid = self.program.pid().to_string();
        let mut board = boards(&["ops", "-p", &pid, "--ended"]).remove(0);
        board[field].take().as_array().expect("a list").clone()
    }

    /// How the one request that ended since the last call ended.
    fn ended(&mut self, label: &str) -> String {
        let op = until(label, SOON, || {
            let new = |op: &Value| !self.seen.contains(op["id"].as_str().unwrap_or_default());
            self.ops("ended_ops").into_iter().find(|op| new(op) && op["label"] == label)
        });
        self.seen.insert(op["id"].as_str().expect("an id").to_owned());
        op["outcome"].as_str().expect("an outcome").to_owned()
    }

    fn in_flight(&self, label: &str, status: &Value) {
        until(label, SOON, || {
            self.ops("ops")
                .iter()
                .any(|op| op["label"] == label && op["status"] == *status)
                .then_some(())
        });
    }

    fn curl(&self, arguments: &str, path: &str) -> Output {
        let url = format!("http://{}{path}", self.address);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "20", "--output", "/dev/null"]);
        curl.args(arguments.split_whitespace()).arg(url).output().expect("curl")
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("it listens")
    }

    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").expect("a connection");
        stream
    }
}

#[test]
fn an_operation_ends_as_its_client_saw_it_end() {
    if !needs("curl", "curl") {
        return;
    }
    let mut web = Web::start();
    let http2 = "--http2-prior-knowledge";
    // Every way in which an answer is complete; the last number is what curl ends with.
    for (arguments, path, outcome, code) in [
        ("", "/text", "ok", 0),
        ("--http1.0", "/text", "ok", 0),
        (http2, "/text", "ok", 0),
        ("", "/chunks", "ok", 0),
        // Until the connection closes.
        ("--http1.0", "/chunks", "ok", 0),
        (http2, "/chunks", "ok", 0),
        // A length in the head, and a body that does not say where it ends.
        ("", "/files/small", "ok", 0),
        ("--http1.0", "/files/small", "ok", 0),
        (http2, "/files/small", "ok", 0),
        ("--range 10-2009", "/files/small", "ok", 0),
        ("", "/files/large", "ok", 0),
        (http2, "/files/large", "ok", 0),
        ("--head", "/text", "ok", 0),
        ("--head", "/chunks", "ok", 0),
        ("--head", "/files/large", "ok", 0),
        (&format!("--head {http2}"), "/files/large", "ok", 0),
        // A body where the protocol has none.
        ("", "/status/204", "ok", 0),
        ("", "/status/304", "ok", 0),
        ("", "/status/404", "ok", 0),
        ("", "/status/503", "error", 0),
        (http2, "/rpc/0", "ok", 0),
        (http2, "/rpc/5", "error", 0),
        // What the client itself calls incomplete.
        ("", "/short", "error", 52),
        ("", "/breaks", "error", 52),
        // It leaves early.
        ("--max-time 0.5", "/endless", "cancelled", 28),
        ("--max-time 0.5", "/never", "cancelled", 28),
        ("--max-time 0.5 --limit-rate 1000", "/files/large", "cancelled", 28),
        (&format!("{http2} --max-time 0.5"), "/endless", "cancelled", 28),
    ] {
        let output = web.curl(arguments, path);
        let what = format!("curl {arguments} {path}");
        assert_eq!(output.status.code(), Some(code), "{what}: {output:?}");
        let method = if arguments.contains("--head") { "HEAD" } else { "GET" };
        assert_eq!(web.ended(&format!("{method} {path}")), outcome, "{what}");
    }
    assert_eq!(web.ops("ops"), Vec::<Value>::new());

    // As many as the clients had, by what they had.
    let counts = |board: &Value| -> Vec<(String, u64)> {
        let counters = board["counters"].as_array().expect("counters").iter();
        let ours = counters.filter(|counter| counter["name"] == "tower_requests");
        let mut counts: Vec<_> = ours
            .map(|counter| {
                let end = counter["labels"]["end"].as_str().expect("a label").to_owned();
                (end, counter["value"].as_u64().expect("a count"))
            })
            .collect();
        counts.sort();
        counts
    };
    let want = [("2xx", 18), ("3xx", 1), ("4xx", 1), ("5xx", 1), ("cancelled", 4), ("failed", 3)];
    let want: Vec<_> = want.map(|(end, count)| (end.to_owned(), count)).into();
    let board = program::board(web.program.pid());
    assert_eq!(counts(&board), want);
    let kinds = board["op_kinds"].as_array().expect("kinds");
    let requests = kinds.iter().find(|kind| kind["kind"] == "request").expect("a kind");
    let want = serde_json::json!({ "ok": 20, "error": 4, "cancelled": 4, "panicked": 0 });
    assert_eq!(requests["since_start"], want);
    // The runtime's workers: their load is the time in polls of requests.
    let threads = board["threads"].as_array().expect("threads").iter();
    let loads: Vec<_> = threads.filter_map(|thread| thread["load"]["60s"].as_f64()).collect();
    assert!(!loads.is_empty() && loads.iter().all(|&load| load < 0.9), "{loads:?}");
}

#[test]
fn a_client_that_leaves_early_cancels_and_one_that_upgrades_does_not() {
    let mut web = Web::start();
    for (path, status) in
        [("/never", Value::Null), ("/endless", "body".into()), ("/files/large", "body".into())]
    {
        let label = format!("GET {path}");
        let mut stream = web.ask(path);
        if path != "/never" {
            stream.read_exact(&mut [0; 64]).expect("the beginning of an answer");
        }
        web.in_flight(&label, &status);
        drop(stream);
        assert_eq!(web.ended(&label), "cancelled", "{path}");
    }
    let mut stream = web.connect();
    stream
        .write_all(
            b"GET /upgrade HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
        )
        .expect("a connection");
    let mut head = [0; 12];
    stream.read_exact(&mut head).expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 101");
    assert_eq!(web.ended("GET /upgrade"), "ok");
}

/// A client of HTTP/2 that takes back what it asked for, and goes on with the connection.
#[test]
fn a_stream_that_is_reset_is_cancelled() {
    /// A frame: its length, type, flags and stream.
    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("a short frame");
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    }
    let (settings, headers, reset, ends) = (4, 1, 3, 5);

    let mut web = Web::start();
    let mut stream = web.connect();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("a connection");
    stream.write_all(&frame(settings, 0, 0, &[])).expect("a connection");
    for (id, path, status) in [(1, "/never", Value::Null), (3, "/endless", "body".into())] {
        // GET and http by their places in the static table, then the path as text.
        let length = u8::try_from(path.len()).expect("a short path");
        let head = [&[0x82, 0x86, 0x04, length], path.as_bytes()].concat();
        stream.write_all(&frame(headers, ends, id, &head)).expect("a connection");
        let label = format!("GET {path}");
        web.in_flight(&label, &status);
        stream.write_all(&frame(reset, 0, id, &[0, 0, 0, 8])).expect("a connection");
        assert_eq!(web.ended(&label), "cancelled", "{path}");
    }
}
