//! Asks one operation to end, at the cancel socket of its daemon. Nothing goes through the board.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use probe::layout::{CancelAnswer, CancelRequest, cancel_name, op_id};

use crate::open_board::OpenBoard;
use crate::opener;

/// How long the daemon may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Why an operation could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody answers: the daemon hangs, is stopped, or has no such socket.
    #[error("process {pid} does not answer on its cancel socket: {why}")]
    Silent {
        /// The daemon.
        pid: u64,
        /// The system's reason, or that time went by.
        why: String,
    },
    /// Somebody else took the socket's name first: that process is told nothing.
    #[error("process {other} of user {uid} listens on the cancel socket of {pid}")]
    Another {
        /// Who listens.
        other: i32,
        /// Its user.
        uid: u32,
        /// Who should.
        pid: u64,
    },
    /// It answered something that no daemon does.
    #[error("process {pid} answers in a way that is not known")]
    Unknown {
        /// The daemon.
        pid: u64,
    },
}

/// The two numbers of an operation's id (`17-42`), or `None` when it is none.
pub fn parse_id(id: &str) -> Option<(usize, u64)> {
    // `parse` of a number takes a sign.
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (index, generation) =
        id.split_once('-').filter(|(index, generation)| digits(index) && digits(generation))?;
    let (index, generation) = (index.parse::<u16>().ok()?, generation.parse::<u64>().ok()?);
    (generation < 1 << 48).then_some((index.into(), generation))
}

/// Asks the daemon, if it is the daemon that listens there.
///
/// # Errors
/// [`AskError`], within [`PATIENCE`].
pub fn ask(board: &OpenBoard, (index, generation): (usize, u64)) -> Result<CancelAnswer, AskError> {
    let header = &board.board.header;
    let pid = header.pid;
    let request = CancelRequest { instance: header.instance, id: op_id(index, generation) };
    let failed = |error: std::io::Error| {
        let why = match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                format!("nothing came in {} s; is it stopped?", PATIENCE.as_secs())
            }
            _ => error.to_string(),
        };
        AskError::Silent { pid, why }
    };
    let name = SocketAddr::from_abstract_name(cancel_name(request.instance)).map_err(failed)?;
    // Root may have been given up: whoever kept it connects.
    let stream =
        opener::cancel_socket(request.instance).unwrap_or_else(|| UnixStream::connect_addr(&name));
    let mut stream = stream.map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    // Whoever took that name first is told nothing.
    let peer = getsockopt(&stream, PeerCredentials).map_err(|errno| failed(errno.into()))?;
    let another = board.context.host_pid.is_some_and(|pid| i64::from(peer.pid()) != i64::from(pid));
    if peer.uid() != board.owner.0 || another {
        return Err(AskError::Another { other: peer.pid(), uid: peer.uid(), pid });
    }
    stream.write_all(&request.to_bytes()).map_err(failed)?;
    let mut bytes = [0; CancelAnswer::BYTES];
    stream.read_exact(&mut bytes).map_err(failed)?;
    CancelAnswer::from_bytes(&bytes).ok_or(AskError::Unknown { pid })
}
