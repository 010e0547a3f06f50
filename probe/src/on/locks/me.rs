//! This thread, as it stands where it holds something.

use crate::on::thread::local;
use crate::on::thread::registrar::{self, Ask};

/// This thread as a holder. Asks for a slot at the first time.
#[inline(always)]
pub(crate) fn me() -> u64 {
    match local::with(|local| local.me.get()) {
        0 => first(),
        me => me,
    }
}

#[cold]
#[inline(never)]
fn first() -> u64 {
    registrar::ask(Ask::Place);
    local::with(|local| local.me.get())
}
