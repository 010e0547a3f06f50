//! The acceptor thread: takes connections and hands them to the io threads in turn.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

use super::event_loop::Mailbox;
use crate::args::Fault;
use crate::failure::Failure;
use crate::metrics::{ACCEPTED, REFUSED};
use crate::say::say;
use crate::shared::Shared;

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);

/// The listening socket, before its thread runs.
pub(crate) struct Acceptor {
    poll: Poll,
    listener: TcpListener,
    waker: Arc<Waker>,
}

impl Acceptor {
    /// Listens.
    ///
    /// # Errors
    /// Says which address, why, and what to do.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let set_up = || -> io::Result<Self> {
            let mut listener = TcpListener::bind(address)?;
            let poll = Poll::new()?;
            poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
            let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
            Ok(Self { poll, listener, waker })
        };
        set_up().map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    "stop what listens there, or choose another address with --listen"
                }
                io::ErrorKind::PermissionDenied => "choose a port above 1023 with --listen",
                _ => "choose another address with --listen",
            };
            Failure::new(format!("cannot listen on {address}: {error}"), hint)
        })
    }

    /// Where it listens, also when port 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Wakes the thread, to look whether it should stop.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Runs until the daemon stops.
    pub(crate) fn run(mut self, shared: &Shared, mailboxes: &[Arc<Mailbox>]) {
        let mut events = Events::with_capacity(4);
        let mut turn = mailboxes.iter().cycle();
        let mut pause = None;
        // Told once, until a connection is accepted again: it goes on as long as the limit does.
        let mut told = false;
        while !shared.is_stopping() {
            probe::tag!(idle, "wait for connections");
            if let Err(error) = self.poll.poll(&mut events, pause)
                && error.kind() != io::ErrorKind::Interrupted
            {
                say!("cannot wait for connections: {error}");
                return;
            }
            let _busy = probe::busy!();
            pause = None;
            loop {
                probe::tag!(hits, "accept");
                match self.listener.accept() {
                    Ok((stream, peer)) => {
                        told = false;
                        welcome(shared, &mut turn, stream, peer);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => {
                        // Out of descriptors, most likely: those that wait are taken when one is free.
                        if !told {
                            say!("cannot accept connections: {error}; trying every 100 ms");
                            told = true;
                        }
                        pause = Some(Duration::from_millis(100));
                        break;
                    }
                }
            }
        }
    }
}

fn welcome<'a>(
    shared: &Shared,
    turn: &mut impl Iterator<Item = &'a Arc<Mailbox>>,
    mut stream: TcpStream,
    peer: SocketAddr,
) {
    probe::count!(ACCEPTED);
    if !shared.admit_client() {
        probe::count!(REFUSED);
        let _ = stream.write(b"-ERR max number of clients reached\r\n");
        return;
    }
    if shared.settings.fault == Some(Fault::LeakSockets) {
        let _ = stream.as_fd().try_clone_to_owned().map(std::mem::forget);
    }
    // A reply is one write: waiting to fill a packet only delays it.
    let _ = stream.set_nodelay(true);
    if let Some(mailbox) = turn.next() {
        mailbox.deliver(stream, peer);
    }
}
