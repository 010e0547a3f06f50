//! Root is given up before a board is parsed, and boards are opened later, too: by another thread, when a
//! daemon is started anew, to connect to a cancel socket. So a second process keeps root. It takes fixed requests:
//! it opens a board's file, a directory where boards live or a daemon's cancel socket, and passes the descriptor, or gives
//! a file that this program made before its name, or makes, renames and removes files of fixed names in one directory that
//! was lent to it. It parses nothing, and ends with this one.
#![expect(unsafe_code, reason = "forks, and owns descriptors that the other process sent")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, renameat};
use nix::sys::signal::SigSet;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recv,
    recvmsg, send, sendmsg, setsockopt, socketpair, sockopt::ReceiveTimeout,
};
use nix::sys::stat::Mode;
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::{ForkResult, UnlinkatFlags, fork, unlinkat};
use probe::layout::{MAGIC, cancel_name};

use crate::places::directories;
use crate::proc;
use crate::target::parse_name;

/// Bytes of a request at most.
const LONGEST: usize = 4096;
const OPEN: u8 = b'o';
const LIST: u8 = b'l';
const CANCEL_SOCKET: u8 = b'd';
const NAME: u8 = b'n';
const MAKE: u8 = b'c';
const MOVE: u8 = b'm';
const REMOVE: u8 = b'u';
/// What does not answer in this time is given up.
const PATIENCE_S: i64 = 2;

/// The other process; `None` once it did not answer.
static OTHER: OnceLock<Mutex<Option<OwnedFd>>> = OnceLock::new();

/// Files that were made and have no name yet: a descriptor, the name, and the name so far.
static EXPECTED: Mutex<Vec<(RawFd, PathBuf, Option<PathBuf>)>> = Mutex::new(Vec::new());

/// A directory in which files of fixed names may be made, renamed and removed also after root was given up.
static LENT: Mutex<Option<OwnedFd>> = Mutex::new(None);

#[cfg(feature = "cli")]
/// Lends a directory to the process that keeps root, which is started after it.
pub(crate) fn lend(directory: OwnedFd) {
    *LENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(directory);
}

/// Makes a file of this name in the directory that was lent. `None` where there is nobody to ask.
pub(crate) fn make(name: &str) -> Option<io::Result<OwnedFd>> {
    ask(MAKE, name.as_bytes())
}

/// Renames one there, in place of what has that name.
pub(crate) fn rename(from: &str, to: &str) -> Option<io::Result<()>> {
    ask(MOVE, format!("{from}/{to}").as_bytes()).map(done)
}

/// Removes one there.
pub(crate) fn remove(name: &str) -> Option<io::Result<()>> {
    ask(REMOVE, name.as_bytes()).map(done)
}

/// The answer to what comes to no descriptor.
fn done(answer: io::Result<OwnedFd>) -> io::Result<()> {
    match answer {
        Err(error) if error.raw_os_error() != Some(0) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(feature = "cli")]
/// Lets a file that was just made get its name also after root was given up. Returns its ticket.
pub(crate) fn expect(file: &impl AsRawFd, path: &Path, part: Option<&Path>) -> usize {
    let mut expected = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner);
    // The other process may stand elsewhere by then.
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    expected.push((file.as_raw_fd(), whole(path), part.map(whole)));
    expected.len() - 1
}

#[cfg(feature = "cli")]
/// Gives such a file its name, as root. `None` where there is nobody to ask.
pub(crate) fn publish(ticket: usize) -> Option<io::Result<()>> {
    ask(NAME, &ticket.to_ne_bytes()).map(done)
}

/// Starts the process that keeps root, for one that goes on as `reader`. It opens what stands at these paths, and boards
/// where boards live. Nothing happens where there are more threads than this one.
pub(crate) fn keep(paths: Vec<PathBuf>, reader: u32) -> io::Result<()> {
    let alone = proc::tasks(std::process::id()).is_some_and(|tasks| tasks.len() == 1);
    if OTHER.get().is_some() || !alone {
        return Ok(());
    }
    let (ours, theirs) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    setsockopt(&ours, ReceiveTimeout, &TimeVal::seconds(PATIENCE_S))?;
    // SAFETY: this process has one thread, as just seen: no lock is held by another one.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(ours);
            serve(&theirs, &Known { paths, reader });
            // SAFETY: `_exit` has no precondition; nothing of the parent's is flushed twice.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { .. } => {
            drop(theirs);
            let _ = OTHER.set(Mutex::new(Some(ours)));
            Ok(())
        }
    }
}

