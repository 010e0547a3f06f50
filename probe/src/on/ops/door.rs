//! The door through which operations are asked to end: a UNIX socket, for a daemon that opted in. Never
//! through the board, which nobody but the daemon writes.
//!
//! The socket has an abstract name, so nothing is left behind and nothing is found in its place; who
//! knocks is known by the kernel's word (`SO_PEERCRED`), and must be this daemon's user or root. What is
//! asked for is an operation's id with its generation, and the run of the daemon: a forged, stale or
//! repeated request meets no operation.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::geteuid;

use super::super::board::Board;
use super::super::ours::{Identity, Inherited};
use crate::layout::{CancelAnswer, CancelRequest, cancel_name, from_op_id};

/// Name of the thread behind the door: a reader knows it by this.
const NAME: &str = "probe-cancel";
/// Who knocks says what he wants within this time.
const PATIENCE: Duration = Duration::from_millis(200);

/// The listening socket, for a forked child to close.
static DOOR: Inherited = Inherited::none();

/// Opens the door of this board.
///
/// # Errors
/// Why it stays closed.
pub(in super::super) fn open(board: &'static Board) -> Result<(), String> {
    let instance = board.header.instance.load(Ordering::Relaxed);
    let failed = |error: std::io::Error| error.to_string();
    let name = SocketAddr::from_abstract_name(cancel_name(instance)).map_err(failed)?;
    let listener = UnixListener::bind_addr(&name).map_err(failed)?;
    let own = Identity::of(&listener).ok_or("its socket cannot be told from others")?;
    DOOR.remember(listener.as_raw_fd(), own);
    let builder = std::thread::Builder::new().name(NAME.to_owned()).stack_size(64 << 10);
    builder.spawn(move || serve(board, instance, listener, own)).map_err(failed)?;
    board.ops.cancellable.store(true, Ordering::Relaxed);
    Ok(())
}

/// Closes the forked child's copy of the listening socket, which is not its own.
pub(in super::super) fn close_inherited() {
    DOOR.close();
}

fn serve(board: &'static Board, instance: u64, listener: UnixListener, own: Identity) {
    // The daemon's signals are not ours to take.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
    // A daemon that closed all it did not open itself may have given the number to a socket of its own.
    while own.is_behind(listener.as_raw_fd()) {
        match listener.accept() {
            // One at a time: each is over within its patience.
            Ok((mut knocking, _)) => {
                let identity = Identity::of(&knocking);
                let _ = answer(board, instance, &mut knocking);
                leave(knocking, identity);
            }
            // Out of descriptors, for instance: not the moment to spin.
            Err(_) => std::thread::sleep(PATIENCE),
        }
    }
    board.ops.cancellable.store(false, Ordering::Relaxed);
    leave(listener, Some(own));
}

/// Closes what is still ours, and nothing else.
fn leave(descriptor: impl AsRawFd, identity: Option<Identity>) {
    if identity.is_none_or(|identity| !identity.is_behind(descriptor.as_raw_fd())) {
        std::mem::forget(descriptor);
    }
}

fn answer(board: &Board, instance: u64, knocking: &mut UnixStream) -> std::io::Result<()> {
    knocking.set_read_timeout(Some(PATIENCE))?;
    knocking.set_write_timeout(Some(PATIENCE))?;
    let peer = getsockopt(knocking, PeerCredentials)?;
    let answer = if peer.uid() != 0 && peer.uid() != geteuid().as_raw() {
        CancelAnswer::Refused
    } else {
        let mut bytes = [0; CancelRequest::BYTES];
        knocking.read_exact(&mut bytes)?;
        decide(board, instance, &bytes)
    };
    knocking.write_all(&answer.to_bytes())
}

fn decide(board: &Board, instance: u64, bytes: &[u8; CancelRequest::BYTES]) -> CancelAnswer {
    let Some(request) = CancelRequest::from_bytes(bytes) else {
        return CancelAnswer::Refused;
    };
    if request.instance != instance {
        return CancelAnswer::Gone;
    }
    let found = board.ops.find(request.id).zip(from_op_id(request.id));
    let Some((tenant, (_, generation))) = found else { return CancelAnswer::Gone };
    tenant.cancel(generation);
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
