//! The load of a thread whose program does not tell it: the share of its time in which it polls futures, or runs what
//! a span or a request stands around. Each outermost span or request that a thread is in is a job in hand, from
//! entering to leaving.
//!
//! A span around all that a thread does is no job but a frame, and what is entered in it are the jobs: a thread's first ones
//! one when it goes on for longer than a second, any other when it goes on for a minute.

use core::cell::Cell;

use crate::on::ground::clock;
use crate::on::numbers::worker;

/// How long one of a thread's first jobs may take and be one, and any other.
const FIRST_NS: u64 = 1_000_000_000;
const OTHER_NS: u64 = 60 * FIRST_NS;

thread_local! {
    static HERE: Here = const { Here { depth: Cell::new(0), frames: Cell::new(0) } };
}

/// What a thread is in.
struct Here {
    depth: Cell<usize>,
    /// How many of those, the outermost, are frames. One more is the job in hand.
    frames: Cell<usize>,
}

/// This thread enters one.
#[inline]
pub(super) fn enter() {
    HERE.with(|here| {
        let depth = here.depth.get();
        here.depth.set(depth + 1);
        let inside = depth.saturating_sub(here.frames.get());
        if inside == 1 && is_frame() {
            here.frames.set(depth);
            worker::poll_was_none();
        } else if inside > 0 {
            return;
        }
        worker::poll_begins();
    });
}

/// This thread leaves one.
#[inline]
pub(super) fn leave() {
    HERE.with(|here| {
        let Some(depth) = here.depth.get().checked_sub(1) else { return };
        here.depth.set(depth);
        let frames = here.frames.get();
        if depth == frames {
            worker::poll_ends();
        } else if depth < frames {
            here.frames.set(depth);
        }
    });
}

/// Whether the job in hand turns out to be none.
fn is_frame() -> bool {
    worker::poll_age()
        .is_some_and(|(age, first)| clock::to_ns(age) > if first { FIRST_NS } else { OTHER_NS })
}

/// [`leave`]s when dropped.
#[cfg(feature = "tower")]
pub(super) struct Inside;

#[cfg(feature = "tower")]
impl Inside {
    /// This thread enters one.
    #[inline]
    pub(super) fn enter() -> Self {
        enter();
        Self
    }
}

#[cfg(feature = "tower")]
impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        leave();
    }
}
