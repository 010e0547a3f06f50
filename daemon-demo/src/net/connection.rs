//! One connection: read, parse, run, reply, within its limits.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;

use super::limits::ClientMemory;
use super::output::Output;
use super::reply;
use super::request::{Parser, ProtocolError};
use crate::command::{self, After, Context, Session};
use crate::serve::Shared;
use crate::serve::metrics::{HELD, REFUSED, SLOWED};
use crate::store::{Admission, Reader, Status};

/// Read and run so often before other connections have their turn.
const ROUNDS: usize = 8;
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;
/// After an error reply: how long, and for how many bytes, the client may go on sending before the
/// connection is closed. Closing with unread input would take the error reply away from it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

/// What the connections of a thread share while they have their turn.
pub(crate) struct Turn<'a> {
    /// The daemon.
    pub(crate) shared: &'a Shared,
    /// The last commit.
    pub(crate) reader: Reader,
    status: Status,
    now: Instant,
    scratch: Vec<u8>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        let (reader, status) = (Reader::default(), Status::default());
        Self {
            shared,
            reader,
            status,
            now: Instant::now(),
            scratch: vec![0; READ_BYTES],
        }
    }

    /// Looks at the clock.
    pub(crate) fn look_at_clock(&mut self) {
        self.now = Instant::now();
    }

    /// Looks how far the commits have come.
    pub(crate) fn look_at_commits(&mut self) {
        self.status = self.shared.store.status();
    }
}

/// What a connection does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It could go on at once.
    Eager,
    /// It waits for an event, a commit or the clock.
    Idle,
    /// It is over.
    Closed,
}

/// Why the command at hand has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The backlog is too large for a write.
    Backlog,
    /// It needs this commit.
    Commit(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Send what is there, then linger.
    Closing,
    Lingering {
        until: Instant,
        left_bytes: usize,
    },
}

