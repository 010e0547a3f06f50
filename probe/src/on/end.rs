//! What can be known of the end: a panic's words and place, an exit's code. Nothing of either means that
//! the process was killed.
#![expect(unsafe_code, reason = "registers an exit handler with the C library")]

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::panic::PanicHookInfo;

use super::board::board;
use super::clock;
use super::store::Store;
use crate::layout::{PANIC_TEXT_BYTES, PANIC_TEXT_WORD, WORD, pack};
use crate::protocol::{doubled, published};

/// The board's memory, to take its name away at a clean exit, and whether to leave it.
struct Exit {
    store: Store,
    keep: bool,
    _before: *mut Exit,
}

/// What is done at the exit. A pointer and no lock: a forked child sets its own.
static AT_EXIT: AtomicPtr<Exit> = AtomicPtr::new(core::ptr::null_mut());
static HOOKED: AtomicBool = AtomicBool::new(false);
/// Panics so far, and a lock against two at a time.
static PANICS: AtomicU64 = AtomicU64::new(0);
static PANICKING: AtomicBool = AtomicBool::new(false);

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

// SAFETY: declared as glibc declares it: an exit handler that is also told the exit code.
#[cfg(target_env = "gnu")]
unsafe extern "C" {
    fn on_exit(
        function: extern "C" fn(libc::c_int, *mut libc::c_void),
        argument: *mut libc::c_void,
    ) -> libc::c_int;
}

/// From now on panics and the exit are written down. `keep` leaves the board after a clean exit.
pub(super) fn watch(store: Store, keep: bool) {
    // A forked child's copy of the parent's stays: neither its name nor its descriptor is the child's, and
    // what it is made of is not lost.
    let before = AT_EXIT.load(Ordering::Relaxed);
    let exit = Box::into_raw(Box::new(Exit { store, keep, _before: before }));
    // Release: pairs with the acquire in `at_exit`.
    AT_EXIT.store(exit, Ordering::Release);
    PANICS.store(0, Ordering::Relaxed);
    if HOOKED.swap(true, Ordering::Relaxed) {
        return;
    }
    let before: Hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        write_panic(info);
        before(info);
    }));
    watch_exit();
}

#[cfg(target_env = "gnu")]
fn watch_exit() {
    // SAFETY: the handler never unwinds and its argument is not used.
    unsafe { on_exit(at_exit, core::ptr::null_mut()) };
}

/// Other C libraries do not tell the exit code: every orderly exit counts as a clean one.
#[cfg(not(target_env = "gnu"))]
fn watch_exit() {
    extern "C" fn at_plain_exit() {
        at_exit(0, core::ptr::null_mut());
    }
    // SAFETY: the handler never unwinds.
    unsafe { libc::atexit(at_plain_exit) };
}

fn write_panic(info: &PanicHookInfo<'_>) {
    let Some(board) = board() else { return };
    if board.pid != std::process::id() || PANICKING.swap(true, Ordering::Acquire) {
        return;
    }
    let words = info.payload_as_str().unwrap_or("(not text)");
    let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let text = format!("thread '{thread}' panicked{place}: {words}");
    let mut copy = [0; PANIC_TEXT_WORD + PANIC_TEXT_BYTES / WORD];
    if let Some((head, body)) = copy.split_at_mut_checked(PANIC_TEXT_WORD) {
        let length = pack(&text, body) as u64;
        head.copy_from_slice(&[clock::units(), clock::wall_ns(), 0, length]);
    }
    let count = PANICS.fetch_add(1, Ordering::Relaxed) + 1;
    doubled::publish(&board.end.panics, &board.end.even, &board.end.odd, count, copy);
    PANICKING.store(false, Ordering::Release);
}

extern "C" fn at_exit(code: libc::c_int, _: *mut libc::c_void) {
    let Some(board) = board() else { return };
    if board.pid != std::process::id() {
        return;
    }
    super::keeper::last_look(board);
    board.end.exit_code.store(i64::from(code & 0xff) as u64, Ordering::Relaxed);
    board.end.exit_stamp.store(clock::units(), Ordering::Relaxed);
    board.end.exit_wall_ns.store(clock::wall_ns(), Ordering::Relaxed);
    published::publish(&board.end.exited, 1);
    // Acquire: pairs with the release in `watch`.
    let exit = AT_EXIT.load(Ordering::Acquire);
    // SAFETY: only `watch` stores here, and what it stores is leaked.
    let exit: Option<&Exit> = unsafe { exit.as_ref() };
    // Other threads may still run and probe: the memory stays, only the name goes.
    if code == 0
        && let Some(exit) = exit
        && !exit.keep
    {
        exit.store.remove();
    }
}
