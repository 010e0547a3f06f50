//! Settings that probes ask for while they run, and whether the environment may say anything.

use core::sync::atomic::{AtomicBool, Ordering};

/// Whether labels that were called sensitive are shown.
static SHOWS_SENSITIVE: AtomicBool = AtomicBool::new(false);

/// Whether labels that were called sensitive are shown.
pub(crate) fn shows_sensitive() -> bool {
    SHOWS_SENSITIVE.load(Ordering::Relaxed)
}

/// From now on they are, or are not.
pub(crate) fn show_sensitive(shown: bool) {
    SHOWS_SENSITIVE.store(shown, Ordering::Relaxed);
}

/// Whether `PROBE=off` was said: for layers that are made before, or without, a board.
#[cfg(any(feature = "tracing", feature = "tower"))]
pub(crate) fn is_off() -> bool {
    environment_is_trusted() && std::env::var_os("PROBE").is_some_and(|on| on == "off")
}

/// Whether the environment is the invoking user's own: not in a set-uid or set-gid program.
#[expect(unsafe_code, reason = "asks the kernel's auxiliary vector")]
pub(crate) fn environment_is_trusted() -> bool {
    // SAFETY: `getauxval` has no precondition.
    unsafe { libc::getauxval(libc::AT_SECURE) == 0 }
}
