//! Root is given up before anything of a foreign board is parsed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};

use crate::open_board::OpenBoard;
use crate::opener;

static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Whether this process was root, and is no longer: what it may not do now, who started it may.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "asked by whoever writes files"))]
pub(crate) fn was_given_up() -> bool {
    GIVEN_UP.load(Ordering::Relaxed)
}

/// Gives up root before anything of a foreign board is parsed: a board is hostile until proved
/// otherwise. To the owner, when there is one owner, else to nobody. Only for programs; the process
/// cannot go back. Returns the user id that it became, `None` when nothing had to be given up.
///
/// # Errors
/// When the system refuses, in which case the boards must not be read.
pub fn drop_root(boards: &[OpenBoard]) -> nix::Result<Option<u32>> {
    let files = boards.iter().map(|board| (board.owner, board.candidate.path.clone()));
    leave_root(files.collect())
}

/// The same for files of any kind, by their owners (user and group) and paths.
///
/// # Errors
/// As [`drop_root`].
pub(crate) fn leave_root(files: Vec<((u32, u32), PathBuf)>) -> nix::Result<Option<u32>> {
    let mut foreign = files.iter().map(|(owner, _)| *owner).filter(|&(uid, _)| uid != 0);
    let Some(first) = foreign.next().filter(|_| geteuid().is_root()) else { return Ok(None) };
    let same = files.iter().all(|(owner, _)| *owner == first);
    let (uid, gid) = if same { first } else { (opener::NOBODY, opener::NOBODY) };
    // What is opened later is opened by a process that keeps root and parses nothing. Without it, it is not
    // opened.
    let _ = opener::keep(files.into_iter().map(|(_, path)| path).collect(), uid);
    become_user(uid, gid)?;
    Ok(Some(uid))
}

/// Gives up root to nobody, before it is known whose boards there will be: each is opened by the process that keeps root.
///
/// # Errors
/// As [`drop_root`].
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "called by whoever records for long"))]
pub(crate) fn leave_root_to_nobody() -> nix::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let _ = opener::keep(Vec::new(), opener::NOBODY);
    become_user(opener::NOBODY, opener::NOBODY)
}

/// Becomes another user, for good, where this is root.
///
/// # Errors
/// The system refuses.
#[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "called where other hosts are asked"))]
pub(crate) fn leave_root_to(owner: Option<(u32, u32)>) -> nix::Result<()> {
    let (uid, gid) = owner.unwrap_or((opener::NOBODY, opener::NOBODY));
    if geteuid().is_root() && uid != 0 { become_user(uid, gid) } else { Ok(()) }
}

fn become_user(uid: u32, gid: u32) -> nix::Result<()> {
    GIVEN_UP.store(true, Ordering::Relaxed);
    setgroups(&[])?;
    setresgid(Gid::from_raw(gid), Gid::from_raw(gid), Gid::from_raw(gid))?;
    setresuid(Uid::from_raw(uid), Uid::from_raw(uid), Uid::from_raw(uid))
}
