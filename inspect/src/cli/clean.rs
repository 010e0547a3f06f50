//! `clean`: removes boards of dead processes, and only those.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::Failure;
use super::args::Cli;
use crate::attached::Attached;
use crate::context::Look as Around;
use crate::error::AttachError;
use crate::liveness::State;
use crate::locate::{self, Candidate, Target, glob};
use crate::render::term::term;

pub(super) fn run(
    _cli: &Cli,
    target: &Target,
    dry_run: bool,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    if let Target::File(_) = target {
        return Err(Failure::usage(
            "clean takes a name or a pid; a saved board is removed with rm",
        ));
    }
    let mut refused = 0;
    for candidate in locate::here() {
        let wanted = match target {
            Target::Name(pattern) => glob(pattern, &candidate.name),
            Target::Pid(pid) => candidate.pid == *pid,
            _ => true,
        };
        if !wanted {
            continue;
        }
        let path = term(&candidate.path.display().to_string());
        match dead(&candidate) {
            Ok(Some(verdict)) if dry_run => writeln!(out, "would remove {path} ({verdict})")?,
            Ok(Some(verdict)) => match remove(&candidate) {
                Ok(true) => writeln!(out, "removed {path} ({verdict})")?,
                Ok(false) => {}
                Err(errno) => {
                    refused += 1;
                    let _ = writeln!(remarks, "inspect: {path}: cannot be removed: {errno}");
                }
            },
            Ok(None) => {}
            Err(error) => {
                let _ = writeln!(remarks, "inspect: left alone: {}", Failure::from(error).text);
            }
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(Failure { code: 4, text: format!("{refused} boards belong to others") }),
    }
}

/// The verdict when a board's writer is dead by lock and pid, on this very boot or an earlier one.
fn dead(candidate: &Candidate) -> Result<Option<String>, AttachError> {
    let board = Attached::open(candidate.clone(), Around::Verdict)?;
    let context = &board.context;
    // A lock that cannot be asked, or that somebody holds, is no proof of death.
    let proved = context.state == State::Dead && context.lock == Some(false);
    Ok(proved.then(|| context.verdict.clone()))
}

/// Removes the very file that was judged, by its directory and inode. `false` when another file
/// has its name by now.
fn remove(candidate: &Candidate) -> Result<bool, Errno> {
    let dir = candidate.path.parent().ok_or(Errno::EINVAL)?;
    let name = candidate.path.file_name().ok_or(Errno::EINVAL)?;
    let io = |error: std::io::Error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let handle = File::open(dir).map_err(io)?;
    let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
    let facts = nix::sys::stat::fstatat(&handle, name, flags)?;
    if (facts.st_dev, facts.st_ino) != candidate.id {
        return Ok(false);
    }
    // A board's name holds pid and start time: a new process never makes a file of this name.
    unlinkat(&handle, name, UnlinkatFlags::NoRemoveDir)?;
    Ok(handle.metadata().is_ok_and(|facts| facts.ino() != 0))
}
