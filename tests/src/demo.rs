//! The demo daemon under test, and a client that speaks just enough RESP to count replies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use crate::program;

/// A running `daemon-demo serve`. Killed, and its boards removed, when dropped.
#[derive(Debug)]
pub struct Demo {
    /// The process (or the shell around it).
    pub child: Child,
    /// Where it listens.
    pub address: String,
    /// What it said on stderr before it listened.
    pub said: Vec<String>,
    /// Its board's name.
    pub board: String,
    stderr: BufReader<ChildStderr>,
}

/// The demo's program, with probes in.
#[track_caller]
pub fn program() -> PathBuf {
    program::debug("daemon-demo")
}

impl Demo {
    /// Starts it on `data` with more arguments.
    #[track_caller]
    pub fn start(board: &str, data: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--name", board, "--data"]);
        command.arg(data).args(arguments);
        Self::run(&mut command, board)
    }

    /// Starts a command that ends up being a demo.
    ///
    /// # Panics
    /// When it does not come to listen.
    #[track_caller]
    pub fn run(command: &mut Command, board: &str) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = Vec::new();
        let address = loop {
            let mut line = String::new();
            let read = stderr.read_line(&mut line).unwrap_or(0);
            assert!(read > 0, "it ended before it listened: {said:?}");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split(',').next().unwrap_or_default().to_owned();
            }
            said.push(line.trim_end().to_owned());
        };
        Self { child, address, said, board: board.to_owned(), stderr }
    }

    /// Its port.
    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap_or_default()
    }

    /// A connection to it.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::new(&self.address).unwrap_or_else(|error| panic!("{}: {error}", self.address))
    }

    /// What it says on stderr, up to a line.
    ///
    /// # Panics
    /// When it ends before.
    #[track_caller]
    pub fn said_until(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap_or(0);
            assert!(read > 0, "it ended before it said {last}: {lines:?}");
            lines.push(line.trim_end().to_owned());
            if lines.last().is_some_and(|line| line == last) {
                return lines;
            }
        }
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it with SIGTERM; its exit code and what it said meanwhile.
    #[track_caller]
    pub fn stop(mut self) -> (Option<i32>, String) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("its process");
        let mut said = String::new();
        let _ = self.stderr.read_to_string(&mut said);
        let code = self.child.wait().expect("its end").code();
        (code, said)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.kill();
        program::remove_boards(&self.board);
    }
}

/// A connection that sends commands and reads replies.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn new(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends one command.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, words: &[&str]) -> std::io::Result<()> {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.stream.get_mut().write_all(text.as_bytes())
    }

    /// Reads one reply: a line, or the text of a bulk.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn reply(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_owned();
        let Some(length) = line.strip_prefix('$') else { return Ok(line) };
        let Ok(length) = length.parse::<usize>() else { return Ok(line) };
        let mut bulk = vec![0; length + 2];
        self.stream.read_exact(&mut bulk)?;
        bulk.truncate(length);
        Ok(String::from_utf8_lossy(&bulk).into_owned())
    }

    /// One command and its reply.
    ///
    /// # Panics
    /// When the connection is gone.
    #[track_caller]
    pub fn ask(&mut self, words: &[&str]) -> String {
        self.send(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        self.reply().unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }
}
