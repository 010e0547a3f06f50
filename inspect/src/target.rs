//! Which board is meant, and a file that may be one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::OpenError;
use crate::patience;

/// Which board is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Every board.
    Any,
    /// Boards whose name matches a pattern of `*` and `?`.
    Name(String),
    /// The board of one process.
    Pid(u32),
    /// A saved board, or a board's own file.
    File(PathBuf),
}

impl Target {
    /// What a bare argument means: all digits are a pid, something with a slash or the name of a file
    /// that begins like one of ours is a path, the rest is a name. (A daemon's program often has the
    /// name of its board, and stands in the current directory.)
    pub fn guess(text: &str) -> Self {
        if let Ok(pid) = text.parse() {
            return Self::Pid(pid);
        }
        if text.contains('/') || is_ours(Path::new(text)) {
            return Self::File(text.into());
        }
        Self::Name(text.to_owned())
    }

    /// The target in words, for messages.
    pub fn words(&self) -> String {
        match self {
            Self::Any => "any name".to_owned(),
            Self::Name(name) => format!("name `{}`", name.escape_debug()),
            Self::Pid(pid) => format!("pid {pid}"),
            Self::File(path) => format!("file {}", path.display()),
        }
    }
}

/// Whether a file begins with a word `SCORE…`, as boards and everything saved from them do.
pub(crate) fn is_ours(path: &Path) -> bool {
    use std::io::Read;
    let mut word = [0; 8];
    let read = patience::answers(path).is_ok()
        && path.is_file()
        && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut word).is_ok());
    let ours = |word: u64| word >> 24 == probe::layout::MAGIC >> 24;
    read && (ours(u64::from_le_bytes(word)) || ours(u64::from_be_bytes(word)))
}

/// A file that is named like a board.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// Board name, from the file's name.
    pub name: String,
    /// Process id, from the file's name; in the writer's pid namespace.
    pub pid: u32,
    /// Start time, from the file's name.
    pub start: u64,
    /// How to open it.
    pub path: PathBuf,
    /// Device and inode, to tell one file seen twice.
    pub id: (u64, u64),
    /// It was found among a process's open files: the path is a link to be followed.
    pub held: bool,
}

/// Device and inode of a board's file, pid and start time: one run of one process. By the file alone two would be one: a
/// disk gives the next file the number of one that was removed.
pub type Run = ((u64, u64), u32, u64);

impl Candidate {
    /// Which run's it is.
    pub fn run(&self) -> Run {
        (self.id, self.pid, self.start)
    }
}

/// `NAME.PID.START`, or `None`. Behind the start time may stand `-N`: the board of an earlier image of that
/// process, which another one took the place of by exec.
pub fn parse_name(file_name: &str) -> Option<(&str, u32, u64)> {
    let (rest, start) = file_name.rsplit_once('.')?;
    let start = match start.split_once('-') {
        Some((start, image)) => image.parse::<u32>().ok().map(|_| start)?,
        None => start,
    };
    let (name, pid) = rest.rsplit_once('.')?;
    if name.is_empty() {
        return None;
    }
    Some((name, pid.parse().ok()?, start.parse().ok()?))
}

/// A candidate for a path that the user named, whatever it is called.
///
/// # Errors
/// [`OpenError::NotFound`] when nothing is there.
pub fn named(path: &Path) -> Result<Candidate, OpenError> {
    let facts = patience::answers(path).and_then(|()| fs::metadata(path));
    let facts = facts.map_err(|source| OpenError::Io {
        path: path.to_owned(),
        doing: "looking at it",
        source,
    })?;
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (name, pid, start) = parse_name(file_name).unwrap_or((file_name, 0, 0));
    Ok(Candidate {
        name: name.to_owned(),
        pid,
        start,
        path: path.to_owned(),
        id: identity(&facts),
        held: true,
    })
}

/// Device and inode.
#[cfg(unix)]
fn identity(facts: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (facts.dev(), facts.ino())
}

/// Where files have none: only one is ever named.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn board_names_are_told_from_other_files() {
        assert_eq!(parse_name("recordd.12.345"), Some(("recordd", 12, 345)));
        assert_eq!(parse_name("a.b.12.345"), Some(("a.b", 12, 345)));
        assert_eq!(parse_name("a-1.12.345-2"), Some(("a-1", 12, 345)));
        for other in
            ["recordd", "recordd.12", ".12.345", "x.-1.2", "x.1.2-", "x.1.2-y", "x.y.3", "sem.x"]
        {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_bare_argument_is_a_pid_a_path_or_a_name() {
        assert_eq!(Target::guess("123"), Target::Pid(123));
        assert_eq!(Target::guess("./x"), Target::File("./x".into()));
        assert_eq!(Target::guess("recordd"), Target::Name("recordd".into()));
    }
}
