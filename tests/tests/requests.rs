//! The `tower` layer: a container registry in axum, as its authors published it, under load and under clients
//! that stall.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{Program, boards, debug};
use tests::wait::until;

const SOON: Duration = Duration::from_secs(20);
/// Zeroes: more than sockets hold.
const BLOB_BYTES: usize = 32 << 20;
const BLOB: &str = "sha256:83ee47245398adee79bd9c0a8bc57b821e92aba10f5f9ade8a5d1fae4d8c4302";

struct Registry {
    program: Program,
    address: String,
    _storage: tempfile::TempDir,
}

impl Registry {
    /// All that the test starts has its own storage; only one of them may run, as they share a name.
    fn start(clients: &str) -> Self {
        let storage = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(debug("example-tower"));
        let folder = storage.path().to_str().expect("a path in UTF-8");
        let command = command.args(["127.0.0.1:0", clients, folder]);
        let mut program = Program::start(command, "example-tower");
        let address = program.until_ready().remove(0);
        Self { program, address, _storage: storage }
    }

    fn ops(&self, field: &str, kind: &str) -> Vec<Value> {
        let pid = self.program.pid().to_string();
        let mut board = boards(&["ops", "-p", &pid, "--ended"]).remove(0);
        let ops = board[field].take();
        ops.as_array().expect("a list").iter().filter(|op| op["kind"] == kind).cloned().collect()
    }

    /// What becomes of the one request in flight, or on its end, whose label is this.
    fn wait_for(&self, field: &str, label: &str, is: impl Fn(&Value) -> bool) -> Value {
        until(label, SOON, || {
            self.ops(field, "request").into_iter().find(|op| op["label"] == label && is(op))
        })
    }

    fn client(&self) -> Client {
        Client(TcpStream::connect(&self.address).expect("it listens"))
    }
}

struct Client(TcpStream);

impl Client {
    fn ask(&mut self, line: &str, headers: &str, body: &[u8]) {
        let head =
            format!("{line} HTTP/1.1\r\nhost: test\r\nauthorization: Basic YTpi\r\n{headers}\r\n");
        self.0.write_all(head.as_bytes()).expect("a connection");
        self.0.write_all(body).expect("a connection");
    }

    /// The answer's head.
    fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("an answer");
            head.extend(byte);
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    fn peer(&self) -> String {
        self.0.local_addr().expect("an address").to_string()
    }
}

fn location(head: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix("location: "));
    line.unwrap_or_else(|| panic!("no location in {head}")).to_owned()
}

#[test]
fn an_axum_service_that_nobody_here_wrote_lights_up_under_load() {
    let registry = Registry::start("3");

    // The load: its connections are idle or in a request, and count what they served.
    let busy = until("three connections that served", SOON, || {
        let connections = registry.ops("ops", "connection");
        let served = |op: &Value| op["served"].as_u64() > Some(100);
        (connections.iter().filter(|op| served(op)).count() == 3).then_some(connections)
    });
    for connection in &busy {
        assert!(connection["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")));
        assert!(["idle", "request"].map(Value::from).contains(&connection["status"]));
    }
    let ids: Vec<_> = busy.iter().map(|connection| &connection["id"]).collect();
    let ended = until("requests that ended", SOON, || {
        let ended = registry.ops("ended_ops", "request");
        (!ended.is_empty()).then_some(ended)
    });
    for request in &ended {
        assert!(ids.contains(&&request["parent"]), "{request}");
        let label = request["label"].as_str().expect("a label");
        assert!(label.starts_with("GET /v2/") && !label.contains("secret"), "{label}");
    }

    // From here on nobody else: of what ended a board keeps the last and the slowest, and beside a load on a busy
    // machine neither has to be the one that is looked for.
    drop(registry);
    let registry = Registry::start("0");

    // A client that says half of what it uploads, and stalls.
    let mut uploading = registry.client();
    uploading.ask("POST /v2/a/b/blobs/uploads/", "content-length: 0\r\n", b"");
    let upload = location(&uploading.head());
    let length = format!("content-length: {BLOB_BYTES}\r\n");
    uploading.ask(&format!("PATCH {upload}"), &length, &[0; 1000]);
    let label: String = format!("PATCH {upload}").chars().take(64).collect();
    let stalled = registry.wait_for("ops", &label, |op| op["working"] == false);
    assert_eq!((&stalled["future"], &stalled["status"]), (&true.into(), &Value::Null));
    let file = stalled["file"].as_str().expect("a file");
    assert!(file.ends_with("probe/examples/tower/src/main.rs"), "{file}");
    let of = until("its connection", SOON, || {
        let connections = registry.ops("ops", "connection");
        connections.into_iter().find(|op| op["peer"] == uploading.peer().as_str())
    });
    assert_eq!(
        (&stalled["parent"], &of["served"], &of["status"]),
        (&of["id"], &2.into(), &"request".into())
    );
    // It goes on; then nothing is in flight but the connection, which idles.
    uploading.0.write_all(&vec![0; BLOB_BYTES - 1000]).expect("a connection");
    uploading.head();
    assert_eq!(registry.wait_for("ended_ops", &label, |_| true)["outcome"], "ok");
    until("an idle connection", SOON, || {
        let connections = registry.ops("ops", "connection");
        connections.into_iter().find(|op| op["id"] == of["id"] && op["status"] == "idle")
    });
    uploading.ask(&format!("PUT {upload}?digest={BLOB}"), "content-length: 0\r\n", b"");
    assert!(uploading.head().starts_with("HTTP/1.1 201"));

    // A client that reads only the head of what it downloads, and then goes away.
    let label: String = format!("GET /v2/a/b/blobs/{BLOB}").chars().take(64).collect();
    let mut downloading = registry.client();
    downloading.ask(&format!("GET /v2/a/b/blobs/{BLOB}"), "", b"");
    assert!(downloading.head().starts_with("HTTP/1.1 200"));
    let stalled = registry.wait_for("ops", &label, |op| {
        op["working"] == false && op["turned_ns"].as_u64() > Some(300_000_000)
    });
    assert_eq!(stalled["status"], "body");
    let (upload, download) = (uploading.peer(), downloading.peer());
    drop((uploading, downloading));
    let cancelled = registry.wait_for("ended_ops", &label, |op| op["id"] == stalled["id"]);
    assert_eq!(cancelled["outcome"], "cancelled");
    until("the end of our connections", SOON, || {
        let connections = registry.ops("ops", "connection");
        let ours = |op: &Value| op["peer"] == upload.as_str() || op["peer"] == download.as_str();
        (!connections.iter().any(ours)).then_some(())
    });
}
