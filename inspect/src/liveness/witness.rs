//! What each witness can say: yes, no, or that it cannot tell, with the system's reason kept.

use std::io;

/// An answer to a question of yes and no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Seen {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It cannot be told, or was not asked because no answer would change the verdict.
    Unknown,
}

impl Seen {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Unknown];

    /// Yes or no.
    pub fn from_bool(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    /// Yes or no, where it is known.
    pub fn known(self) -> Option<bool> {
        match self {
            Self::Yes => Some(true),
            Self::No => Some(false),
            Self::Unknown => None,
        }
    }

    /// The word of the documentation's table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// What the heartbeat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Beat {
    /// It was another at the last look.
    Moves,
    /// It has been the same for 2 s or longer: 40 beats were due.
    Still,
    /// The board has none: its daemon runs without a keeper.
    Absent,
    /// It did not move between two looks, but it is younger than 2 s; or it cannot be read.
    Unknown,
}

impl Beat {
    /// Every answer.
    pub const ALL: [Self; 4] = [Self::Moves, Self::Still, Self::Absent, Self::Unknown];

    /// The word of the documentation's table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Moves => "moves",
            Self::Still => "still",
            Self::Absent => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of the process with the board's pid and start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Process {
    /// It is there.
    Runs,
    /// It is there, held by SIGSTOP or a debugger.
    Stopped,
    /// It is not: the kernel says so in the board's own pid namespace, or its pid has another start
    /// time, or all that is left of it is a zombie.
    Gone,
    /// It cannot be told. That `/proc` does not show it proves nothing: a hidden process looks the same.
    Unknown,
}

impl Process {
    /// Every answer.
    pub const ALL: [Self; 4] = [Self::Runs, Self::Stopped, Self::Gone, Self::Unknown];

    /// The word of the documentation's table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Stopped => "stopped",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

/// What all of them say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Witness {
    /// The file belongs to root or to one of the process's four user ids.
    pub owner: Seen,
    /// Somebody holds the writer's lock.
    pub lock: Seen,
    /// The heartbeat.
    pub beat: Beat,
    /// The process.
    pub process: Process,
    /// That process maps this very file, to write.
    pub mapped: Seen,
    /// The board is of this boot of the machine.
    pub boot: Seen,
    /// Process ids on the board mean what they mean here.
    pub pids: Seen,
    /// The file was named by the user and stands outside the places where boards live, so it may be
    /// a copy: a copy carries no lock.
    pub copy: Seen,
}

impl Witness {
    /// Nobody has said anything yet.
    pub const SILENT: Self = Self {
        owner: Seen::Unknown,
        lock: Seen::Unknown,
        beat: Beat::Unknown,
        process: Process::Unknown,
        mapped: Seen::Unknown,
        boot: Seen::Unknown,
        pids: Seen::Unknown,
        copy: Seen::No,
    };
}

/// Something that was asked and could not be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unseen {
    /// Which witness.
    pub what: &'static str,
    /// The system's number for the reason; 0 when it gave none.
    pub errno: i32,
    /// In words, with the file or call that failed.
    pub why: String,
}

impl Unseen {
    /// From what the system said when something was tried.
    pub fn new(what: &'static str, tried: &str, error: &io::Error) -> Self {
        let errno = error.raw_os_error().unwrap_or(0);
        let reason = match errno {
            0 => error.to_string(),
            #[cfg(target_os = "linux")]
            errno => nix::errno::Errno::from_raw(errno).desc().to_owned(),
            #[cfg(not(target_os = "linux"))]
            _ => error.to_string(),
        };
        Self { what, errno, why: format!("{tried}: {reason}") }
    }

    /// Something that the system was not even asked.
    pub fn because(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, errno: 0, why: why.into() }
    }

    /// One line for people.
    pub fn text(&self) -> String {
        format!("{} ({})", self.what, self.why)
    }
}
