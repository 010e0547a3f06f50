//! Boards of ended processes: a few of a name stay for the post-mortem, the others go when the next board of that
//! name is made, so that a crash loop never fills the file system, nor takes away the crash that began it.

mod life;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use life::Life;
use nix::dir::Dir;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::Mode;

/// Removes boards of `name` in `directory` that belong to dead processes of this user, but for those that
/// [`kept`] says.
pub(crate) fn sweep(directory: &Path, name: &str, keep: usize) {
    // Not by std, which ends the process where closing the directory fails.
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let Ok(mut entries) = Dir::open(directory, flags, Mode::empty()) else {
        return;
    };
    let mut dead: Vec<(Life, PathBuf)> = entries
        .iter()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned))
        .filter(|file| is_board_of(file, name))
        .map(|file| directory.join(file))
        .filter_map(|path| Some((dead_life(&path)?, path)))
        .collect();
    dead.sort();
    let lives: Vec<Life> = dead.iter().map(|&(life, _)| life).collect();
    for ((_, path), kept) in dead.iter().zip(kept(&lives, keep)) {
        if !kept {
            let _ = fs::remove_file(path);
        }
    }
}

/// Which boards stay, given how long each ended process lived, the oldest first: the newest `keep` that lived ten seconds
/// or longer, and of the latest series of shorter ones the first and the newest. So a daemon that dies at every
/// start, because its port is taken, say, leaves both the crash that began it and how it goes on failing.
///
/// With `keep` 0 none stays.
fn kept(lives: &[Life], keep: usize) -> Vec<bool> {
    let short: Vec<bool> = lives.iter().map(Life::is_short).collect();
    let mut kept = vec![false; lives.len()];
    if keep == 0 {
        return kept;
    }
    let long = (0..lives.len()).rev().filter(|&at| !is(&short, at)).take(keep);
    let newest = short.iter().rposition(|&short| short);
    let first = newest.map(|newest| (0..newest).rev().find(|&at| !is(&short, at)));
    let first = first.map(|long_before| long_before.map_or(0, |at| at + 1));
    for at in long.chain(newest).chain(first) {
        if let Some(kept) = kept.get_mut(at) {
            *kept = true;
        }
    }
    kept
}

fn is(list: &[bool], at: usize) -> bool {
    list.get(at).copied().unwrap_or(false)
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

/// When a board was made and how long its process lived, if it is this user's and that is surely dead.
fn dead_life(path: &Path) -> Option<Life> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let stat = file.metadata().ok()?;
    if !stat.is_file() || stat.uid() != nix::unistd::geteuid().as_raw() {
        return None;
    }
    let mut lock = crate::on::ground::limits::whole_file_lock();
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock)).ok()?;
    if lock.l_type != libc::F_UNLCK as libc::c_short {
        return None;
    }
    // The lock is free also in the instant before it is taken, and after a process closed all its
    // descriptors: a process with that pid and start time is still believed.
    let (file_name, image) = split_image(path.file_name()?.to_str()?);
    if image.is_some() {
        // An earlier image of a process is gone, whether or not the process lives on.
        return Some(Life::read(&file, &stat));
    }
    let mut parts = file_name.rsplitn(3, '.');
    let (start, pid) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if process_start(pid) == Some(start) {
        return None;
    }
    Some(Life::read(&file, &stat))
}

/// Our own start time. Asked by `self`: `/proc` may number processes by another pid namespace than ours.
pub(crate) fn own_start() -> Option<u64> {
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

    const SECOND: u64 = 1_000_000_000;

    /// What is left of a run of processes, one after the other, each of so many seconds of life: when each began.
    fn left(lives: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut dead: Vec<Life> = Vec::new();
        let mut now = 0;
        for seconds in lives {
            let mut stays = kept(&dead, 3).into_iter();
            dead.retain(|_| stays.next().unwrap_or(false));
            assert!(dead.len() <= 5, "{dead:?}");
            dead.push(Life { began_ns: now * SECOND, lived_ns: Some(seconds * SECOND) });
            now += seconds + 1;
        }
        dead.iter().map(|life| life.began_ns / SECOND).collect()
    }

    #[test]
    fn a_thousand_crashes_leave_the_crash_that_began_them() {
        // Four good runs, a crash after a minute, and then a thousand starts that fail at once.
        let lives = [100, 100, 100, 100, 60].into_iter().chain((0..1000).map(|_| 1));
        // The three newest long ones, the last of which is the crash; the first short one, the newest before the
        // last start, and the last itself.
        assert_eq!(left(lives), [202, 303, 404, 465, 465 + 2 * 998, 465 + 2 * 999]);
    }

    #[test]
    fn of_an_older_series_nothing_stays() {
        let lives = (0..50).map(|_| 1).chain([30, 30]).chain((0..50).map(|_| 1)).chain([30]);
        assert_eq!(left(lives), [100, 131, 162, 162 + 2 * 49, 162 + 2 * 50]);
        assert_eq!(kept(&[Life { began_ns: 1, lived_ns: None }], 0), [false]);
        assert!(kept(&[], 3).is_empty());
    }

    #[test]
    fn this_process_has_a_start_time() {
        assert!(own_start().is_some_and(|ticks| ticks > 0));
    }
}
