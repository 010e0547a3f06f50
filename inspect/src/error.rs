//! Why a board could not be attached or read: one enum, with the facts inside.

use std::io;
use std::path::PathBuf;

/// Why there is no board to show. Every message says what, why and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing matches the target.
    #[error(
        "no board of {wanted} found (looked in {looked}); `inspect doctor` explains what could be missing"
    )]
    NotFound {
        /// The target in words.
        wanted: String,
        /// The directories that were searched.
        looked: String,
    },
    /// Nothing matches the target where one may look, and there is more.
    #[error(
        "no board of {wanted} found, but process {pid}{} has a /dev/shm of its own that may not be looked into; it needs the same user, or CAP_SYS_PTRACE (root has it, if its container was given it)", more(*others)
    )]
    Hidden {
        /// The target in words.
        wanted: String,
        /// One of the processes.
        pid: u32,
        /// How many more there are.
        others: usize,
    },
    /// The board exists and may not be read.
    #[error("{}: permission denied (owner uid {owner}, mode {mode:04o}); it needs the same user, its group, or CAP_DAC_READ_SEARCH: run as its owner, or give the daemon PROBE_MODE=0640 and PROBE_GROUP", path.display())]
    Permission {
        /// The board.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not one that may be trusted to be a board.
    #[error("{}: refused, it is {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What speaks against it.
        why: &'static str,
    },
    /// The bytes are not a board's.
    #[error("{}: not a board: {why}", path.display())]
    NotABoard {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        why: String,
    },
    /// A layout that this program does not know.
    #[error("{}: its layout is {found_major}.{found_minor}, this inspect reads {known_major}.0 to {known_major}.{known_minor} and later {known_major}.x as far as known; use the inspect of the daemon's release", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// Major number found.
        found_major: u32,
        /// Minor number found.
        found_minor: u32,
        /// Major number understood.
        known_major: u32,
        /// Highest minor number understood.
        known_minor: u32,
    },
    /// Shorter than it says.
    #[error("{}: board truncated to {found} of {expected} bytes; what is left is not shown", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that its header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A header field has an impossible value.
    #[error("{}: damaged board: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Offset, field and value.
        what: String,
    },
    /// It would take more work or memory than anything honest of its size.
    #[error("{}: given up: {why}", path.display())]
    TooMuch {
        /// The file.
        path: PathBuf,
        /// Which limit it passed.
        why: String,
    },
    /// A live board was asked for where there are none.
    #[error(
        "{wanted}: a live board can only be looked at on Linux, where its daemon runs; boards that `inspect dump` saved and recordings can be read here"
    )]
    Elsewhere {
        /// The target in words.
        wanted: String,
    },
    /// The system said no.
    #[error("{}: {doing} failed", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// Nothing matches the target where one can look, and boards may be where one cannot.
    #[error("no board of {wanted} found, but {} cannot be looked into", place.display())]
    Unseen {
        /// The target in words.
        wanted: String,
        /// The directory.
        place: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// ` (and 3 more)`
pub(crate) fn more(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" (and {others} more)") }
}

impl OpenError {
    /// What, and the system's reason behind it. Paths and names in it are raw: whoever prints it makes it
    /// harmless.
    pub fn sentence(&self) -> String {
        let cause = std::error::Error::source(self).map(|cause| format!(": {cause}"));
        format!("{self}{}", cause.unwrap_or_default())
    }

    /// The exit code that stands for this kind of failure: 3 no such target, 4 no permission, 5 not
    /// a readable board, 1 anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 3,
            Self::Hidden { .. } | Self::Permission { .. } => 4,
            Self::Refused { .. }
            | Self::NotABoard { .. }
            | Self::Layout { .. }
            | Self::Truncated { .. }
            | Self::TooMuch { .. }
            | Self::Damaged { .. } => 5,
            Self::Elsewhere { .. } => 1,
            Self::Unseen { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => 4,
                _ => 1,
            },
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => 3,
                io::ErrorKind::PermissionDenied => 4,
                _ => 1,
            },
        }
    }
}
