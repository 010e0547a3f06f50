//! One connection: read, parse, run, reply, within its limits.

mod waits;

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;

use super::in_flight::{InFlight, give_up, watch};
use super::output::Output;
use super::turn::Turn;
use super::waiting::{CANCELLED_UNSTARTED, Waiting};
use crate::command::run::{self, Begun, Ran};
use crate::command::spec::{Context, Held, Session};
use crate::limits::ClientMemory;
use crate::metrics::REFUSED;
use crate::resp::reply;
use crate::resp::request::{Parser, ProtocolError};
use crate::say::say;
use crate::shared::Shared;

/// Read and run so often before other connections have their turn.
const ROUNDS: usize = 8;
/// After an error reply: how long, and for how many bytes, the client may go on sending before the
/// connection is closed. Closing with unread input would take the error reply away from it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

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
    waiting: Option<Waiting>,
    in_flight: Rc<InFlight>,
    phase: Phase,
    accounted_bytes: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr, id: u64, waker: &Waker) -> Self {
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
            waiting: None,
            in_flight: Rc::new(InFlight::begin(peer, waker)),
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
        self.waiting.is_some()
            || self.output.is_held()
            || matches!(self.phase, Phase::Lingering { .. })
    }

    /// Whether what it waits for has come.
    pub(crate) fn can_go_on(&self, turn: &Turn<'_>) -> bool {
        let held = self.waiting.as_ref().is_some_and(|waiting| waiting.is_over(turn));
        let lingered = matches!(self.phase, Phase::Lingering { until, .. } if until <= turn.now);
        held || lingered
            || self.output.can_release(turn.status.committed, turn.status.failing.is_some())
    }

    /// Goes on as far as it can.
    pub(crate) fn go_on(&mut self, turn: &mut Turn<'_>) -> Next {
        let _scope = probe::scope!("connection", self.session.id);
        let in_flight = Rc::clone(&self.in_flight);
        let _here = in_flight.enter();
        self.output.release(turn.status.committed);
        if self.output.is_held() {
            self.fail_replies(turn);
        }
        let asked = in_flight.is_asked();
        if asked {
            self.end_as_asked();
        }
        let carried = self.output.is_held() || !self.writable && self.output.pending() > 0;
        let next = self.rounds(turn);
        self.account(turn.shared);
        in_flight.rests(self.doing(next), carried);
        if asked && !self.output.sendable().is_empty() {
            // It does not read, so it will not read why, either.
            return Next::Closed;
        }
        next
    }

    fn account(&mut self, shared: &Shared) {
        let bytes = self.input.capacity() + self.output.capacity();
        shared.memory.account(self.accounted_bytes, bytes);
        self.accounted_bytes = bytes;
    }

    /// Whether its replies pile up in memory that is needed for others.
    fn is_too_greedy(&mut self, shared: &Shared) -> bool {
        if self.output.pending() <= ClientMemory::MODEST_BYTES {
            return false;
        }
        self.account(shared);
        !shared.memory.allows(self.accounted_bytes)
    }

    fn rounds(&mut self, turn: &mut Turn<'_>) -> Next {
        for _ in 0..ROUNDS {
            if let Phase::Lingering { until, left_bytes } = self.phase {
                return self.linger(turn, until, left_bytes);
            }
            let stop = if turn.shared.is_stopping() { Stop::Closing } else { self.run(turn) };
            if self.send().is_err() {
                return Next::Closed;
            }
            if self.is_too_greedy(turn.shared) {
                // An error reply would only wait behind what the client does not read.
                probe::count!(REFUSED);
                return Next::Closed;
            }
            let all_sent = self.output.pending() == 0;
            match stop {
                Stop::Closing if all_sent && turn.shared.is_stopping() => return Next::Closed,
                Stop::Closing if all_sent => {
                    let _ = self.stream.shutdown(Shutdown::Write);
                    self.phase =
                        Phase::Lingering { until: turn.now + LINGER, left_bytes: LINGER_BYTES };
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
        if let Some(waiting) = &self.waiting
            && !waiting.is_over(turn)
            && !waiting.op.asked().is_cancelled()
        {
            return Stop::Held;
        }
        let mut waited = self.let_go();
        let was_held = waited.as_ref().map(|waiting| waiting.held);
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
            if let Some(Waiting { op, .. }) =
                waited.take_if(|waiting| waiting.op.asked().is_cancelled())
            {
                reply::error(self.output.buffer(), CANCELLED_UNSTARTED);
                give_up(op);
                self.session.forget();
                start += self.parser.next();
                continue;
            }
            let begun = match waited.take() {
                Some(waiting) => Begun::Before(waiting.op),
                None if start == 0 && self.parser.used() == input.len() => Begun::Alone,
                None => Begun::InPipeline,
            };
            if !self.run_one(turn, start, begun, was_held) {
                break Stop::Held;
            }
            self.in_flight.served();
            start += self.parser.next();
        };
        turn.counted.end(turn.shared, turn.now);
        self.input.drain(..start);
        if self.input.is_empty() {
            self.input.shrink_to(ClientMemory::MODEST_BYTES / 2);
        }
        stop
    }

    /// Runs the request that begins at `start` of the input; false when it has to wait. `before`: what it waited
    /// for already.
    fn run_one(
        &mut self,
        turn: &mut Turn<'_>,
        start: usize,
        begun: Begun,
        before: Option<Held>,
    ) -> bool {
        self.in_flight.runs();
        let position = self.output.position();
        let input = self.input.get(start..).unwrap_or_default();
        let mut context = Context {
            commands: turn.commands,
            shared: turn.shared,
            reader: &mut turn.reader,
            session: &mut self.session,
            now: turn.now,
            counted: &mut turn.counted,
            name: &mut turn.name,
            out: self.output.buffer(),
        };
        match run::run(&mut context, &self.parser.request(input), begun) {
            Ran::Done => {}
            Ran::Last => self.phase = Phase::Closing,
            Ran::Written(generation, op) => {
                probe::op_status!(op, wait, "updates");
                watch(&op, &turn.waker);
                self.output.hold(position, generation, op);
            }
            Ran::Waits(held, op) => {
                self.wait(Waiting { held, op }, before, &turn.waker);
                return false;
            }
        }
        true
    }

    fn refuse(&mut self, error: &ProtocolError) {
        probe::count!(REFUSED);
        self.in_flight.fail();
        self.phase = Phase::Closing;
        match error {
            ProtocolError::Http => {
                say!(
                    "closed the connection from {}: it speaks HTTP, this port speaks RESP",
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
        if !turn.shared.memory.allows(self.input.len() + self.output.pending()) {
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
        self.input.extend_from_slice(turn.scratch.get(..length).unwrap_or_default());
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
        if let Some(waiting) = self.let_go() {
            give_up(waiting.op);
        }
        shared.memory.account(self.accounted_bytes, 0);
    }
}
