//! A daemon to test, and a client that speaks RESP by hand, so that it can also misspeak.
#![allow(dead_code, unreachable_pub, reason = "each test uses what it needs")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything here takes; only a failure waits for it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_daemon-demo");

/// Waits until a condition holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A daemon on a free port; killed when dropped.
pub struct Daemon {
    child: Child,
    pub address: String,
    said: Arc<Mutex<String>>,
}

impl Daemon {
    pub fn start(data: &Path, options: &[&str]) -> Self {
        Self::start_as(Command::new(PROGRAM), data, options)
    }

    /// With a limit on the size of files, in blocks of 512 bytes.
    pub fn start_limited(data: &Path, blocks: u32, options: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -f {blocks}; exec \"$0\" \"$@\""), PROGRAM]);
        Self::start_as(shell, data, options)
    }

    /// With so many descriptors at most.
    pub fn start_with_files(data: &Path, files: u32, options: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), PROGRAM]);
        Self::start_as(shell, data, options)
    }

    /// Starts it on a directory that it may refuse: its exit code then, and what it said.
    pub fn try_start(data: &Path) -> Result<Self, (Option<i32>, String)> {
        let mut daemon = Self::spawn(Command::new(PROGRAM), data, &[]);
        let mut ended = None;
        eventually("the daemon listens or ends", || {
            ended = daemon.child.try_wait().expect("a child");
            ended.is_some() || daemon.listens()
        });
        match ended {
            None => Ok(daemon),
            Some(status) => {
                // What it said last may still be on its way.
                eventually("its last words", || Arc::strong_count(&daemon.said) == 1);
                Err((status.code(), daemon.said()))
            }
        }
    }

    fn start_as(command: Command, data: &Path, options: &[&str]) -> Self {
        let mut daemon = Self::spawn(command, data, options);
        eventually("the daemon listens", || daemon.listens());
        daemon
    }

    /// Whether it said where it listens.
    fn listens(&mut self) -> bool {
        let said = self.said();
        let address = said.split_once("listening on ").and_then(|(_, rest)| rest.split(',').next());
        self.address = address.unwrap_or_default().to_owned();
        !self.address.is_empty()
    }

    fn spawn(mut command: Command, data: &Path, options: &[&str]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(options);
        command.env("PROBE", "off").stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the daemon starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let said = Arc::new(Mutex::new(String::new()));
        let writer = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut said = writer.lock().expect("no panic");
                said.push_str(&line);
                said.push('\n');
            }
        });
        Self { child, address: String::new(), said }
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(&self.address).expect("the daemon accepts"))
    }

    /// What it said on stderr so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("no panic").clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory.
    pub fn rss_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        let kib: u64 =
            line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
        kib * 1024
    }

    /// Sends a signal and waits for the end.
    pub fn end(mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(i32::try_from(self.pid()).expect("a pid")), signal).expect("it lives");
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the daemon ends", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        status.expect("it ended")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection.
pub struct Client {
    pub stream: TcpStream,
    input: BufReader<TcpStream>,
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream.set_write_timeout(Some(DEADLINE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let input = BufReader::new(stream.try_clone().expect("a descriptor"));
        Self { stream, input }
    }

    /// Sends a command.
    pub fn send(&mut self, words: &[&str]) {
        self.stream.write_all(&pack(words)).expect("the daemon reads");
    }

    /// Sends anything.
    pub fn send_raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next reply as text: `OK`, `1`, `nil`, `[a b]`, errors with their dash. `None` at the end.
    pub fn reply(&mut self) -> Option<String> {
        let mut line = String::new();
        if !self.input.read_line(&mut line).is_ok_and(|length| length > 0) {
            return None;
        }
        let line = line.trim_end();
        let (kind, rest) = line.split_at(1);
        Some(match kind {
            "-" => line.to_owned(),
            "$" if rest == "-1" => "nil".to_owned(),
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>().expect("a length") + 2];
                self.input.read_exact(&mut bytes).ok()?;
                bytes.truncate(bytes.len() - 2);
                String::from_utf8(bytes).expect("text")
            }
            "*" => {
                let length: usize = rest.parse().expect("a length");
                let elements: Option<Vec<String>> = (0..length).map(|_| self.reply()).collect();
                format!("[{}]", elements?.join(" "))
            }
            _ => rest.to_owned(),
        })
    }

    /// Sends a command and reads its reply.
    pub fn call(&mut self, words: &[&str]) -> String {
        self.send(words);
        self.reply().unwrap_or_else(|| panic!("no reply to {words:?}"))
    }

    /// A number of INFO.
    pub fn info(&mut self, name: &str) -> u64 {
        let text = self.call(&["INFO"]);
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }
}

/// A command as it goes over the wire.
pub fn pack(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    bytes.into_bytes()
}
