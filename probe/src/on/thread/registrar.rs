//! How a thread asks for a place (`slots::register` gives it): by the one function that `init!` installs. A
//! thread's probes know nothing of boards, slots and how they are given; before `init!` there is nobody to ask,
//! and the thread has no place.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::on::ground::record_ref::RecordRef;

/// What a thread may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A place, which it has none of, or a slot instead of its private memory.
    Place,
    /// To give its slot back to others, if it can do without.
    Leave,
}

/// Who is asked.
pub(crate) type Registrar = fn(Ask);

static REGISTRAR: RecordRef<Registrar> = RecordRef::unset();

/// From now on `registrar` is asked.
pub(crate) fn install(registrar: &'static Registrar) {
    REGISTRAR.place(registrar);
}

/// Asks for it. Async-signal-safe but for the first probe of a forked child, which makes the child's board.
#[cold]
#[inline(never)]
pub(crate) fn ask(what: Ask) {
    if let Some(registrar) = REGISTRAR.get() {
        registrar(what);
    }
}

/// Whether three quarters of the slots are held: then whoever can do without one makes room for others.
static TIGHT: AtomicBool = AtomicBool::new(false);

/// Whether slots are short.
#[inline(always)]
pub(crate) fn is_tight() -> bool {
    TIGHT.load(Ordering::Relaxed)
}

/// They are, or are not.
pub(crate) fn set_tight(tight: bool) {
    TIGHT.store(tight, Ordering::Relaxed);
}
