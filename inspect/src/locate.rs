//! Finding boards: by name, by pid, by path, here and in other mount namespaces.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::OpenError;
pub use crate::places::directories;
use crate::target::is_ours;
pub use crate::target::{Candidate, Run, Target, named, parse_name};
use crate::words::glob::glob;
use crate::{inside, opener, patience, proc};

/// Files in `dir` that are named like boards, oldest process first.
pub fn scan(dir: &Path) -> Vec<Candidate> {
    // One that does not answer is said at the end, with all that did not.
    let entries = patience::answers(dir).and_then(|()| fs::read_dir(dir));
    let mut found: Vec<Candidate> = match entries {
        Ok(entries) => entries
            .flatten()
            .filter_map(|entry| {
                let candidate = in_directory(dir, entry.file_name().to_str()?)?;
                let facts = entry.metadata().ok()?;
                Some(Candidate { id: (facts.dev(), facts.ino()), ..candidate })
            })
            .collect(),
        // Root was given up, and a process that kept it may be asked.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let (device, entries) = opener::list(dir).unwrap_or_default();
            entries
                .into_iter()
                .filter_map(|(name, inode)| {
                    let candidate = in_directory(dir, name.to_str()?)?;
                    Some(Candidate { id: (device, inode), ..candidate })
                })
                .collect()
        }
        Err(_) => Vec::new(),
    };
    found.sort_by(|a, b| {
        (&a.name, a.start, a.pid, &a.path).cmp(&(&b.name, b.start, b.pid, &b.path))
    });
    found
}

/// A file of a directory, if it is named like a board.
fn in_directory(dir: &Path, file_name: &str) -> Option<Candidate> {
    let (name, pid, start) = parse_name(file_name)?;
    let (name, path) = (name.to_owned(), dir.join(file_name));
    Some(Candidate { name, pid, start, path, id: (0, 0), held: false })
}

/// Boards in the usual places.
pub fn here() -> Vec<Candidate> {
    distinct(directories().iter().flat_map(|dir| scan(dir)).collect())
}

/// What other mount namespaces (containers) have.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Elsewhere {
    /// Boards that are not seen from here.
    pub found: Vec<Candidate>,
    /// Processes with a shared memory of their own that may not be looked into.
    pub denied: Vec<u32>,
}

/// Boards that only processes in other mount namespaces (containers) see under `/dev/shm`, reached
/// through their root. One process of each namespace is asked.
pub fn elsewhere() -> Elsewhere {
    let mut asked: HashSet<u64> = proc::namespace(None, "mnt").into_iter().collect();
    let ours = shared_memory("self");
    let (mut found, mut denied) = (Vec::new(), Vec::new());
    for pid in proc::pids() {
        let root = PathBuf::from(format!("/proc/{pid}/root/dev/shm"));
        let seen = match proc::namespace_or(Some(pid), "mnt") {
            Ok(inode) if !asked.insert(inode) => continue,
            Ok(_) => patience::answers(&root).and_then(|()| fs::read_dir(&root)).map(drop),
            Err(error) => Err(error),
        };
        match seen {
            Ok(()) => found.extend(scan(&root)),
            // Somebody whose shared memory is the one we see hides nothing from us there.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let theirs = shared_memory(&pid.to_string());
                if theirs.is_some() && theirs != ours {
                    denied.push(pid);
                }
            }
            Err(_) => {}
        }
    }
    Elsewhere { found: distinct(found), denied }
}

/// Which file system a process has at `/dev/shm`: the device of the innermost mount there.
fn shared_memory(who: &str) -> Option<String> {
    let mounts = proc::mounts(who).ok()?.into_iter();
    let over = mounts.filter(|mount| ["/", "/dev", "/dev/shm"].contains(&&*mount.at));
    // Of mounts at one place the last is on top.
    over.max_by_key(|mount| mount.at.trim_end_matches('/').len()).map(|mount| mount.device)
}

/// Boards of living processes that have lost their name: whoever maps one still has it. Reads the maps of
/// every process, so it is for when nothing else was found.
pub fn unnamed(target: &Target) -> Vec<Candidate> {
    let pids = proc::pids().into_iter().filter(|pid| match target {
        Target::Pid(wanted) => pid == wanted,
        _ => true,
    });
    let found =
        pids.filter(|&pid| proc::maps_nameless(pid)).flat_map(held_by).filter(|candidate| {
            match target {
                Target::Name(pattern) => glob(pattern, &candidate.name),
                Target::File(_) => false,
                _ => true,
            }
        });
    let unnamed =
        |candidate: &Candidate| fs::metadata(&candidate.path).is_ok_and(|facts| facts.nlink() == 0);
    distinct(found.filter(unnamed).collect())
}

/// Boards that a process holds open or mapped, also when they have lost their name.
pub fn held_by(pid: u32) -> Vec<Candidate> {
    let kinds = ["fd", "map_files"].into_iter();
    let links = kinds.flat_map(|kind| proc::links(pid, kind).unwrap_or_default());
    let found = links.filter_map(|link| {
        let target = fs::read_link(&link).ok()?;
        let file_name = target.file_name()?.to_str()?.trim_end_matches(" (deleted)");
        // Only what is called like one is touched: a process may hold files that never answer.
        if parse_name(file_name).is_none() && !file_name.starts_with('#') {
            return None;
        }
        patience::answers(&link).ok()?;
        let facts = fs::metadata(&link).ok().filter(fs::Metadata::is_file)?;
        // A file made without a name (O_TMPFILE) stands here as `#inode`, whatever it was named
        // later: its first word tells, and the board has its name in itself.
        let own;
        let (name, inner, start) = match parse_name(file_name) {
            Some(parts) => parts,
            None if file_name.starts_with('#') && is_ours(&link) => {
                own = inside::name(&link);
                (own.as_deref().unwrap_or(file_name), pid, 0)
            }
            None => return None,
        };
        Some(Candidate {
            name: name.to_owned(),
            pid: inner,
            start,
            path: link,
            id: (facts.dev(), facts.ino()),
            held: true,
        })
    });
    distinct(found.collect())
}

