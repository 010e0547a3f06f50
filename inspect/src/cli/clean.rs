//! `clean`: removes boards of dead processes, and only those; with `--unknown` also those of which nothing
//! proves life.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::{UnlinkatFlags, unlinkat};

use probe::layout::HeaderCopy;

use super::args::Cli;
use super::failure::Failure;
use crate::board_file::{BoardFile, Trust};
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::liveness::Proof;
use crate::locate::{self, Candidate, Target};
use crate::open_board::OpenBoard;
use crate::snapshot::BYTE_ORDER;
use crate::words::glob::glob;
use crate::words::term::term;
use crate::{pidfd, proc};

/// What is wanted.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// Remove nothing, say what would be.
    pub(super) dry_run: bool,
    /// Also what nothing proves alive.
    pub(super) unknown: bool,
}

/// What is to be done with a file.
enum Fate {
    /// It goes, for this reason.
    Goes(String),
    /// Nothing proves that it is dead, nor that it is alive.
    Unknown(String),
    /// It stays.
    Stays,
}

pub(super) fn run(
    _cli: &Cli,
    target: &Target,
    way: Way,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    if let Target::File(_) = target {
        return Err(Failure::usage(
            "clean takes a name or a pid; a saved board is removed with rm",
        ));
    }
    let wanted = |candidate: &Candidate| match target {
        Target::Name(pattern) => glob(pattern, &candidate.name),
        Target::Pid(pid) => candidate.pid == *pid,
        _ => true,
    };
    let met: Vec<Candidate> = locate::here().into_iter().filter(wanted).collect();
    let mut count = Count::default();
    for candidate in &met {
        one(candidate, way, &mut count, out, remarks)?;
    }
    if count.unknown > 0 {
        let boards =
            if count.unknown == 1 { "1 board" } else { &format!("{} boards", count.unknown) };
        let _ = writeln!(
            remarks,
            "inspect: nothing proves {boards} dead or alive; --unknown removes them too"
        );
    }
    match (count.refused, met.len()) {
        (0, 0) if *target != Target::Any => Err(locate::not_found(target).into()),
        (0, _) => Ok(()),
        (refused, _) => {
            let text = match refused {
                1 => "1 board belongs to another user".to_owned(),
                _ => format!("{refused} boards belong to other users"),
            };
            Err(Failure { code: 4, text })
        }
    }
}

/// What was not removed.
#[derive(Default)]
struct Count {
    /// The file system did not let us.
    refused: usize,
    /// Nothing proves that they are dead.
    unknown: usize,
}

/// Removes one, or says why not.
fn one(
    candidate: &Candidate,
    way: Way,
    count: &mut Count,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let path = term(&candidate.path.display().to_string());
    let verdict = match fate(candidate) {
        Ok(Fate::Goes(verdict)) => verdict,
        Ok(Fate::Unknown(verdict)) if way.unknown => verdict,
        Ok(Fate::Unknown(verdict)) => {
            count.unknown += 1;
            let _ = writeln!(remarks, "inspect: left alone: {path}: {}", term(&verdict));
            return Ok(());
        }
        Ok(Fate::Stays) => return Ok(()),
        Err(error) => {
            let _ = writeln!(remarks, "inspect: left alone: {}", Failure::from(error).text);
            return Ok(());
        }
    };
    let verdict = term(&verdict);
    if way.dry_run {
        writeln!(out, "would remove {path} ({verdict})")?;
        return Ok(());
    }
    match remove(candidate) {
        Ok(true) => writeln!(out, "removed {path} ({verdict})")?,
        Ok(false) => {}
        Err(errno) => {
            count.refused += 1;
            let _ = writeln!(remarks, "inspect: {path}: cannot be removed: {errno}");
        }
    }
    Ok(())
}

/// What a board's witnesses prove.
fn fate(candidate: &Candidate) -> Result<Fate, OpenError> {
    let board = match OpenBoard::open(candidate.clone(), Around::Verdict) {
        Ok(board) => board,
        Err(error @ OpenError::NotABoard { .. }) => {
            let half_made = half_made(candidate).map(Fate::Goes);
            return half_made.ok_or(error);
        }
        Err(error) => return Err(error),
    };
    let context = &board.context;
    Ok(match context.proof {
        Proof::Death => Fate::Goes(context.verdict.clone()),
        // A lock that somebody holds is a sign of life, if no proof.
        Proof::Nothing if context.lock != Some(true) => Fate::Unknown(context.verdict.clone()),
        _ => Fate::Stays,
    })
}

/// Bytes below which a file of zeros may be anybody's.
const SMALLEST: u64 = 4096;
/// No init takes this long.
const MAKING: Duration = Duration::from_secs(10);

/// Why a file is a board that its process, killed in init, left half made: reserved, without a word of a
/// header but those a writer stores before the magic, nobody's lock on it, its process gone, and older than
/// any init takes.
fn half_made(candidate: &Candidate) -> Option<String> {
    let file = BoardFile::open(&candidate.path, Trust::Found).ok()?;
    let mut words = [0; HeaderCopy::BYTES / 8];
    if file.bytes < SMALLEST || !file.pread(0, &mut words) {
        return None;
    }
    let header = HeaderCopy::from_words(&words)?;
    let ours = words.iter().all(|&word| word == 0) || header.byte_order == BYTE_ORDER;
    let age = file.file.metadata().ok()?.modified().ok()?.elapsed().ok()?;
    let gone = match proc::stat(candidate.pid) {
        Ok(process) => process.start != candidate.start,
        Err(_) => matches!(pidfd::exists(candidate.pid), Ok(false)),
    };
    let dead = header.magic == 0 && ours && gone && age >= MAKING;
    let free = file.lock_held() == Some(false);
    (dead && free).then(|| "never finished: its process was killed while it made it".to_owned())
}

/// Removes the very file that was judged, by its directory and inode. `false` when another file
/// has its name by now, or none.
fn remove(candidate: &Candidate) -> Result<bool, Errno> {
    let dir = candidate.path.parent().ok_or(Errno::EINVAL)?;
    let name = candidate.path.file_name().ok_or(Errno::EINVAL)?;
    let io = |error: std::io::Error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let handle = File::open(dir).map_err(io)?;
    let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
    let facts = match nix::sys::stat::fstatat(&handle, name, flags) {
        // Somebody else was faster: the next process of that name, or another `clean`.
        Err(Errno::ENOENT) => return Ok(false),
        facts => facts?,
    };
    if (facts.st_dev, facts.st_ino) != candidate.id {
        return Ok(false);
    }
    // Only the process of that pid and start time makes a file of this name, and it has another inode.
    match unlinkat(&handle, name, UnlinkatFlags::NoRemoveDir) {
        Err(Errno::ENOENT) => return Ok(false),
        done => done?,
    }
    Ok(handle.metadata().is_ok_and(|facts| facts.ino() != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next process of a name, or another `clean`, removes it between the look and the removal.
    #[test]
    fn what_somebody_else_removed_meanwhile_is_no_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("name.7.7");
        std::fs::write(&path, "a board").expect("written");
        let facts = path.metadata().expect("it");
        let id = (facts.dev(), facts.ino());
        let candidate = Candidate {
            name: "name".to_owned(),
            pid: 7,
            start: 7,
            path: path.clone(),
            id,
            held: false,
        };
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(remove(&candidate), Ok(false));
        // Another file of that name is not the one that was judged.
        std::fs::write(&path, "another").expect("written");
        let other = Candidate { id: (id.0, id.1.wrapping_add(1 << 40)), ..candidate };
        assert_eq!((remove(&other), path.exists()), (Ok(false), true));
    }
}
