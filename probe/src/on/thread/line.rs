//! A line to come back to: an operation, or a future, takes a thread's line over for a while.
#![expect(unsafe_code, reason = "follows this thread's own cursor; see `local`'s invariant")]

use core::ptr;
use core::sync::atomic::Ordering;

use super::cursor::{at, store_with};
use super::local::{self, UNREGISTERED};
use super::nest::unmarked;
use crate::layout::{BLOCK_BYTES, FrameRecord};
use crate::protocol::stack;

/// A line and its argument, as they stood in a frame: to stand there again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Null for a thread without a place.
    frame: *const FrameRecord,
    line: u64,
    argument: u64,
}

impl Line {
    /// Of a thread without a place.
    pub(crate) const NOWHERE: Self = Self { frame: ptr::null(), line: 0, argument: 0 };

    /// What a future had reached, to be set wherever it goes on; 0 for no line.
    pub(crate) fn reached(self) -> (u64, u64) {
        (self.line, self.argument)
    }
}

/// The line in the current frame.
#[inline]
pub(crate) fn line() -> Line {
    let frame = local::with(|local| local.cursor.get());
    if frame == UNREGISTERED {
        return Line::NOWHERE;
    }
    // SAFETY: by the module's invariant a cursor that is not `UNREGISTERED` points to a mapped frame.
    let current = unsafe { &*frame };
    // What comes back from the board here only goes there again.
    Line {
        frame,
        line: current.line.load(Ordering::Relaxed) & !1,
        argument: current.arg.load(Ordering::Relaxed),
    }
}

/// This thread goes on with something that is at `line` (0: nowhere yet, which is `tag`); returns where it
/// stood before, for [`go_back`].
#[inline(never)]
pub(crate) fn go_on(tag: u64, (line, argument): (u64, u64)) -> Line {
    let before = self::line();
    if before.frame.is_null() {
        // It asks for a place, and was nowhere in it.
        at(tag);
        return Line { line: 0, ..self::line() };
    }
    if line == 0 {
        set(before, tag, before.argument);
    } else {
        set(before, line, argument);
    }
    before
}

/// The line stands again that stood `before`, in the frame in which it stood. Elsewhere, where guards ended out of
/// order, it is not this one's to say. Returns the line that is left.
#[inline(never)]
pub(crate) fn go_back(before: Line) -> Line {
    let left = line();
    if before.frame.is_null() || left.frame != before.frame {
        return Line::NOWHERE;
    }
    if before.line == 0 {
        park(left);
    }
    set(left, before.line, before.argument);
    left
}

/// Makes the line of the frame that `now` was read from another one.
#[inline]
fn set(now: Line, line: u64, argument: u64) {
    if now.frame.is_null() {
        return;
    }
    // SAFETY: a frame that is not null came from `line`, on this thread, and is mapped for the life of the
    // process.
    let frame = unsafe { &*now.frame };
    if line == 0 || argument == now.argument {
        // The argument that stands there is the line's already.
        stack::tag(&frame.line, line);
    } else {
        store_with(frame, line, argument);
    }
}

/// Leaves a line where a reader finds what this thread did last: in the frame behind, which is closed and
/// keeps the line of a scope that was left likewise.
#[inline]
fn park(left: Line) {
    let behind = left.frame.wrapping_add(1);
    if left.line == 0 || behind.addr() & (BLOCK_BYTES - 1) == 0 {
        return;
    }
    // SAFETY: `left.frame` is a frame of a whole block, and the next one does not start a new block.
    let behind = unsafe { &*behind };
    behind.arg.store(left.argument, Ordering::Relaxed);
    behind.line.store(left.line, Ordering::Relaxed);
}

/// The line that the scope in `inner` has reached, to be set again later: site and argument.
pub(crate) fn line_of(inner: *const FrameRecord) -> (u64, u64) {
    let (inner, here) = (unmarked(inner), line());
    if inner.is_null() || here.frame != inner { (0, 0) } else { here.reached() }
}

/// Sets the line of the scope in `inner` again.
pub(crate) fn set_line(inner: *const FrameRecord, (line, argument): (u64, u64)) {
    let (inner, here) = (unmarked(inner), self::line());
    if !inner.is_null() && line != 0 && here.frame == inner {
        set(here, line, argument);
    }
}
