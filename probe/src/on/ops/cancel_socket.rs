//! The cancel socket: a UNIX socket through which cancellation of operations is requested, for a daemon that opted in. Never
//! through the board, which nobody but the daemon writes.
//!
//! The socket has an abstract name, so nothing is left behind and nothing is found in its place; who
//! connects is known as the kernel reports it (`SO_PEERCRED`), and must be this daemon's user or root. What is
//! asked for is an operation's id with its generation, and the run of the daemon: a forged, stale or
//! repeated request meets no operation.

use std::ffi::CStr;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::unistd::geteuid;

use super::table::{self, OpTable};
use crate::layout::{CancelAnswer, CancelRequest, cancel_name, from_op_id};
use crate::on::board::tables::Board;
use crate::on::ground::ours::{Identity, Inherited};
use crate::on::ground::{peer, threads};

/// Name of the thread that serves the socket: a reader knows it by this.
const NAME: &CStr = c"probe-cancel";
/// Who connects sends a request within this time.
const PATIENCE: Duration = Duration::from_millis(200);

/// Connections that have sent nothing yet, at a time.
const MOST_WAITING: usize = 64;

/// A connection that has sent nothing yet.
struct Connection {
    stream: UnixStream,
    identity: Option<Identity>,
    since: Instant,
}

/// The listening socket, for a forked child to close.
static LISTENING: Inherited = Inherited::none();

/// Opens the cancel socket of this board.
///
/// # Errors
/// Why it stays closed.
pub(crate) fn open(board: &Board) -> Result<(), String> {
    let table = table::current().ok_or("there are none")?;
    let instance = board.single.header.instance.load(Ordering::Relaxed);
    let failed = |error: std::io::Error| error.to_string();
    let name = SocketAddr::from_abstract_name(cancel_name(instance)).map_err(failed)?;
    let listener = UnixListener::bind_addr(&name).map_err(failed)?;
    let own = Identity::of(&listener).ok_or("its socket cannot be told from others")?;
    LISTENING.remember(listener.as_raw_fd(), own);
    let serving = threads::start(NAME, 64 << 10, move || serve(table, instance, listener, own));
    serving.map_err(|errno| errno.desc().to_owned())?.leave();
    table.cancellable.store(true, Ordering::Relaxed);
    Ok(())
}

/// Closes the forked child's copy of the listening socket, which is not its own.
pub(crate) fn close_inherited() {
    LISTENING.close();
}

fn serve(table: &OpTable, instance: u64, listener: UnixListener, own: Identity) {
    // The daemon's signals are not ours to take.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
    let mut waiting: Vec<Connection> = Vec::new();
    // A daemon that closed all it did not open itself may have given the number to a socket of its own.
    while own.is_behind(listener.as_raw_fd()) {
        let Some(ready) = wait(&listener, &waiting) else {
            // Not the moment to spin.
            threads::pause(PATIENCE);
            continue;
        };
        // Who says nothing keeps nobody else from being heard.
        for (connection, speaks) in std::mem::take(&mut waiting).into_iter().zip(&ready[1..]) {
            if *speaks {
                let _ = answer(table, instance, &connection.stream);
            } else if connection.since.elapsed() < PATIENCE {
                waiting.push(connection);
                continue;
            }
            leave(connection.stream, connection.identity);
        }
        if !ready[0] {
            continue;
        }
        match listener.accept() {
            Ok((stream, _)) => {
                if waiting.len() >= MOST_WAITING {
                    let oldest = waiting.remove(0);
                    leave(oldest.stream, oldest.identity);
                }
                let identity = Identity::of(&stream);
                waiting.push(Connection { stream, identity, since: Instant::now() });
            }
            // Out of descriptors, for instance: not the moment to spin.
            Err(_) => threads::pause(PATIENCE),
        }
    }
    for connection in waiting {
        leave(connection.stream, connection.identity);
    }
    table.cancellable.store(false, Ordering::Relaxed);
    leave(listener, Some(own));
}

/// Closes what is still ours, and nothing else.
fn leave(descriptor: impl AsRawFd, identity: Option<Identity>) {
    if identity.is_none_or(|identity| !identity.is_behind(descriptor.as_raw_fd())) {
        std::mem::forget(descriptor);
    }
}

/// Waits until somebody connects or sends, or patience is at its end: whether there is a new connection, then
/// whether each of those that wait speaks.
fn wait(listener: &UnixListener, waiting: &[Connection]) -> Option<Vec<bool>> {
    let streams = waiting.iter().map(|connection| connection.stream.as_fd());
    let all = std::iter::once(listener.as_fd()).chain(streams);
    let mut fds: Vec<PollFd<'_>> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let timeout = match waiting.is_empty() {
        true => PollTimeout::NONE,
        false => PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::ZERO),
    };
    poll(&mut fds, timeout).ok()?;
    Some(fds.iter().map(|fd| fd.any().unwrap_or(true)).collect())
}

fn answer(table: &OpTable, instance: u64, mut connection: &UnixStream) -> std::io::Result<()> {
    // It has spoken, in one piece as everybody who means it does; nobody is waited for here.
    connection.set_nonblocking(true)?;
    let user = peer::user(connection)?;
    let answer = if user != 0 && user != geteuid().as_raw() {
        CancelAnswer::Refused
    } else {
        let mut bytes = [0; CancelRequest::BYTES];
        connection.read_exact(&mut bytes)?;
        decide(table, instance, &bytes)
    };
    connection.write_all(&answer.to_bytes())
}

fn decide(table: &OpTable, instance: u64, bytes: &[u8; CancelRequest::BYTES]) -> CancelAnswer {
    let Some(request) = CancelRequest::from_bytes(bytes) else {
        return CancelAnswer::Refused;
    };
    if request.instance != instance {
        return CancelAnswer::Gone;
    }
    let found = table.find(request.id).zip(from_op_id(request.id));
    let Some((entry, (_, generation))) = found else { return CancelAnswer::Gone };
    entry.cancel(generation);
    CancelAnswer::Asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_its_bytes_and_nothing_else_is_one() {
        let request = CancelRequest { instance: 7, id: 3 << 16 | 1 };
        let bytes = request.to_bytes();
        assert_eq!(CancelRequest::from_bytes(&bytes), Some(request));
        for at in 0..8 {
            let mut wrong = bytes;
            wrong[at] ^= 1;
            assert_eq!(CancelRequest::from_bytes(&wrong), None, "byte {at}");
        }
    }
}
