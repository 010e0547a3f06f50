//! Boards of the dead: the newest few of a name stay for the post-mortem, older ones go when the next
//! board of that name is made, so that a crash loop never fills the file system.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Removes boards of `name` in `directory` that belong to dead processes of this user, but for the
/// newest `keep`.
pub(super) fn sweep(directory: &Path, name: &str, keep: usize) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    let mut dead: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|file| is_board_of(file, name)))
        .filter_map(|entry| Some((dead_since(&entry.path())?, entry.path())))
        .collect();
    dead.sort();
    let surplus = dead.len().saturating_sub(keep);
    for (_, path) in dead.into_iter().take(surplus) {
        let _ = fs::remove_file(path);
    }
}

/// The number of an earlier image at the end of a file's name, and what stands before it.
fn split_image(file: &str) -> (&str, Option<&str>) {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match file.rsplit_once('-') {
        Some((rest, image)) if digits(image) && rest.contains('.') => (rest, Some(image)),
        _ => (file, None),
    }
}

/// `NAME.PID.START`, with this name, or `NAME.PID.START-N` of an earlier image.
fn is_board_of(file: &str, name: &str) -> bool {
    let (file, _) = split_image(file);
    let number = |part: Option<&str>| {
        part.is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut parts = file.rsplitn(3, '.');
    number(parts.next()) && number(parts.next()) && parts.next() == Some(name)
}

/// When a board was made, if it is this user's and its process is surely dead.
fn dead_since(path: &Path) -> Option<SystemTime> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let stat = file.metadata().ok()?;
    if !stat.is_file() || stat.uid() != nix::unistd::geteuid().as_raw() {
        return None;
    }
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock)).ok()?;
    if lock.l_type != libc::F_UNLCK as libc::c_short {
        return None;
    }
    // The lock is free also in the instant before it is taken, and after a process closed all its
    // descriptors: a process with that pid and start time is still believed.
    let (file_name, image) = split_image(path.file_name()?.to_str()?);
    if image.is_some() {
        // An earlier image of a process is gone, whether or not the process lives on.
        return stat.modified().ok();
    }
    let mut parts = file_name.rsplitn(3, '.');
    let (start, pid) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if process_start(pid) == Some(start) {
        return None;
    }
    stat.modified().ok()
}

/// Our own start time. Asked by `self`: `/proc` may number processes by another pid namespace than ours.
pub(super) fn own_start() -> Option<u64> {
    start_of("self")
}

/// The kernel's start time of a process, in clock ticks since boot.
fn process_start(pid: u32) -> Option<u64> {
    start_of(&pid.to_string())
}

fn start_of(who: &str) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{who}/stat")).ok()?;
    // The name in parentheses may hold anything: fields count from its end.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_boards_of_the_very_name_are_meant() {
        assert!(is_board_of("recordd.12.345", "recordd"));
        assert!(is_board_of("a.b.12.345", "a.b"));
        assert!(is_board_of("recordd.12.345-2", "recordd"));
        assert!(is_board_of("a-1.12.345-2", "a-1"));
        assert!(!is_board_of("recordd.12.345-", "recordd"));
        for other in ["recordd", "recordd.12", "recordd.x.345", "recordd2.12.345", "a.b.12.345"] {
            assert!(!is_board_of(other, "recordd"), "{other}");
        }
    }

    #[test]
    fn this_process_has_a_start_time() {
        assert!(own_start().is_some_and(|ticks| ticks > 0));
    }
}
