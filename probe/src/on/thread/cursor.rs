//! Where a thread stands: its current frame's line. Every tag starts here.
#![expect(unsafe_code, reason = "follows this thread's own cursor; see `local`'s invariant")]

use core::ptr;
use core::sync::atomic::{Ordering, compiler_fence};

use super::local::{self, UNREGISTERED};
#[cfg(feature = "trail")]
use super::note;
use super::registrar::{self, Ask};
use crate::layout::{BLOCK_BYTES, FrameRecord};
use crate::on::board::lost::lost;
use crate::protocol::stack;

/// This thread rests at a tag. When the table of slots is nearly full, it makes room for others.
#[inline(always)]
pub(crate) fn rest(tag: u64) {
    if registrar::is_tight() {
        return rest_aside(|| at(tag));
    }
    at(tag);
}

/// The same with an argument.
#[inline(always)]
pub(crate) fn rest_with(tag: u64, argument: u64) {
    if registrar::is_tight() {
        return rest_aside(|| at_with(tag, argument));
    }
    at_with(tag, argument);
}

#[cold]
#[inline(never)]
fn rest_aside(tagged: impl FnOnce()) {
    // Nobody asks for a slot to do nothing there.
    if !local::is_private() {
        tagged();
        registrar::ask(Ask::Leave);
    }
}

/// What `then` makes of the frame that the cursor points to, or of `otherwise` before registration. Not
/// an `Option` in between: that would ask a second time, whether the frame is null.
#[inline(always)]
fn at_cursor(then: impl FnOnce(&'static FrameRecord), otherwise: impl FnOnce()) {
    let cursor = local::with(|local| local.cursor.get());
    // With trails the first tag has registered the thread already, or left it a frame to write to.
    if cfg!(not(feature = "trail")) && cursor == UNREGISTERED {
        return otherwise();
    }
    // SAFETY: by the module's invariant a cursor that is not `UNREGISTERED` points to a frame that is
    // mapped for the life of the process; frames are atomics.
    then(unsafe { &*cursor });
}

/// This thread is at a tag.
#[inline(always)]
pub(crate) fn at(tag: u64) {
    #[cfg(feature = "trail")]
    note::note(tag);
    at_cursor(|frame| stack::tag(&frame.line, tag), || first_at(tag));
}

/// This thread is at a tag, with an argument.
#[inline(always)]
pub(crate) fn at_with(tag: u64, argument: u64) {
    #[cfg(feature = "trail")]
    note::note(tag);
    at_cursor(|frame| store_with(frame, tag, argument), || first_at_with(tag, argument));
}

/// Moves the line of `frame`, the cursor's, to a site with an argument.
#[inline(always)]
pub(super) fn store_with(frame: &'static FrameRecord, tag: u64, argument: u64) {
    if local::with(|local| local.replacing.replace(true)) {
        return lost(|lost| &lost.signals);
    }
    // For a signal handler on this thread the flag covers what stands between the two fences.
    compiler_fence(Ordering::SeqCst);
    let block = ptr::from_ref(frame).map_addr(|address| address & !(BLOCK_BYTES - 1));
    // SAFETY: `frame` is in a whole block that starts at a multiple of its size, so the rounded address
    // is the block's first frame.
    let first = unsafe { &*block };
    stack::tag_with(&first.line, &frame.line, &frame.arg, tag, argument);
    compiler_fence(Ordering::SeqCst);
    local::with(|local| local.replacing.set(false));
}

#[cold]
#[inline(never)]
fn first_at(tag: u64) {
    registrar::ask(Ask::Place);
    at_cursor(|frame| stack::tag(&frame.line, tag), || ());
}

#[cold]
#[inline(never)]
fn first_at_with(tag: u64, argument: u64) {
    registrar::ask(Ask::Place);
    at_cursor(|frame| store_with(frame, tag, argument), || ());
}
