//! Scopes that nest: each opens the next frame of its thread's block.
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

/// Enters a scope; null when there is no room for it.
#[inline(always)]
pub(crate) fn push(tag: u64, argument: Option<u64>) -> *const FrameRecord {
    #[cfg(feature = "trail")]
    note::note(tag);
    let outer = local::with(|local| local.cursor.get());
    let inner = outer.wrapping_add(1);
    if inner.addr() & (BLOCK_BYTES - 1) == 0 {
        return push_slowly(tag, argument);
    }
    push_into(outer, inner, tag, argument)
}

#[inline(always)]
fn push_into(
    outer: *const FrameRecord,
    inner: *const FrameRecord,
    tag: u64,
    argument: Option<u64>,
) -> *const FrameRecord {
    // The cursor moves first: a signal handler that probes between any two stores below then works on
    // the frame that is being opened, or further in, and not on the outer one.
    local::with(|local| local.cursor.set(inner));
    compiler_fence(Ordering::Release);
    let block = outer.map_addr(|address| address & !(BLOCK_BYTES - 1));
    // SAFETY: `outer` is a frame of a whole block that starts at a multiple of its size, so the rounded
    // address is the block's first frame.
    let first = unsafe { &*block };
    // SAFETY: `inner` does not start a new block, so it is the next frame of the same one.
    let frame = unsafe { &*inner };
    stack::count_push(&first.scope);
    if let Some(argument) = argument {
        frame.scope_arg.store(argument, Ordering::Relaxed);
    }
    stack::open(&frame.scope, &frame.line, tag);
    inner
}

#[cold]
#[inline(never)]
fn push_slowly(tag: u64, argument: Option<u64>) -> *const FrameRecord {
    if local::with(|local| local.cursor.get()) == UNREGISTERED {
        let came = local::is_private();
        registrar::ask(Ask::Place);
        let outer = local::with(|local| local.cursor.get());
        if outer == UNREGISTERED {
            return ptr::null();
        }
        let inner = push_into(outer, outer.wrapping_add(1), tag, argument);
        // The slot was asked for by this scope, or while others were short of one: its end asks whether they
        // still are. The mark makes the end take its slow path, so that no other scope pays for the question.
        return if came || registrar::is_tight() { marked(inner) } else { inner };
    }
    lost(|lost| &lost.nested);
    ptr::null()
}

/// A frame's address with the mark of [`push_slowly`].
fn marked(frame: *const FrameRecord) -> *const FrameRecord {
    frame.map_addr(|address| address | 1)
}

/// The same without it.
#[inline(always)]
pub(super) fn unmarked(frame: *const FrameRecord) -> *const FrameRecord {
    frame.map_addr(|address| address & !1)
}

/// Leaves the scope in `inner`.
#[inline(always)]
pub(crate) fn pop(inner: *const FrameRecord) {
    if local::with(|local| local.cursor.get()) != inner {
        return pop_slowly(inner);
    }
    local::with(|local| local.cursor.set(inner.wrapping_sub(1)));
    compiler_fence(Ordering::Release);
    // SAFETY: `inner` equals the cursor and came from `push`, so it is a mapped frame.
    let frame = unsafe { &*inner };
    stack::close(&frame.scope);
}

/// Leaves a scope that is not the innermost: inner ones were forgotten, or outlive it. Everything from
/// the cursor down to its frame is closed if that frame is still open on this thread's block; else
/// there is nothing to do.
#[cold]
#[inline(never)]
fn pop_slowly(inner: *const FrameRecord) {
    if inner.is_null() {
        return;
    }
    if inner.addr() & 1 != 0 {
        pop(unmarked(inner));
        if registrar::is_tight() {
            registrar::ask(Ask::Leave);
        }
        return;
    }
    let cursor = local::with(|local| local.cursor.get());
    if local::has_place() {
        lost(|lost| &lost.healed);
    }
    let same_block = cursor.addr() & !(BLOCK_BYTES - 1) == inner.addr() & !(BLOCK_BYTES - 1);
    if !local::has_place() || !same_block || cursor.addr() < inner.addr() {
        return;
    }
    local::with(|local| local.cursor.set(inner.wrapping_sub(1)));
    compiler_fence(Ordering::Release);
    let mut frame = cursor;
    while frame.addr() >= inner.addr() {
        // SAFETY: from the cursor down to `inner`, both in one mapped block, every address is a frame.
        let open = unsafe { &*frame };
        stack::close(&open.scope);
        frame = frame.wrapping_sub(1);
    }
}
