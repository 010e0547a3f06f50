//! Where data goes. A stdout that is closed is one that takes nothing: the runtime opens `/dev/null` in its place before
//! `main`, so that no file gets its number, and what is written there would be lost with success. So it is looked
//! at before the runtime begins.
#![expect(unsafe_code, reason = "runs one system call before `main`, by the linker's list")]

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there was no stdout when this process began.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// What the C library calls before `main`, and with it before the runtime.
#[used]
// SAFETY: the section holds addresses of functions without a result that the loader calls one after the other; what
// arguments it gives them may be left alone.
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: asks for the flags of a descriptor and touches no memory.
    let there = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    // Nobody else runs yet.
    CLOSED.store(there == -1, Ordering::Relaxed);
}

/// Whether what is written to stdout would be lost, as somebody closed it (`>&-`).
pub(super) fn was_closed() -> bool {
    // Named, so that a linker which takes only what is asked for takes it.
    std::hint::black_box(&AT_START);
    CLOSED.load(Ordering::Relaxed)
}

/// Where data goes: stdout, or where there is none, an error.
pub fn stdout() -> Box<dyn Write> {
    if was_closed() { Box::new(Closed) } else { Box::new(io::stdout().lock()) }
}

/// A stdout that is not there: it says of what is written what the system would.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(libc::EBADF))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