/// Opens a board's file with the rights that were given up. `None` where there is nobody to ask.
pub(crate) fn open(path: &Path) -> Option<io::Result<OwnedFd>> {
    ask(OPEN, path.as_os_str().as_bytes())
}

/// Names and inode numbers in a directory where boards live, and its device, with the rights that were given up.
/// `None` where there is nobody to ask, or it may not be listed.
pub(crate) fn list(path: &Path) -> Option<(u64, Vec<(OsString, u64)>)> {
    let fd = ask(LIST, path.as_os_str().as_bytes())?.ok()?;
    let device = nix::sys::stat::fstat(&fd).ok()?.st_dev;
    let mut directory = Dir::from_fd(fd).ok()?;
    let entries = directory
        .iter()
        .flatten()
        .map(|entry| (OsStr::from_bytes(entry.file_name().to_bytes()).to_owned(), entry.ino()));
    Some((device, entries.collect()))
}

#[cfg(feature = "cli")]
/// Connects to a daemon's cancel socket, as root. `None` where there is nobody to ask.
pub(crate) fn cancel_socket(instance: u64) -> Option<io::Result<UnixStream>> {
    Some(ask(CANCEL_SOCKET, &instance.to_ne_bytes())?.map(UnixStream::from))
}

fn ask(kind: u8, what: &[u8]) -> Option<io::Result<OwnedFd>> {
    let mut other = OTHER.get()?.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = request(other.as_ref()?, kind, what);
    if answer.is_none() {
        // A late answer would be taken for that to the next request.
        *other = None;
    }
    Some(answer.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())))
}

/// One request and its answer; `None` when none came.
fn request(other: &OwnedFd, kind: u8, what: &[u8]) -> Option<io::Result<OwnedFd>> {
    let text = [&[kind], what].concat();
    if text.len() > LONGEST {
        return Some(Err(io::ErrorKind::InvalidInput.into()));
    }
    send(other.as_raw_fd(), &text, MsgFlags::MSG_NOSIGNAL).ok()?;
    let mut errno = [0; size_of::<i32>()];
    let mut space = nix::cmsg_space!(RawFd);
    let mut bytes = [IoSliceMut::new(&mut errno)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(other.as_raw_fd(), &mut bytes, Some(&mut space), flags).ok()?;
    let sent = message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    let length = message.bytes;
    if length != errno.len() {
        return None;
    }
    Some(match sent {
        // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
        Some(fd) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        None => Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno))),
    })
}

/// What the process that keeps root goes by. It was told before the other one saw the first byte of a board: a request
/// may come from whoever took that one over.
struct Known {
    /// What was named or found while this was root.
    paths: Vec<PathBuf>,
    /// Who the other process is.
    reader: u32,
}

/// Answers until the other end is closed.
fn serve(asking: &OwnedFd, known: &Known) {
    // What ends the other process ends this one by the closed socket.
    let _ = SigSet::all().thread_block();
    let mut bytes = [0; LONGEST];
    loop {
        let length = match recv(asking.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
            Err(Errno::EINTR) => continue,
            Ok(0) | Err(_) => return,
            Ok(length) => length,
        };
        let answer = match bytes[..length].split_first() {
            Some((&OPEN, path)) => open_board(Path::new(OsStr::from_bytes(path)), known),
            Some((&LIST, path)) => open_directory(Path::new(OsStr::from_bytes(path))),
            Some((&CANCEL_SOCKET, instance)) => connect(instance),
            // What comes to no descriptor is answered by no error.
            Some((&NAME, ticket)) => Err(name(ticket).err().unwrap_or(Errno::UnknownErrno)),
            Some((&MAKE, name)) => in_lent(name, make_there),
            Some((&MOVE, names)) => in_lent(names, move_there),
            Some((&REMOVE, name)) => in_lent(name, remove_there),
            _ => Err(Errno::EINVAL),
        };
        let errno = answer.as_ref().err().map_or(0, |errno| *errno as i32).to_ne_bytes();
        let fds: Vec<RawFd> = answer.iter().map(|fd| fd.as_fd().as_raw_fd()).collect();
        let rights = [ControlMessage::ScmRights(&fds)];
        let rights = if fds.is_empty() { &rights[..0] } else { &rights[..] };
        let text = [IoSlice::new(&errno)];
        if sendmsg::<()>(asking.as_raw_fd(), &text, rights, MsgFlags::MSG_NOSIGNAL, None).is_err() {
            return;
        }
    }
}