/// Keeps the first of each file.
fn distinct(mut found: Vec<Candidate>) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    found.retain(|candidate| seen.insert(candidate.id));
    found
}

/// The candidates for a target, everywhere at once: a dead board here must not hide a living one in a
/// container. Only what has lost its name is searched when nothing else was found.
///
/// # Errors
/// [`OpenError::NotFound`], with the places that were searched; [`OpenError::Hidden`] or [`OpenError::Unseen`] when
/// there are more that cannot be looked into.
pub fn find(target: &Target) -> Result<Vec<Candidate>, OpenError> {
    if let Target::File(path) = target {
        return Ok(vec![named(path)?]);
    }
    let wanted = |candidate: &Candidate| match target {
        Target::Name(pattern) => glob(pattern, &candidate.name),
        Target::Pid(pid) => candidate.pid == *pid,
        _ => true,
    };
    let all = here();
    let mut others_seen = !all.is_empty();
    let mut found: Vec<_> = all.into_iter().filter(wanted).collect();
    let mut denied = Vec::new();
    if let Target::Pid(pid) = target {
        if found.is_empty() {
            // Its own open files first: they also know a pid that the board's own namespace numbers
            // differently.
            found = held_by(*pid);
        }
        if found.is_empty() {
            found = of_container(*pid);
        }
        if found.is_empty() {
            denied = elsewhere().denied;
            denied.retain(|denied| denied == pid);
        }
    } else {
        let others = elsewhere();
        others_seen |= !others.found.is_empty();
        found.extend(others.found.into_iter().filter(wanted));
        found = distinct(found);
        denied = others.denied;
    }
    if found.is_empty() {
        found = unnamed(target);
    }
    if found.is_empty() { Err(missing(target, &denied, others_seen)) } else { Ok(found) }
}

/// The error for a target that nothing matches, as far as could be seen. A name where other boards are seen is most
/// likely a name that there is not, and what may not be looked into is said beside; who sees no board at all is
/// not allowed to. A directory that does not answer may hold whatever is wanted.
pub fn missing(target: &Target, denied: &[u32], others_seen: bool) -> OpenError {
    let named = matches!(target, Target::Name(_)) && others_seen;
    let wanted = target.words();
    // A file in this directory is meant by its bare name, too, where it is a board or a recording.
    let here = matches!(target, Target::Name(name) if Path::new(name).is_file());
    let places = || match here {
        true => format!("{}; the file of that name here holds none", places()),
        false => places(),
    };
    let (mut barred, mut failing): (Vec<_>, Vec<_>) = unseen().into_iter().partition(may_not);
    if let Some((place, source)) = failing.pop() {
        return OpenError::Unseen { wanted, place, source };
    }
    match (denied.first(), barred.pop()) {
        (Some(&pid), _) if named => OpenError::NotFound {
            wanted,
            looked: format!(
                "{}; not in /dev/shm of process {pid}{}, which needs the same user, or CAP_SYS_PTRACE",
                places(),
                crate::error::more(denied.len() - 1)
            ),
        },
        (Some(&pid), _) => OpenError::Hidden { wanted, pid, others: denied.len() - 1 },
        (None, Some((place, why))) if others_seen => OpenError::NotFound {
            wanted,
            looked: format!("{}; not in {}: {why}", places(), place.display()),
        },
        (None, Some((place, source))) => OpenError::Unseen { wanted, place, source },
        (None, None) => OpenError::NotFound { wanted, looked: places() },
    }
}

/// The error for a target that nothing matches.
pub fn not_found(target: &Target) -> OpenError {
    missing(target, &[], true)
}

/// The usual places that are there and cannot be looked into, and why: boards there are not known.
pub(crate) fn unseen() -> Vec<(PathBuf, io::Error)> {
    let error = |dir: &Path| {
        let error = patience::answers(dir).and_then(|()| fs::read_dir(dir)).err()?;
        let asked = error.kind() == io::ErrorKind::PermissionDenied && opener::list(dir).is_some();
        // A daemon that makes its directory may come yet.
        (error.kind() != io::ErrorKind::NotFound && !asked).then_some(error)
    };
    let with_error = |dir: PathBuf| error(&dir).map(|error| (dir, error));
    directories().into_iter().filter_map(with_error).collect()
}

/// Whether a place is closed to this user, as on a host of many it may well be.
pub(crate) fn may_not((_, why): &(PathBuf, io::Error)) -> bool {
    why.kind() == io::ErrorKind::PermissionDenied
}

/// Where was looked, in words.
fn places() -> String {
    let dirs: Vec<_> = directories().iter().map(|dir| dir.display().to_string()).collect();
    dirs.join(", ")
}

/// The board of a process in a container, named by our number for it.
fn of_container(pid: u32) -> Vec<Candidate> {
    let Some(process) = proc::process(pid) else { return Vec::new() };
    let inner = proc::inner_pid(pid).unwrap_or(pid);
    scan(Path::new(&format!("/proc/{pid}/root/dev/shm")))
        .into_iter()
        .filter(|candidate| candidate.pid == inner && candidate.start == process.start)
        .collect()
}
