//! `inspect serve` in this process: whatever is sent, what comes back is an answer of HTTP or nothing, and it goes on.
#![no_main]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use inspect::serve::{Listen, Settings, bind, run};
use libfuzzer_sys::fuzz_target;
use scoreboard_fuzz::directory;

fn serve() -> PathBuf {
    let path = directory("http").join("socket");
    let bound = bind(Settings::new(Listen::Unix(path.clone()))).expect("it listens");
    std::thread::spawn(move || run(bound).expect("it serves"));
    path
}

fn ask(path: &PathBuf, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = vec![0; 64];
    let length = loop {
        match stream.read(&mut answer) {
            Ok(length) => break length,
            // The fuzzer's own clock.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                assert!(error.kind() == ErrorKind::ConnectionReset, "{error}");
                break 0;
            }
        }
    };
    answer.truncate(length);
    answer
}

fuzz_target!(|data: &[u8]| {
    static SERVED: OnceLock<PathBuf> = OnceLock::new();
    let path = SERVED.get_or_init(serve);
    // A stream of events does not end.
    if data.windows(6).any(|some| some == b"stream")
        || data.windows(7).any(|some| some == b"profile")
    {
        return;
    }
    let head = b"GET /api/v1/";
    let bytes = match data.split_first() {
        Some((first, rest)) if first & 1 == 1 => {
            [&head[..], rest, b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat()
        }
        _ => data.to_vec(),
    };
    let answer = ask(path, &bytes);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
});