/// Opens a file to read: what was named, or a board where boards live. No other file, whoever asks.
fn open_board(path: &Path, known: &Known) -> Result<OwnedFd, Errno> {
    let held = is_held(path);
    let plain = path.components().all(|part| part != Component::ParentDir);
    let named = known.paths.iter().any(|known| known == path);
    if !named && !(plain && (held || is_called_board(path))) {
        return Err(Errno::EACCES);
    }
    let mut flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    if !held {
        flags |= OFlag::O_NOFOLLOW;
    }
    let fd = openat(AT_FDCWD, path, flags, Mode::empty())?;
    let facts = nix::sys::stat::fstat(&fd)?;
    let regular = facts.st_mode & libc::S_IFMT == libc::S_IFREG;
    // One owner's rights are never used to parse another's board.
    let permitted = [0, known.reader].contains(&facts.st_uid) || known.reader == NOBODY;
    if regular && permitted && (named || begins_as_board(&fd, !held)) {
        Ok(fd)
    } else {
        Err(Errno::EACCES)
    }
}

/// Whether a path is that of a board, where boards live.
fn is_called_board(path: &Path) -> bool {
    let Some((dir, name)) = path.parent().zip(path.file_name()) else { return false };
    let called = name.to_str().is_some_and(|name| parse_name(name).is_some());
    called && (directories().iter().any(|known| known == dir) || in_container(dir))
}

/// Whether a file's first word is a board's, of a machine of either byte order; or one that is not ready, which begins
/// with 0.
fn begins_as_board(file: &OwnedFd, or_not_ready: bool) -> bool {
    let mut bytes = [0; size_of::<u64>()];
    let file = file.try_clone().map(File::from);
    let read = file.and_then(|file| file.read_at(&mut bytes, 0)).ok();
    let word = u64::from_ne_bytes(bytes);
    read == Some(bytes.len())
        && ([MAGIC, MAGIC.swap_bytes()].contains(&word) || or_not_ready && word == 0)
}

/// Opens a directory where boards live, to be listed: no other one.
fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    let plain = path.components().all(|part| part != Component::ParentDir);
    if !plain || !(directories().iter().any(|known| known == path) || in_container(path)) {
        return Err(Errno::EACCES);
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    openat(AT_FDCWD, path, flags, Mode::empty())
}

/// Does something in the directory that was lent.
fn in_lent(
    names: &[u8],
    what: fn(&OwnedFd, &str) -> Result<OwnedFd, Errno>,
) -> Result<OwnedFd, Errno> {
    let lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = lent.as_ref().ok_or(Errno::EACCES)?;
    what(directory, std::str::from_utf8(names).map_err(|_| Errno::EINVAL)?)
}

/// A name that may stand there: digits, and an end of lower letters. So nothing else in it is touched, and nothing outside.
fn segment(name: &str) -> Result<&str, Errno> {
    let right = name.split_once('.').is_some_and(|(stamp, end)| {
        let digits = stamp.bytes().all(|byte| byte.is_ascii_digit());
        digits && stamp.len() == 16 && ["open", "packed", "part"].contains(&end)
    });
    if right { Ok(name) } else { Err(Errno::EACCES) }
}

fn make_there(directory: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_APPEND;
    let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(directory, segment(name)?, flags, Mode::from_bits_truncate(0o640))
}

fn move_there(directory: &OwnedFd, names: &str) -> Result<OwnedFd, Errno> {
    let (from, to) = names.split_once('/').ok_or(Errno::EINVAL)?;
    renameat(directory, segment(from)?, directory, segment(to)?)?;
    Err(Errno::UnknownErrno)
}

fn remove_there(directory: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    unlinkat(directory, segment(name)?, UnlinkatFlags::NoRemoveDir)?;
    Err(Errno::UnknownErrno)
}

/// The parts of a path below `/proc/PID`.
fn below_process(path: &Path) -> Option<&Path> {
    let rest = path.strip_prefix("/proc").ok()?;
    let pid = rest.components().next()?.as_os_str();
    let digits = pid.as_bytes().iter().all(u8::is_ascii_digit);
    if digits { rest.strip_prefix(pid).ok() } else { None }
}

