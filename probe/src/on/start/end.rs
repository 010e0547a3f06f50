//! What can be known of the end: a panic's words and place, an exit's code. Nothing of either means that
//! the process was killed.
#![expect(unsafe_code, reason = "registers an exit handler with the C library")]

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::panic::PanicHookInfo;

use crate::layout::{EXIT_CODE_UNKNOWN, PANIC_TEXT_BYTES, PANIC_TEXT_WORD, WORD, pack};
use crate::on::board::store::Store;
use crate::on::board::tables::board;
use crate::on::ground::clock;
use crate::on::keeper::{life, totals};
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
pub(crate) fn watch(store: Store, keep: bool) {
    // A forked child's copy of the parent's stays: neither its name nor its descriptor is the child's, and
    // what it is made of is not lost.
    let before = AT_EXIT.load(Ordering::Relaxed);
    let exit = Box::into_raw(Box::new(Exit { store, keep, _before: before }));
    // Release: pairs with the acquire in `at_exit`.
    AT_EXIT.store(exit, Ordering::Release);
    PANICS.store(0, Ordering::Relaxed);
    // A thread of the parent's that panicked when it forked is not there.
    PANICKING.store(false, Ordering::Release);
    if HOOKED.swap(true, Ordering::Relaxed) {
        return;
    }
    chain(std::panic::take_hook());
    watch_exit();
}

/// Address of our hook, as it was last set.
static OURS: AtomicUsize = AtomicUsize::new(0);
/// Panics that there had been when the hook was last asked for.
static MINDED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Set while this thread's panic is in our hook: one that a later hook calls is the same panic.
    static NOTING: Cell<bool> = const { Cell::new(false) };
}

/// Sets our hook before another one.
fn chain(before: Hook) {
    let hook: Hook = Box::new(move |info| {
        let first = !NOTING.replace(true);
        if first {
            write_panic(info);
        }
        before(info);
        if first {
            NOTING.set(false);
        }
    });
    OURS.store(address(&hook), Ordering::Relaxed);
    std::panic::set_hook(hook);
}

fn address(hook: &Hook) -> usize {
    core::ptr::from_ref(&**hook).cast::<()>().addr()
}

/// Puts our hook before one that was set after `init!`, which would keep a panic's words to itself. The keeper
/// asks a few times, ever more rarely: std can only be asked by taking the hook out for the moment, so it is not
/// asked often. Who wants to be sure calls [`note_panic`] in a hook of one's own.
pub(crate) fn mind_hook() {
    // One that follows at once, out of a destructor say, would meet the moment without a hook.
    let panics = PANICS.load(Ordering::Relaxed);
    if MINDED.swap(panics, Ordering::Relaxed) != panics || PANICKING.load(Ordering::Relaxed) {
        return;
    }
    let found = std::panic::take_hook();
    if address(&found) == OURS.load(Ordering::Relaxed) {
        std::panic::set_hook(found);
    } else {
        chain(found);
    }
}

/// Writes a panic's words and place on the board. For a panic hook that is set after [`init!`](crate::init) and
/// does not call the hook before it: without this call, and within the first moments after it is set, the board
/// would know of the exit only.
pub fn note_panic(info: &PanicHookInfo<'_>) {
    if !NOTING.get() {
        write_panic(info);
    }
}

#[cfg(target_env = "gnu")]
fn watch_exit() {
    // SAFETY: the handler never unwinds and its argument is not used.
    unsafe { on_exit(at_exit, core::ptr::null_mut()) };
}

/// Other C libraries, such as musl, do not tell the exit code. The board of an orderly exit then stays, and says
/// that its code is not known: it may have been a failure.
#[cfg(not(target_env = "gnu"))]
fn watch_exit() {
    extern "C" fn at_plain_exit() {
        end(None);
    }
    // SAFETY: the handler never unwinds.
    unsafe { libc::atexit(at_plain_exit) };
}

/// What the runtime says when a panic may go no further: it follows one whose words are worth more.
const FOLLOWS: [&str; 2] =
    ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

fn write_panic(info: &PanicHookInfo<'_>) {
    let Some(board) = board() else { return };
    if board.pid != std::process::id() || PANICKING.swap(true, Ordering::Acquire) {
        return;
    }
    // `PanicHookInfo::payload_as_str` is younger than what this crate is built with.
    let payload = info.payload();
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let words = words.unwrap_or("(not text)");
    if FOLLOWS.contains(&words) && PANICS.load(Ordering::Relaxed) > 0 {
        PANICKING.store(false, Ordering::Release);
        return;
    }
    let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let text = format!("thread '{thread}' panicked{place}: {words}");
    let mut copy = [0; PANIC_TEXT_WORD + PANIC_TEXT_BYTES / WORD];
    if let Some((head, body)) = copy.split_at_mut_checked(PANIC_TEXT_WORD) {
        let length = pack(&text, body) as u64;
        let tid = u64::from(nix::unistd::gettid().as_raw().unsigned_abs());
        head.copy_from_slice(&[clock::units(), clock::wall_ns(), tid, length]);
    }
    let count = PANICS.fetch_add(1, Ordering::Relaxed) + 1;
    doubled::publish(
        &board.single.end.panics,
        &board.single.end.even,
        &board.single.end.odd,
        count,
        copy,
    );
    PANICKING.store(false, Ordering::Release);
}

#[cfg(target_env = "gnu")]
extern "C" fn at_exit(code: libc::c_int, _: *mut libc::c_void) {
    end(Some(code));
}

/// The process ends in order, with this code if it is known.
fn end(code: Option<libc::c_int>) {
    let Some(board) = board() else { return };
    if board.pid != std::process::id() {
        return;
    }
    life::stop();
    // What the keeper would have written next.
    totals::sum_private(board);
    let word = code.map_or(EXIT_CODE_UNKNOWN, |code| i64::from(code & 0xff) as u64);
    board.single.end.exit_code.store(word, Ordering::Relaxed);
    board.single.end.exit_stamp.store(clock::units(), Ordering::Relaxed);
    board.single.end.exit_wall_ns.store(clock::wall_ns(), Ordering::Relaxed);
    published::publish(&board.single.end.exited, 1);
    // Acquire: pairs with the release in `watch`.
    let exit = AT_EXIT.load(Ordering::Acquire);
    // SAFETY: only `watch` stores here, and what it stores is leaked.
    let exit: Option<&Exit> = unsafe { exit.as_ref() };
    // Other threads may still run and probe: the memory stays, only the name goes.
    if code == Some(0)
        && let Some(exit) = exit
        && !exit.keep
    {
        exit.store.remove();
    }
}