/// Why commands are not run any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    NeedsInput,
    OutputFull,
    Held,
    Closing,
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    session: Session,
    parser: Parser,
    input: Vec<u8>,
    output: Output,
    /// As the last event or the last attempt said: events come only on change.
    readable: bool,
    writable: bool,
    ended: bool,
    held: Option<Held>,
    phase: Phase,
    accounted_bytes: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr, id: u64) -> Self {
        Self {
            stream,
            peer,
            session: Session::new(id),
            parser: Parser::default(),
            input: Vec::new(),
            output: Output::default(),
            readable: true,
            writable: true,
            ended: false,
            held: None,
            phase: Phase::Open,
            accounted_bytes: 0,
        }
    }

    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    /// Whether it waits for something that is no event.
    pub(crate) fn waits(&self) -> bool {
        self.held.is_some()
            || self.output.is_held()
            || matches!(self.phase, Phase::Lingering { .. })
    }

    /// Whether what it waits for has come.
    pub(crate) fn can_go_on(&self, turn: &Turn<'_>) -> bool {
        let failing = turn.status.failing.is_some();
        let held = match self.held {
            Some(Held::Backlog) => turn.shared.store.admit(turn.now) != Admission::Held,
            Some(Held::Commit(generation)) => failing || generation <= turn.status.committed,
            None => false,
        };
        let lingered = matches!(self.phase, Phase::Lingering { until, .. } if until <= turn.now);
        held || lingered || self.output.can_release(turn.status.committed, failing)
    }

    /// Goes on as far as it can.
    pub(crate) fn go_on(&mut self, turn: &mut Turn<'_>) -> Next {
        let _scope = probe::scope!("connection", self.session.id);
        self.output.release(turn.status.committed);
        if let (true, Some(error)) = (self.output.is_held(), &turn.status.failing) {
            let mut text = Vec::new();
            reply::error(&mut text, &command::misconf(error));
            self.output.fail(&text);
        }
        let next = self.rounds(turn);
        let bytes = self.input.capacity() + self.output.capacity();
        turn.shared.memory.account(self.accounted_bytes, bytes);
        self.accounted_bytes = bytes;
        next
    }

    fn rounds(&mut self, turn: &mut Turn<'_>) -> Next {
        for _ in 0..ROUNDS {
            if let Phase::Lingering { until, left_bytes } = self.phase {
                return self.linger(turn, until, left_bytes);
            }
            let stop = if turn.shared.is_stopping() {
                Stop::Closing
            } else {
                self.run(turn)
            };
            if self.send().is_err() {
                return Next::Closed;
            }
            let all_sent = self.output.pending() == 0;
            match stop {
                Stop::Closing if all_sent && turn.shared.is_stopping() => return Next::Closed,
                Stop::Closing if all_sent => {
                    let _ = self.stream.shutdown(Shutdown::Write);
                    self.phase = Phase::Lingering {
                        until: turn.now + LINGER,
                        left_bytes: LINGER_BYTES,
                    };
                }
                Stop::OutputFull if self.output.pending() < turn.shared.limits.output_bytes => {}
                Stop::Closing | Stop::OutputFull | Stop::Held => return Next::Idle,
                Stop::NeedsInput if self.ended && all_sent => return Next::Closed,
                Stop::NeedsInput if self.ended || !self.readable => return Next::Idle,
                Stop::NeedsInput => match self.fill(turn) {
                    Ok(true) => {}
                    Ok(false) => return Next::Idle,
                    Err(_) => return Next::Closed,
                },
            }
        }
        Next::Eager
    }

    /// Runs commands until something is missing.
    fn run(&mut self, turn: &mut Turn<'_>) -> Stop {
        let was_held = self.let_go();
        let mut start = 0;
        let stop = loop {
            if self.phase != Phase::Open {
                break Stop::Closing;
            }
            if self.output.pending() >= turn.shared.limits.output_bytes {
                break Stop::OutputFull;
            }
            probe::tag!("parse");
            let input = self.input.get(start..).unwrap_or_default();
            match self.parser.advance(input, &turn.shared.limits) {
                Ok(true) => {}
                Ok(false) => break Stop::NeedsInput,
                Err(error) => {
                    self.refuse(&error);
                    continue;
                }
            }
            let position = self.output.position();
            let mut context = Context {
                shared: turn.shared,
                reader: &mut turn.reader,
                session: &mut self.session,
                now: turn.now,
                out: self.output.buffer(),
            };
            match command::run(&mut context, &self.parser.request(input)) {
                After::Next => {}
                After::Close => self.phase = Phase::Closing,
                After::WaitForBacklog => {
                    if was_held != Some(Held::Backlog) {
                        probe::count!(SLOWED);
                    }
                    probe::adjust!(HELD, 1);
                    self.held = Some(Held::Backlog);
                    break Stop::Held;
                }
                After::WaitForCommit(generation) => {
                    self.held = Some(Held::Commit(generation));
                    break Stop::Held;
                }
            }
            if let Some(generation) = self.session.unacknowledged.take() {
                self.output.hold(position, generation);
            }
            start += self.parser.next();
        };
        self.input.drain(..start);
        if self.input.is_empty() {
            self.input.shrink_to(ClientMemory::MODEST_BYTES / 2);
        }
        stop
    }

    fn let_go(&mut self) -> Option<Held> {
        let held = self.held.take();
        if held == Some(Held::Backlog) {
            probe::adjust!(HELD, -1);
        }
        held
    }

    fn refuse(&mut self, error: &ProtocolError) {
        probe::count!(REFUSED);
        self.phase = Phase::Closing;
        match error {
            ProtocolError::Http => {
                eprintln!(
                    "daemon-demo: closed the connection from {}: it speaks HTTP, this port speaks RESP",
                    self.peer
                );
            }
            ProtocolError::Malformed(_) => {
                reply::error(self.output.buffer(), &format!("ERR {error}"))
            }
        }
    }

    /// Reads once. Returns whether there may be something new to do.
    fn fill(&mut self, turn: &mut Turn<'_>) -> io::Result<bool> {
        if !turn
            .shared
            .memory
            .allows(self.input.len() + self.output.pending())
        {
            probe::count!(REFUSED);
            reply::error(
                self.output.buffer(),
                "ERR out of memory for client buffers, try again later",
            );
            self.phase = Phase::Closing;
            return Ok(true);
        }
        probe::tag!("receive");
        let Some(length) = self.read(&mut turn.scratch)? else {
            return Ok(false);
        };
        if length == 0 {
            self.ended = true;
        }
        self.input
            .extend_from_slice(turn.scratch.get(..length).unwrap_or_default());
        Ok(true)
    }

    /// Sends what may leave.
    fn send(&mut self) -> io::Result<()> {
        while self.writable && !self.output.sendable().is_empty() {
            probe::tag!("send");
            match self.stream.write(self.output.sendable()) {
                Ok(sent) => self.output.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Throws away what still comes, until the client has seen that it is over.
    fn linger(&mut self, turn: &mut Turn<'_>, until: Instant, mut left_bytes: usize) -> Next {
        probe::tag!("linger");
        self.input = Vec::new();
        while self.readable && left_bytes > 0 {
            match self.read(&mut turn.scratch) {
                Ok(Some(length)) if length > 0 => left_bytes = left_bytes.saturating_sub(length),
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return Next::Closed,
            }
        }
        self.phase = Phase::Lingering { until, left_bytes };
        if left_bytes == 0 || turn.now >= until || turn.shared.is_stopping() {
            Next::Closed
        } else {
            Next::Idle
        }
    }

    fn read(&mut self, scratch: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.stream.read(scratch) {
                Ok(length) => return Ok(Some(length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok(None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives back what it holds of shared accounts.
    pub(crate) fn close(mut self, shared: &Shared) {
        self.let_go();
        shared.memory.account(self.accounted_bytes, 0);
    }
}
