//! What could kill the daemon while its board is made, looked at before it is made.

mod cgroup;

use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;

use crate::on::ground::mounts::Mounts;

/// Why `bytes` must not be asked for in `directory`, if there is a reason: a file size limit (whose
/// signal would kill), a full file system, or memory that is not there, in a cgroup, in one above it or in
/// the machine (the kernel then kills instead of refusing).
pub(crate) fn refuse(directory: &Path, mounts: Option<&Mounts>, bytes: u64) -> Option<String> {
    if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_FSIZE)
        && soft < bytes
    {
        return Some(format!(
            "the file size limit is {soft} bytes and the board needs {bytes}: raise it (ulimit -f)"
        ));
    }
    if let Some(why) = own_limit(bytes) {
        return Some(why);
    }
    match statvfs(directory) {
        // One without blocks counts none, as a tmpfs without a limit and a ramfs do: the memory that they take is asked about
        // below.
        Ok(space) if space.blocks() == 0 => {}
        Ok(space) => {
            let free = space.blocks_available().saturating_mul(space.fragment_size());
            if free < bytes {
                return Some(format!(
                    "{} has {free} bytes free and the board needs {bytes}: \
                     free some, or set PROBE_SIZE or PROBE_BOARD=file:DIR",
                    directory.display()
                ));
            }
        }
        Err(error) => {
            let why = error.desc();
            return Some(format!("{}: {why}: set PROBE_BOARD=file:DIR", directory.display()));
        }
    }
    if let Some((room, path)) = mounts.and_then(cgroup::room)
        && room / 2 < bytes
    {
        let half = room / 2;
        return Some(format!(
            "the memory cgroup {path} has {room} bytes left, of which a board takes at most half ({half}), and it \
             needs {bytes}: raise the limit or set PROBE_SIZE"
        ));
    }
    let left = memory_left().filter(|left| left / 2 < bytes)?;
    let half = left / 2;
    Some(format!(
        "the machine has {left} bytes of memory left, of which a board takes at most half ({half}), and it needs \
         {bytes}: set PROBE_SIZE"
    ))
}

/// Bytes that this process must have left beside its board: what is kept of it in private, stacks of our threads,
/// and what the daemon itself wants next. A program that finds no memory ends.
const BESIDE: u64 = 1 << 20;

/// A limit on this process's own memory that the board would come too near.
fn own_limit(bytes: u64) -> Option<String> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: Vec<u64> = pages.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??.cast_unsigned();
    // All of it, and what of it is private: the board's tables and the stacks, not the board.
    let limits = [
        (Resource::RLIMIT_AS, "address space", "ulimit -v", 0, bytes.saturating_mul(2)),
        (Resource::RLIMIT_DATA, "data", "ulimit -d", 5, bytes),
    ];
    limits.into_iter().find_map(|(limit, what, how, field, wanted)| {
        let (soft, _) = getrlimit(limit).ok()?;
        let left = soft.saturating_sub(pages.get(field)?.saturating_mul(page));
        let wanted = wanted.saturating_add(BESIDE);
        (left < wanted).then(|| {
            format!(
                "the limit on {what} leaves {left} bytes, and a board of {bytes} needs {wanted} with what is kept \
                 beside it: raise it ({how}) or set PROBE_SIZE"
            )
        })
    })
}

/// Bytes of memory that the kernel says can be had without ending anything.
fn memory_left() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kib = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_end_matches("kB").trim().parse().ok()
    };
    Some((kib("MemAvailable:")? + kib("SwapFree:").unwrap_or(0)).saturating_mul(1024))
}

/// The lock on all of a file that a board's writer holds while it lives, to be taken or asked about.
pub(crate) fn whole_file_lock() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_what_memory_is_left() {
        assert!(memory_left().is_some_and(|left| left > 1 << 20));
    }
}
