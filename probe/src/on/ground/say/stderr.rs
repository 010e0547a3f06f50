//! A write to stderr that cannot wait, signal or change anything.
//!
//! Whoever shares the descriptor shares its flags, so it is never made non-blocking. What is behind it
//! decides: a pipe is asked not to wait for this one write, or, like a terminal, is opened once more for
//! ourselves; a socket has flags for a single message; a file is written where its file system answers by
//! itself. What cannot be written so is not written.
//!
//! Of the signals that a write can raise (SIGPIPE, SIGXFSZ, SIGTTOU) the daemon sees none: they are blocked
//! for the moment, and one that came of this write, and only that one, is taken back.
#![expect(unsafe_code, reason = "calls of the C library that no safe wrapper offers")]

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::sys::stat::Mode;

use crate::on::ground::mounts::{Medium, Mounts};

const STDERR: RawFd = libc::STDERR_FILENO;
/// Bytes that a pipe takes whole or not at all.
const PIECE: usize = 4096;
/// `RWF_NOWAIT`: this write, and no other, does not wait.
const NOWAIT: libc::c_int = 8;
/// Major number of the memory devices: null, zero, full.
const MEMORY_DEVICES: u32 = 1;

/// Writes to stderr as far as that goes without waiting; whether all of it went.
pub(crate) fn write(bytes: &[u8]) -> bool {
    let Some(way) = way() else { return false };
    let quiet = Quiet::begin();
    let all = bytes.chunks(PIECE).all(|piece| way.write(piece, &quiet) == Ok(piece.len()));
    quiet.end();
    all
}

/// How stderr can be written without waiting.
enum Way {
    Plain,
    Pipe,
    Terminal,
    Socket,
}

/// The way for what is behind the descriptor now; `None` when there is none.
fn way() -> Option<Way> {
    let facts = facts()?;
    let mode = u32::from(facts.stx_mode) & libc::S_IFMT;
    if mode == libc::S_IFREG || mode == libc::S_IFIFO {
        // A pipe without a name is on no mount; a file on none may be anywhere.
        let answers = match Mounts::read() {
            Some(mounts) => match mounts.of_descriptor(STDERR).map(|mount| mount.medium()) {
                Some(medium) => medium != Medium::Foreign,
                None => mode == libc::S_IFIFO,
            },
            // Without /proc: where all pipes without a name are, and nobody else is asked.
            None => mode == libc::S_IFIFO && is_where_pipes_are(&facts),
        };
        if !answers {
            return None;
        }
    }
    match mode {
        libc::S_IFREG => Some(Way::Plain),
        libc::S_IFIFO => Some(Way::Pipe),
        libc::S_IFSOCK => Some(Way::Socket),
        libc::S_IFCHR if facts.stx_rdev_major == MEMORY_DEVICES => Some(Way::Plain),
        // SAFETY: asks about a number; an error is an answer.
        libc::S_IFCHR if unsafe { libc::isatty(STDERR) } == 1 => Some(Way::Terminal),
        // Nobody knows what another device does.
        _ => None,
    }
}

/// Whether this is on the kernel's own file system of pipes: that of a new one.
fn is_where_pipes_are(facts: &libc::statx) -> bool {
    let Ok((pipe, _other_end)) = std::io::pipe() else { return false };
    let device = |facts: &libc::statx| (facts.stx_dev_major, facts.stx_dev_minor);
    facts_of(pipe.as_raw_fd()).is_some_and(|own| device(&own) == device(facts))
}

/// What is behind stderr.
fn facts() -> Option<libc::statx> {
    facts_of(STDERR)
}

/// What is behind a descriptor, as the kernel has it: a file system that may hang is not asked.
fn facts_of(fd: RawFd) -> Option<libc::statx> {
    let mut facts = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
    // SAFETY: an empty path and room for the answer.
    let done =
        unsafe { libc::statx(fd, c"".as_ptr(), flags, libc::STATX_TYPE, facts.as_mut_ptr()) };
    // SAFETY: zero bytes are a valid answer, and the kernel filled in more.
    (done == 0).then(|| unsafe { facts.assume_init() })
}

impl Way {
    fn write(&self, bytes: &[u8], quiet: &Quiet) -> Result<usize, Errno> {
        let done = match self {
            Self::Plain => plain(STDERR, bytes),
            Self::Pipe => match nowait(bytes) {
                // Kernels before 6.4, and sandboxes that know no such call.
                Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL | Errno::EPERM) => {
                    reopened(bytes)
                }
                done => done,
            },
            Self::Terminal => reopened(bytes),
            Self::Socket => send(bytes),
        };
        quiet.take_back(&done);
        done
    }
}

fn plain(fd: RawFd, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the bytes are there for the length of the call.
    count(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })
}

fn nowait(bytes: &[u8]) -> Result<usize, Errno> {
    let piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let (one, here): (libc::c_long, libc::c_long) = (1, -1);
    // SAFETY: one piece, which is there for the length of the call and only read.
    let done = unsafe {
        libc::syscall(libc::SYS_pwritev2, STDERR, &raw const piece, one, here, here, NOWAIT)
    };
    count(done as isize)
}

/// By a descriptor of our own, whose flags are nobody else's.
fn reopened(bytes: &[u8]) -> Result<usize, Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let own = open("/proc/self/fd/2", flags, Mode::empty())?;
    plain(own.as_raw_fd(), bytes)
}

fn send(bytes: &[u8]) -> Result<usize, Errno> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the bytes are there for the length of the call.
    count(unsafe { libc::send(STDERR, bytes.as_ptr().cast(), bytes.len(), flags) })
}

fn count(done: isize) -> Result<usize, Errno> {
    usize::try_from(done).map_err(|_| Errno::last())
}

/// The time in which this thread is sent none of the signals that a write raises.
struct Quiet {
    before: Option<SigSet>,
    waiting: Option<SigSet>,
}

const RAISED: [Signal; 3] = [Signal::SIGPIPE, Signal::SIGXFSZ, Signal::SIGTTOU];

impl Quiet {
    fn begin() -> Self {
        let mut before = SigSet::empty();
        let block = SigSet::from_iter(RAISED);
        let done = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&block), Some(&mut before));
        Self { before: done.ok().map(|()| before), waiting: waiting() }
    }

    /// Takes back the signal that a failed write raised, unless one like it was waiting before.
    fn take_back(&self, done: &Result<usize, Errno>) {
        let raised = match done {
            Err(Errno::EPIPE) => Signal::SIGPIPE,
            Err(Errno::EFBIG) => Signal::SIGXFSZ,
            _ => return,
        };
        if self.waiting.is_none_or(|waiting| waiting.contains(raised)) {
            return;
        }
        let set = SigSet::from_iter([raised]);
        let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        loop {
            // SAFETY: a set and a time that are only read; nothing is written back.
            let got = unsafe { libc::sigtimedwait(set.as_ref(), core::ptr::null_mut(), &none) };
            if got >= 0 || Errno::last() != Errno::EINTR {
                return;
            }
        }
    }

    fn end(self) {
        if let Some(before) = self.before {
            let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
        }
    }
}

/// Signals that wait for this thread or process.
fn waiting() -> Option<SigSet> {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: room for a set.
    let done = unsafe { libc::sigpending(set.as_mut_ptr()) };
    // SAFETY: the call filled it.
    let set = (done == 0).then(|| unsafe { set.assume_init() })?;
    // SAFETY: a set that the C library made.
    Some(unsafe { SigSet::from_sigset_t_unchecked(set) })
}
