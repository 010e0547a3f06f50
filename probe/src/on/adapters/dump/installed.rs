//! The signals on which a list is written, and what was done on each before.
#![expect(unsafe_code, reason = "installs a signal handler")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::writer;
use crate::on::ground::threads;

/// Signals by their number; those in real time are none of ours.
const SIGNALS: usize = 65;

/// The process in which a handler of ours was installed for each signal; 0 for none.
static INSTALLED: [AtomicU32; SIGNALS] = [const { AtomicU32::new(0) }; SIGNALS];
/// What was done on each before.
static BEFORE: [OnceLock<SigAction>; SIGNALS] = [const { OnceLock::new() }; SIGNALS];
/// The process in which a thread is setting one up; 0 for none.
static AT_IT: AtomicU32 = AtomicU32::new(0);

/// How often, and how long each time, who comes beside another thread waits for that one.
const WAITS: u32 = 2000;
const WAIT: Duration = Duration::from_millis(1);

/// The right to set one up, until dropped. No lock: what a thread of the parent had when it forked is free.
pub(super) struct Turn;

impl Turn {
    /// Takes it, once no other thread of this process has it; `None` when one does not give it back.
    pub(super) fn wait_for() -> Option<Self> {
        let me = std::process::id();
        let take = |has| (has != me).then_some(me);
        for _ in 0..WAITS {
            // Acquire: pairs with the release below.
            if AT_IT.fetch_update(Ordering::Acquire, Ordering::Relaxed, take).is_ok() {
                return Some(Self);
            }
            threads::pause(WAIT);
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        AT_IT.store(0, Ordering::Release);
    }
}

/// Installs the handler, unless this process, which is `me`, has done so before.
pub(super) fn install(signal: Signal, me: u32) -> Result<(), Errno> {
    let number = signal as usize;
    let (Some(installed), Some(known)) = (INSTALLED.get(number), BEFORE.get(number)) else {
        return Err(Errno::EINVAL);
    };
    if installed.load(Ordering::Relaxed) == me {
        return Ok(());
    }
    let flags = SaFlags::SA_RESTART | SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK;
    let action = SigAction::new(SigHandler::SigAction(on_signal), flags, SigSet::empty());
    // SAFETY: the handler calls nothing but async-signal-safe functions.
    let before = unsafe { sigaction(signal, &action) }?;
    // A forked child finds its parent's handler, which is this one, and keeps what was there before that.
    let _ = known.set(before);
    installed.store(me, Ordering::Relaxed);
    Ok(())
}

extern "C" fn on_signal(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    writer::wake();
    let before = usize::try_from(signal).ok().and_then(|number| BEFORE.get(number)?.get());
    match before.map(SigAction::handler) {
        Some(SigHandler::Handler(before)) => before(signal),
        Some(SigHandler::SigAction(before)) => before(signal, info, context),
        _ => {}
    }
}
