//! `inspect serve` under test. It refuses root, so where the tests are root's, it is another user's.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::demo::{self, Demo};
use crate::http::{self, Answer};
use crate::program::{self, Program};

/// The user and group that own nothing.
pub const NOBODY: u32 = 65_534;

/// Lets a command run as somebody who is not root.
pub fn unprivileged(command: &mut Command) -> &mut Command {
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Makes that user the owner of a file.
///
/// # Panics
/// When it cannot be done.
pub fn give(path: &Path) {
    if nix::unistd::geteuid().is_root() {
        let (user, group) =
            (nix::unistd::Uid::from_raw(NOBODY), nix::unistd::Gid::from_raw(NOBODY));
        nix::unistd::chown(path, Some(user), Some(group)).expect("chown");
    }
}

/// A `fixture-behave` of the user that serves.
///
/// # Panics
/// When it cannot be started.
#[track_caller]
pub fn behave(board: &str, what: &[&str]) -> Program {
    let mut command = Command::new(program::debug("fixture-behave"));
    let mut program = Program::start(unprivileged(command.arg(board).args(what)), board);
    program.until_ready();
    program
}

/// A demo daemon of that user, whose commits take longer than any test: whatever is sent stays in flight.
///
/// # Panics
/// When it cannot be started.
#[track_caller]
pub fn stuck(name: &str, data: &Path) -> Demo {
    give(data);
    let mut command = Command::new(demo::program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--name", name, "--show-keys"]);
    command.args(["--ack", "durable", "--slow-commit", "120s", "--data"]).arg(data);
    Demo::run(unprivileged(&mut command), name)
}

/// A running `inspect serve`. Killed when dropped.
#[derive(Debug)]
pub struct Serve {
    /// The process.
    pub child: Child,
    /// Address and port.
    pub address: String,
    stderr: BufReader<ChildStderr>,
}

impl Serve {
    /// Starts one on a free port of loopback.
    #[track_caller]
    pub fn start(arguments: &[&str]) -> Self {
        Self::run(&[&["--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// Starts one, and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn run(arguments: &[&str]) -> Self {
        let mut command = Command::new(program::debug("inspect"));
        command.arg("serve").args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = unprivileged(&mut command).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        let _ = stderr.read_line(&mut line);
        let at = line.trim_end().strip_prefix("inspect: serving on ");
        let at = at.unwrap_or_else(|| panic!("it does not serve: {line:?}"));
        let address = at.trim_start_matches("http://").trim_start_matches("https://");
        Self { child, address: address.trim_end_matches('/').to_owned(), stderr }
    }

    /// Gets a path, whatever comes of it.
    ///
    /// # Panics
    /// When nothing comes.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, lines: &[&str]) -> Answer {
        let answer = http::ask(&self.address, method, path, lines);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Gets the JSON at a path.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// The stream, from its first event on.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn stream(&self, path: &str) -> Events {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
        let mut from = BufReader::new(stream);
        let head = http::head(&mut from).expect("an answer");
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        Events { from, rest: String::new() }
    }

    /// Ends it with SIGTERM; its exit code and what it said since it listened.
    ///
    /// # Panics
    /// When it cannot be told.
    #[track_caller]
    pub fn stop(mut self) -> (Option<i32>, String) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("its process");
        let mut said = String::new();
        let _ = self.stderr.read_to_string(&mut said);
        (self.child.wait().expect("its end").code(), said)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Server-sent events as they come.
pub struct Events {
    from: BufReader<TcpStream>,
    rest: String,
}

impl Events {
    /// The data of the next event.
    ///
    /// # Panics
    /// When the stream ends.
    #[track_caller]
    pub fn next_event(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let value = data.map(|data| serde_json::from_str(data).expect("JSON"));
                self.rest = rest.to_owned();
                if let Some(value) = value {
                    return value;
                }
                continue;
            }
            let chunk = http::chunk(&mut self.from).expect("the stream goes on");
            self.rest.push_str(&String::from_utf8(chunk.expect("no end")).expect("UTF-8"));
        }
    }
}
