//! Noting a tag on this thread's trail.
#![expect(unsafe_code, reason = "follows this thread's own trail pointer")]

use super::local;
use super::registrar::{self, Ask};
use crate::protocol::trail;

/// Notes a tag.
#[inline(always)]
pub(crate) fn note(tag: u64) {
    let wrapped = local::with(|local| {
        let next = local.trail.next();
        // SAFETY: the pointer is always at one of a ring's entries, and rings stay mapped; behind every
        // entry stands another word of the ring.
        let behind = unsafe { &*next.wrapping_add(1) };
        // SAFETY: the pointer is always at one of a ring's entries, and rings stay mapped.
        let entry = unsafe { &*next };
        trail::note(entry, behind, tag);
        local.trail.advance()
    });
    if wrapped {
        lap(tag);
    }
}

/// Once a lap: the last entry was noted, so the first one is the next. A thread without a place asks for one, and notes
/// the tag there.
#[cold]
#[inline(never)]
fn lap(tag: u64) {
    if local::has_place() {
        let first = local::with(|local| local.trail.next());
        // SAFETY: the pointer is always at one of a ring's entries, and rings stay mapped.
        return trail::wrap(unsafe { &*first });
    }
    registrar::ask(Ask::Place);
    if local::has_place() {
        note(tag);
    } else {
        local::with(|local| local.trail.reset());
    }
}
