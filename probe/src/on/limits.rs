//! What could kill the daemon while its board is made, looked at before it is made.

use std::fs;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;

/// Whether the environment is the invoking user's own: not in a set-uid or set-gid program.
#[expect(unsafe_code, reason = "asks the kernel's auxiliary vector")]
pub(super) fn environment_is_trusted() -> bool {
    // SAFETY: `getauxval` has no precondition.
    unsafe { libc::getauxval(libc::AT_SECURE) == 0 }
}

/// Whether a line of `bytes` may be written to stderr: when that is a file and a file size limit stands
/// in the way, the write would raise a signal that kills.
pub(super) fn stderr_has_room(bytes: usize) -> bool {
    let Ok((soft, _)) = getrlimit(Resource::RLIMIT_FSIZE) else { return true };
    match nix::sys::stat::fstat(std::io::stderr()) {
        Ok(stat) if stat.st_mode & libc::S_IFMT == libc::S_IFREG => {
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            size.saturating_add(bytes as u64) <= soft
        }
        _ => true,
    }
}

/// Why `bytes` must not be asked for in `directory`, if there is a reason: a file size limit (whose
/// signal would kill), a full file system, or a memory cgroup (which kills instead of refusing).
pub(super) fn refuse(directory: &Path, bytes: u64) -> Option<String> {
    if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_FSIZE)
        && soft < bytes
    {
        return Some(format!(
            "the file size limit is {soft} bytes and the board needs {bytes}: raise it (ulimit -f)"
        ));
    }
    match statvfs(directory) {
        Ok(space) => {
            let free = space.blocks_available() * space.fragment_size();
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
    let room = cgroup_room()?;
    (room / 2 < bytes).then(|| {
        format!(
            "the memory cgroup has {room} bytes left and the board needs {bytes}: \
             raise the limit or set PROBE_SIZE"
        )
    })
}

/// Bytes that this process's memory cgroup may still take, when it has a limit.
fn cgroup_room() -> Option<u64> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    let number = |path: String| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let room = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let path = path.trim_end_matches('/');
        if controllers.is_empty() {
            let base = format!("/sys/fs/cgroup{path}");
            let limit = number(format!("{base}/memory.max"))?;
            Some(limit.saturating_sub(number(format!("{base}/memory.current"))?))
        } else if controllers.split(',').any(|controller| controller == "memory") {
            let base = format!("/sys/fs/cgroup/memory{path}");
            let limit = number(format!("{base}/memory.limit_in_bytes"))?;
            Some(limit.saturating_sub(number(format!("{base}/memory.usage_in_bytes"))?))
        } else {
            None
        }
    };
    membership.lines().filter_map(room).min()
}
