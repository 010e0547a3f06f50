//! The board of the image before. A process keeps pid and start time when it runs another program by exec,
//! and so the name of its board: what the image before left there is no longer anybody's. It is set aside
//! as `NAME.PID.START-N`, one more dead board, and the living one has the plain name.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::layout::{HeaderCopy, MAGIC, WORD};

/// Images of one process whose boards are kept at the same time, at most; others are swept before.
const MOST: u32 = 999;

/// Sets aside the board at `path`, if an earlier image of this process (pid and start time) left it.
pub(crate) fn set_aside(path: &Path, pid: u32, start: u64) {
    if is_left(path, pid, start) != Some(true) {
        return;
    }
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
    let aside = (1..=MOST).map(|image| path.with_file_name(format!("{name}-{image}")));
    let free = aside.into_iter().find(|aside| {
        std::fs::symlink_metadata(aside).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    });
    if let Some(free) = free {
        // Where it fails, the name is taken, and the store says so.
        let _ = std::fs::rename(path, free);
    }
}

/// Whether a file is a board of ours that nobody holds, written under our pid and start time.
fn is_left(path: &Path, pid: u32, start: u64) -> Option<bool> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let stat = file.metadata().ok()?;
    if !stat.is_file() || stat.uid() != nix::unistd::geteuid().as_raw() {
        return None;
    }
    let mut bytes = [0; HeaderCopy::BYTES];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let mut words = [0; HeaderCopy::BYTES / WORD];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<WORD>().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    let header = HeaderCopy::from_words(&words)?;
    let ours = (header.magic, header.pid, header.pid_start) == (MAGIC, u64::from(pid), start);
    // Another copy of this library in the same image holds its board's lock.
    let mut lock = crate::on::ground::limits::whole_file_lock();
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock)).ok()?;
    Some(ours && lock.l_type == libc::F_UNLCK as libc::c_short)
}
