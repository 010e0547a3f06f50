//! What a thread holds: noted on its slot, one word for each lock, the last one on top. Of a lock that is held shared a
//! word is written after the lock was taken and cleared before it is let go of, so what stands there is held. A lock that
//! is held alone and has a record is noted likewise, in all but the last of the words, and cleared just behind: it is the
//! thread's own cache line, where the record's would go from thread to thread with the lock.
#![expect(unsafe_code, reason = "follows this thread's own cursor; see below")]

use core::sync::atomic::{AtomicU64, Ordering};

use super::me::me;
use crate::layout::{SHARED_LOCKS, SlotRecord, WORD, noted_alone};
use crate::on::slots::held;
use crate::on::thread::local;

/// Where a thread's words end: a slot's record is as long, and aligned to it.
const END: usize = 128;
const MORE: usize = core::mem::offset_of!(SlotRecord, shared_more);
const _: () = assert!(core::mem::offset_of!(SlotRecord, shared) + SHARED_LOCKS * WORD == END);

/// Where they begin.
const FIRST: usize = core::mem::offset_of!(SlotRecord, shared);
/// Bytes of them in which a lock may be noted that is held alone: room for one that is held shared stays.
const ALONE: usize = (SHARED_LOCKS - 1) * WORD;

/// A note that something is held, to be taken back by [`forget`].
pub(crate) type Note = Option<&'static AtomicU64>;

/// This thread holds that, beside others.
#[inline(always)]
pub(crate) fn note(identity: u64) -> Note {
    let at = local::with(|local| local.shared.get());
    if at.addr() & (END - 1) == 0 {
        return note_slowly(identity);
    }
    // SAFETY: the cursor is null, or it points to a word of a slot's record or just behind it, where its address is a
    // multiple of `END`; records of slots are mapped for the life of the process.
    let word = unsafe { &*at };
    // Release: who sees it sees that the wait before it has ended.
    word.store(identity, Ordering::Release);
    local::with(|local| local.shared.set(at.wrapping_add(1)));
    Some(word)
}

#[cold]
#[inline(never)]
fn note_slowly(identity: u64) -> Note {
    if local::with(|local| local.me.get()) == 0 {
        me();
        if !local::with(|local| local.shared.get()).is_null() {
            return note(identity);
        }
    }
    let slot = (local::with(|local| local.slot.get()) as usize).checked_sub(1)?;
    let more = &held::current()?.board.threads.slots.get(slot)?.shared_more;
    more.fetch_add(1, Ordering::Relaxed);
    Some(more)
}

/// It is about to let go of it.
#[inline(always)]
pub(crate) fn forget(note: Note, identity: u64) {
    let Some(word) = note else { return };
    let top = local::with(|local| local.shared.get()).wrapping_sub(1);
    if !core::ptr::eq(top, word) {
        return forget_slowly(word, identity);
    }
    word.store(0, Ordering::Relaxed);
    local::with(|local| local.shared.set(top));
}

/// It is not the last one, or was another thread's, or found no room.
#[cold]
#[inline(never)]
fn forget_slowly(word: &'static AtomicU64, identity: u64) {
    if core::ptr::from_ref(word).addr() & (END - 1) == MORE {
        let less = |more: u64| more.checked_sub(1);
        let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        return;
    }
    // Another lock may stand there, of a thread that has the slot since.
    let _ = word.compare_exchange(identity, 0, Ordering::Relaxed, Ordering::Relaxed);
    let mut next = local::with(|local| local.shared.get());
    loop {
        let top = next.wrapping_sub(1);
        let is_one = !next.is_null() && top.addr() & (END - 1) > MORE;
        // SAFETY: it is a word of this thread's own slot, by its place in the record.
        if !is_one || unsafe { &*top }.load(Ordering::Relaxed) != 0 {
            break;
        }
        next = top;
    }
    local::with(|local| local.shared.set(next));
}

/// It is about to let go of one that it holds shared, and has no note of it.
#[cfg(feature = "parking_lot")]
#[inline]
pub(crate) fn forget_by_identity(identity: u64) {
    let next = local::with(|local| local.shared.get());
    if next.is_null() {
        return;
    }
    let mut top = next.wrapping_sub(1);
    while top.addr() & (END - 1) > MORE {
        // SAFETY: it is a word of this thread's own slot, by its place in the record.
        let word = unsafe { &*top };
        if word.load(Ordering::Relaxed) == identity {
            return forget(Some(word), identity);
        }
        top = top.wrapping_sub(1);
    }
    let slot = (local::with(|local| local.slot.get()) as usize).checked_sub(1);
    let slots = held::current().zip(slot);
    if let Some(record) = slots.and_then(|(slots, slot)| slots.board.threads.slots.get(slot)) {
        forget(Some(&record.shared_more), identity);
    }
}

/// This thread holds that alone, if there is room to say so.
#[inline(always)]
pub(super) fn note_alone(identity: u64) {
    let at = local::with(|local| local.shared.get());
    if (at.addr() & (END - 1)).wrapping_sub(FIRST) >= ALONE {
        return;
    }
    // SAFETY: by its place it points to a word of a slot's record, and not behind the last one; records of slots are
    // mapped for the life of the process.
    let word = unsafe { &*at };
    // Release: who sees it sees that the wait before it has ended.
    word.store(noted_alone(identity), Ordering::Release);
    local::with(|local| local.shared.set(at.wrapping_add(1)));
}

/// It has let go of what it held alone. It may have no note of it.
#[inline(always)]
pub(super) fn forget_alone(identity: u64) {
    let next = local::with(|local| local.shared.get());
    if next.is_null() {
        return;
    }
    let top = next.wrapping_sub(1);
    // SAFETY: where the cursor is not null, the word before it is one of this thread's own slot: a note, or before all
    // of them the count of those that found no room.
    let word = unsafe { &*top };
    if word.load(Ordering::Relaxed) != noted_alone(identity) {
        return forget_alone_slowly(top, identity);
    }
    word.store(0, Ordering::Relaxed);
    local::with(|local| local.shared.set(top));
}

/// It is not the last one, or has no note.
#[cold]
#[inline(never)]
fn forget_alone_slowly(mut top: *const AtomicU64, identity: u64) {
    while top.addr() & (END - 1) > MORE {
        // SAFETY: it is a word of this thread's own slot, by its place in the record.
        let word = unsafe { &*top };
        if word.load(Ordering::Relaxed) == noted_alone(identity) {
            return forget_slowly(word, noted_alone(identity));
        }
        top = top.wrapping_sub(1);
    }
}
