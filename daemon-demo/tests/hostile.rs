//! Malformed, oversized and greedy clients get an error and a closed connection, and no memory.

mod support;

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use support::{Daemon, eventually, pack};

/// What the daemon may use at most, whatever clients do: a debug build with its test limits.
const MEMORY_BYTES: u64 = 64 << 20;

#[test]
fn malformed_requests_end_the_connection_with_an_error() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    for (bytes, said) in [
        (&b"*1000000000\r\n"[..], "invalid multibulk length"),
        (b"*1\r\n$536870912\r\n", "invalid bulk length"),
        (b"*2\r\n$3\r\nGET\r\n:1\r\n", "expected '$', got ':'"),
        (b"*1\r\n$4\r\nPINGxx", "bulk string does not end in CRLF"),
        (&[b'x'; 100_000], "too big inline request"),
    ] {
        let mut client = daemon.connect();
        client.send(&["SET", "before", "1"]);
        // It may close before all is sent.
        let _ = client.send_raw(bytes);
        assert_eq!(client.reply().as_deref(), Some("OK"));
        assert_eq!(client.reply(), Some(format!("-ERR Protocol error: {said}")));
        assert_eq!(client.reply(), None);
    }
    assert_eq!(daemon.connect().call(&["PING"]), "PONG");
}

#[test]
fn http_is_refused_without_an_answer() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\n\r\nSET a 1\r\n",
        b"Host: localhost\r\n",
    ] {
        let mut client = daemon.connect();
        let _ = client.send_raw(bytes);
        assert_eq!(client.reply(), None);
    }
    eventually("it is logged", || daemon.said().matches("it speaks HTTP").count() == 3);
    assert_eq!(daemon.connect().call(&["GET", "a"]), "nil");
}

#[test]
fn a_client_that_never_reads_is_not_read() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let value = "x".repeat(100_000);
    assert_eq!(daemon.connect().call(&["SET", "large", &value]), "OK");
    let requests = pack(&["GET", "large"]).repeat(100);
    let mut greedy: Vec<_> = (0..20)
        .map(|_| {
            let mut client = daemon.connect();
            client.stream.set_write_timeout(Some(Duration::from_millis(50))).expect("a timeout");
            // Deeper and deeper, until the daemon has stopped reading.
            let mut sent = 0;
            loop {
                match client.stream.write(&requests) {
                    Ok(length) => sent += length,
                    Err(error) => {
                        assert!(
                            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                            "{error}"
                        );
                        break;
                    }
                }
                assert!(sent < 1 << 30, "it reads for ever");
            }
            client
        })
        .collect();
    assert!(daemon.rss_bytes() < MEMORY_BYTES, "{} bytes", daemon.rss_bytes());
    // The others are served, and so is it when it reads again.
    assert_eq!(daemon.connect().call(&["PING"]), "PONG");
    for client in &mut greedy {
        for _ in 0..100 {
            assert_eq!(client.reply().map(|reply| reply.len()), Some(value.len()));
        }
    }
}

#[test]
fn memory_is_bounded_when_many_never_read() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--client-memory", "4MiB"]);
    let value = "x".repeat(400_000);
    assert_eq!(daemon.connect().call(&["SET", "large", &value]), "OK");
    // More than the sockets take in, for each.
    let requests = pack(&["GET", "large"]).repeat(40);
    let mut clients: Vec<_> = (0..100).map(|_| daemon.connect()).collect();
    for client in &mut clients {
        // Some are thrown out meanwhile.
        let _ = client.send_raw(&requests);
    }
    assert_eq!(daemon.connect().call(&["PING"]), "PONG");
    eventually("some are thrown out", || daemon.connect().info("connected_clients") < 100);
    assert!(daemon.rss_bytes() < MEMORY_BYTES, "{} bytes", daemon.rss_bytes());
}

#[test]
fn memory_is_bounded_when_many_send_half_a_request() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--client-memory", "8MiB"]);
    let half =
        [b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000\r\n".as_slice(), &vec![b'x'; 499_000]].concat();
    let mut clients: Vec<_> = (0..100).map(|_| daemon.connect()).collect();
    for client in &mut clients {
        // Some are thrown out while they send.
        let _ = client.send_raw(&half);
    }
    assert!(daemon.rss_bytes() < MEMORY_BYTES, "{} bytes", daemon.rss_bytes());
    let refused = clients.iter_mut().rev().find_map(|client| {
        client.stream.shutdown(std::net::Shutdown::Write).ok()?;
        client.reply()
    });
    assert_eq!(refused.as_deref(), Some("-ERR out of memory for client buffers, try again later"));
    drop(clients);
    assert_eq!(daemon.connect().call(&["PING"]), "PONG");
}

#[test]
fn a_small_request_cannot_make_a_huge_reply() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let mut client = daemon.connect();
    assert_eq!(client.call(&["SET", "large", &"x".repeat(500_000)]), "OK");
    let words: Vec<_> = std::iter::once("MGET").chain(std::iter::repeat_n("large", 4000)).collect();
    assert_eq!(client.call(&words), "-ERR the reply would be too large, ask for fewer keys");
    assert_eq!(client.call(&["MGET", "large"]).len(), 500_002);
}

#[test]
fn too_many_clients_are_turned_away() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--max-clients", "3"]);
    let mut clients: Vec<_> = (0..3).map(|_| daemon.connect()).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.call(&["PING"]), "PONG"));
    assert_eq!(daemon.connect().reply().as_deref(), Some("-ERR max number of clients reached"));
    clients.pop();
    eventually("there is room again", || {
        let mut client = daemon.connect();
        client.send_raw(&pack(&["PING"])).is_ok() && client.reply().as_deref() == Some("PONG")
    });
}
