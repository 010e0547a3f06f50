//! Numbers below 3 are stdin, stdout and stderr, whoever has them: a daemon that closed its own and goes on to
//! write a line would write it into whatever has the number now. So nothing of ours gets one.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;

/// Takes the numbers below 3 that are free, for as long as the answer lives: what is opened meanwhile gets others.
pub(crate) fn kept_free() -> Vec<File> {
    let mut held = Vec::new();
    let mut options = OpenOptions::new();
    // The root is there everywhere, and so opened it can be neither read nor written, like a number that is closed.
    options.read(true).custom_flags(libc::O_PATH);
    // One more than there can be is the first of the others.
    while let Ok(file) = options.open("/") {
        if file.as_raw_fd() > 2 {
            break;
        }
        held.push(file);
    }
    held
}