/// Whether a path is one of a process's open or mapped files.
fn is_held(path: &Path) -> bool {
    let dir = path.parent().and_then(below_process);
    dir.is_some_and(|dir| dir == Path::new("fd") || dir == Path::new("map_files"))
}

/// Whether a directory is the shared memory of a container.
fn in_container(dir: &Path) -> bool {
    below_process(dir) == Some(Path::new("root/dev/shm"))
}

/// Gives a file its name that was made before this process was: only of those, and once each.
fn name(ticket: &[u8]) -> Result<(), Errno> {
    let ticket = ticket.try_into().map(usize::from_ne_bytes).map_err(|_| Errno::EINVAL)?;
    let mut expected = EXPECTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (file, path, part) = expected.get_mut(ticket).ok_or(Errno::EINVAL)?;
    let file = std::mem::replace(file, -1);
    crate::naming::name(&file, path, part.as_deref())
}

fn connect(instance: &[u8]) -> Result<OwnedFd, Errno> {
    let instance = instance.try_into().map(u64::from_ne_bytes).map_err(|_| Errno::EINVAL)?;
    let failed = |error: io::Error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let name = SocketAddr::from_abstract_name(cancel_name(instance)).map_err(failed)?;
    UnixStream::connect_addr(&name).map(OwnedFd::from).map_err(failed)
}

/// The user that root becomes where boards have several owners.
pub(crate) const NOBODY: u32 = 65_534;

#[cfg(test)]
mod tests {
    use super::*;

    /// Naively whoever took over the process that parses got any regular file that any process has open.
    #[test]
    fn of_files_that_nobody_named_boards_alone_are_opened_and_of_one_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            path
        };
        let secret = make("secret", b"password: it is long enough to be read");
        let board = make("board", &MAGIC.to_ne_bytes());
        let me = nix::unistd::geteuid().as_raw();
        let may = |path: &Path, paths: &[&PathBuf], reader| {
            let paths = paths.iter().map(|&path| path.clone()).collect();
            open_board(path, &Known { paths, reader }).is_ok()
        };
        let held = |path: &Path| {
            let file = File::open(path).expect("it");
            let way =
                PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
            (file, way)
        };
        let ((_one, held_secret), (_other, held_board)) = (held(&secret), held(&board));
        assert!(may(&held_board, &[], me) && !may(&held_secret, &[], me));
        assert!(may(&held_board, &[], NOBODY) && !may(&held_secret, &[], NOBODY));
        assert!(may(&secret, &[&secret], me), "it was named");
        assert!(!may(&secret, &[&board], me) && !may(&board, &[], me), "no board lives there");
        // Somebody else's, but root's.
        assert_eq!(may(&held_board, &[], me + 1), me == 0);
    }

    #[test]
    fn in_a_directory_that_was_lent_segments_are_made_renamed_and_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory: OwnedFd = std::fs::File::open(folder.path()).expect("it").into();
        let (open, packed) = ("0000000000000001.open", "0000000000000001.packed");
        make_there(&directory, open).expect("made");
        assert_eq!(make_there(&directory, open).err(), Some(Errno::EEXIST));
        let moved = move_there(&directory, &format!("{open}/{packed}"));
        assert_eq!(moved.err(), Some(Errno::UnknownErrno), "done, which has no descriptor");
        assert!(folder.path().join(packed).exists() && !folder.path().join(open).exists());
        let link = folder.path().join("0000000000000002.open");
        std::os::unix::fs::symlink("/etc/passwd", &link).expect("a link");
        assert!(make_there(&directory, "0000000000000002.open").is_err(), "no link is followed");
        for wrong in [
            "lock",
            "../0000000000000001.open",
            "0000000000000001.open/../x",
            "/0000000000000001.open",
            "0000000000000001.exe",
            "1.open",
            "",
            "0000000000000001.open\0",
        ] {
            assert_eq!(make_there(&directory, wrong).err(), Some(Errno::EACCES), "{wrong}");
            assert_eq!(remove_there(&directory, wrong).err(), Some(Errno::EACCES), "{wrong}");
            let names = format!("{packed}/{wrong}");
            assert_eq!(move_there(&directory, &names).err(), Some(Errno::EACCES), "{wrong}");
        }
        let removed = remove_there(&directory, packed);
        assert_eq!(removed.err(), Some(Errno::UnknownErrno));
        assert!(!folder.path().join(packed).exists());
    }
}
