//! An io thread: waits for events on its connections and lets those go on that can.

use crate::locks::{Arc, Mutex, PoisonError};
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use super::connection::{Connection, Next};
use super::turn::Turn;
use crate::command::spec::Command;
use crate::metrics::CONNECTIONS;
use crate::say::say;
use crate::shared::Shared;
use crate::store::Wake;

const WAKER: Token = Token(usize::MAX);

/// How long a stopping daemon waits for clients to take their last replies.
const FAREWELL: Duration = Duration::from_secs(2);

/// How others reach an io thread.
pub(crate) struct Mailbox {
    waker: Waker,
    arrivals: Mutex<Vec<(TcpStream, SocketAddr)>>,
    /// The thread wants to know of commits.
    ///
    /// SeqCst: the thread sets it, then reads the store's status; the core thread changes the status,
    /// then reads it. Both use the index lock in between, so one of them sees the other.
    waits: AtomicBool,
    /// Somebody asked one of the thread's operations to end: it looks which.
    ///
    /// Release when set, Acquire when taken: who takes it sees what was asked for.
    asked: AtomicBool,
}

impl Mailbox {
    /// Hands over a connection.
    pub(crate) fn deliver(&self, stream: TcpStream, peer: SocketAddr) {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push((stream, peer));
        self.nudge();
    }

    /// Makes the thread look around.
    pub(crate) fn nudge(&self) {
        // It fails only when the thread is gone.
        let _ = self.waker.wake();
    }
}

impl task::Wake for Mailbox {
    fn wake(self: Arc<Self>) {
        self.asked.store(true, Ordering::Release);
        self.nudge();
    }
}

impl Wake for Mailbox {
    fn wake(&self) {
        if self.waits.swap(false, Ordering::SeqCst) {
            self.nudge();
        }
    }
}

/// An io thread, before it runs.
pub(crate) struct EventLoop {
    poll: Poll,
    mailbox: Arc<Mailbox>,
}

impl EventLoop {
    /// # Errors
    /// Out of descriptors, most likely.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let mailbox = Arc::new(Mailbox {
            waker,
            arrivals: Mutex::default(),
            waits: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        });
        Ok(Self { poll, mailbox })
    }

    /// How others reach it.
    pub(crate) fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    /// Runs until the daemon stops and the replies are sent.
    pub(crate) fn run(mut self, shared: &Shared, commands: &'static [Command]) {
        let mut events = Events::with_capacity(128);
        let mut clients =
            Clients { shared, connections: HashMap::new(), waiting: HashSet::new(), next_token: 0 };
        let mut turn = Turn::new(shared, commands, task::Waker::from(Arc::clone(&self.mailbox)));
        // Connections that have more to do and only gave way to others.
        let mut eager: Vec<Token> = Vec::new();
        let mut farewell: Option<Instant> = None;
        loop {
            turn.reader.release();
            let mut pause = if eager.is_empty() { Duration::MAX } else { Duration::ZERO };
            if !clients.waiting.is_empty() {
                self.mailbox.waits.store(true, Ordering::SeqCst);
                turn.look_at_clock();
                turn.look_at_commits();
                eager.extend(
                    clients.waiting.iter().filter(|token| clients.can_go_on(**token, &turn)),
                );
                // Held by the backlog's age or by a client that reads slowly: look again by the clock.
                pause = if eager.is_empty() { Duration::from_millis(100) } else { Duration::ZERO };
            }
            if let Some(until) = farewell {
                if clients.connections.is_empty() || Instant::now() >= until {
                    return;
                }
                pause = pause.min(Duration::from_millis(20));
            }
            probe::tag!(idle, "wait for events");
            let timeout = (pause != Duration::MAX).then_some(pause);
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                say!("cannot wait for events: {error}");
                return;
            }
            let _busy = probe::busy!();
            turn.look_at_clock();
            if !clients.waiting.is_empty() {
                turn.look_at_commits();
            }
            if farewell.is_none() && shared.is_stopping() {
                farewell = Some(Instant::now() + FAREWELL);
            }
            probe::tag!("events");
            let ready = std::mem::take(&mut eager);
            self.note_events(&events, &mut clients, &turn, &mut eager);
            eager.extend(ready);
            if farewell.is_some() {
                eager.extend(clients.connections.keys());
            }
            eager.sort_unstable();
            eager.dedup();
            eager.retain(|&token| clients.go_on(token, &mut turn));
        }
    }

    /// Takes note of what happened: which connections may go on.
    fn note_events(
        &self,
        events: &Events,
        clients: &mut Clients<'_>,
        turn: &Turn<'_>,
        eager: &mut Vec<Token>,
    ) {
        for event in events {
            if event.token() == WAKER {
                let arrivals = std::mem::take(
                    &mut *self.mailbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner),
                );
                for (stream, peer) in arrivals {
                    eager.extend(clients.welcome(&self.poll, stream, peer, &turn.waker));
                }
            } else if let Some(connection) = clients.connections.get_mut(&event.token()) {
                connection.note(event);
                eager.push(event.token());
            }
        }
        if self.mailbox.asked.swap(false, Ordering::Acquire) {
            let asked = clients.connections.iter().filter(|(_, connection)| connection.is_asked());
            eager.extend(asked.map(|(token, _)| token));
        }
    }
}

/// The connections of one io thread.
struct Clients<'a> {
    shared: &'a Shared,
    connections: HashMap<Token, Connection>,
    /// Those that wait for a commit, for room in the backlog, or for a deadline.
    waiting: HashSet<Token>,
    next_token: usize,
}

impl Clients<'_> {
    fn welcome(
        &mut self,
        poll: &Poll,
        mut stream: TcpStream,
        peer: SocketAddr,
        waker: &task::Waker,
    ) -> Option<Token> {
        let token = Token(self.next_token);
        self.next_token += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = poll.registry().register(&mut stream, token, interest) {
            say!("cannot watch the connection from {peer}: {error}");
            self.shared.client_left();
            return None;
        }
        probe::adjust!(CONNECTIONS, 1);
        let id = self.shared.next_client_id();
        self.connections.insert(token, Connection::new(stream, peer, id, waker));
        Some(token)
    }

    fn can_go_on(&self, token: Token, turn: &Turn<'_>) -> bool {
        self.connections.get(&token).is_some_and(|connection| connection.can_go_on(turn))
    }

    /// Lets a connection go on as far as it can. Returns whether it has more to do at once.
    fn go_on(&mut self, token: Token, turn: &mut Turn<'_>) -> bool {
        let Some(connection) = self.connections.get_mut(&token) else {
            return false;
        };
        let next = connection.go_on(turn);
        let wait = match next {
            Next::Eager | Next::Idle => connection.waits(),
            Next::Closed => {
                if let Some(connection) = self.connections.remove(&token) {
                    self.part(connection);
                }
                false
            }
        };
        if wait {
            self.waiting.insert(token);
        } else {
            self.waiting.remove(&token);
        }
        next == Next::Eager
    }

    fn part(&self, connection: Connection) {
        connection.close(self.shared);
        self.shared.client_left();
        probe::adjust!(CONNECTIONS, -1);
    }
}

impl Drop for Clients<'_> {
    fn drop(&mut self) {
        for (_, connection) in std::mem::take(&mut self.connections) {
            self.part(connection);
        }
    }
}
