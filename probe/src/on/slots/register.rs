//! A thread comes with its first probe, has a slot while it lives, and gives it back at its exit.
//!
//! Registration is the only slow path of a probe, and it may run inside a signal handler: it takes no
//! lock and allocates by `mmap` only.
#![expect(unsafe_code, reason = "settles the cursor")]

use core::sync::atomic::Ordering;

use super::exit;
use super::held::{self, Slots};
use super::mode::{Mode, mode};
use super::take;
use crate::on::board::lost::lost;
use crate::on::numbers::{spread, worker};
use crate::on::ops;
use crate::on::thread::local;
use crate::on::thread::place::Place;
use crate::on::thread::private::{self, Private};
use crate::protocol::occupancy;

/// Gives this thread a place, if it has none and there is one to give. Async-signal-safe.
#[cold]
pub(crate) fn register() {
    let entered = local::with(|local| !local.registering.replace(true));
    if !entered {
        // A signal handler probes inside a registration: its probe is dropped.
        return lost(|lost| &lost.signals);
    }
    if !local::has_place() {
        match mode() {
            Mode::Before | Mode::Forked => {}
            Mode::Private => use_sink(),
            Mode::Board => match held::current() {
                Some(held) => take_slot(held),
                None => use_sink(),
            },
        }
    } else if local::is_private()
        && let Some(held) = held::current()
        && let Some(taken) = take::free_slot(held)
    {
        worker::move_to_slot(taken.generation, taken.busy, taken.sequence);
        ops::move_to_slot(taken.place.slot, taken.generation);
        move_to(taken.place);
    }
    local::with(|local| local.registering.set(false));
}

/// Puts this thread there: a slot's place, a private block's, or the sink's. The histogram blocks that it added
/// to were its old place's.
fn move_to(place: Place) {
    spread::forget();
    // SAFETY: every place is made of a whole, aligned block and a whole shard: of a slot on the board, of a private
    // block, or of the sink; all three stay mapped for the life of the process.
    unsafe { local::move_to(place) };
}

/// This thread counts in private memory from now on, and has no slot.
fn go_private(private: &'static Private) {
    spread::forget();
    local::go_private(private);
}

/// As after a fork: this thread has no place, and what it knew of one is forgotten.
pub(crate) fn leave_place() {
    spread::forget();
    ops::forget_thread();
    local::leave_place();
}

fn take_slot(held: &'static Slots) {
    match take::free_slot(held).or_else(|| take::abandoned_slot(held)) {
        Some(taken) => {
            worker::begin_occupancy(taken.generation, taken.busy, taken.sequence);
            ops::begin_occupancy(taken.place.slot, taken.generation);
            move_to(taken.place);
            exit::watch();
        }
        None => {
            lost(|lost| &lost.threads);
            // With trails a tag has no slow path that could ask again.
            match private_block().filter(|_| cfg!(not(feature = "trail"))) {
                Some(private) => {
                    worker::begin_occupancy(0, 0, 0);
                    ops::begin_occupancy(0, 0);
                    go_private(private);
                    exit::watch();
                }
                None => use_sink(),
            }
        }
    }
}

/// This thread's private block, made at its first need; `None` when there is no memory.
fn private_block() -> Option<&'static Private> {
    local::with(|local| {
        if local.private.get().is_none() {
            local.private.set(private::take());
        }
        local.private.get()
    })
}

fn use_sink() {
    ops::begin_occupancy(0, 0);
    let address = local::address();
    let place =
        private_block().map_or_else(|| private::sink(address), |block| block.place(address));
    move_to(place);
    exit::watch();
}

/// This thread gives its slot back, if it can do without: outside of every scope, operation and job. What it
/// counts goes on in private memory, and its next tag or scope asks for a slot again. Only a thread itself
/// gives its slot back, so nobody ever writes to another's.
#[cold]
#[inline(never)]
pub(crate) fn hand_over() {
    let entered = local::with(|local| !local.registering.replace(true));
    if !entered {
        return;
    }
    if cfg!(not(feature = "trail"))
        && local::is_at_base()
        && worker::is_free()
        && ops::is_free()
        && let Some(private) = private_block()
    {
        give_back(|| go_private(private));
        ops::move_to_slot(0, 0);
    }
    local::with(|local| local.registering.set(false));
}

/// This thread ends. Its probes go to the sink from now on.
fn leave() {
    ops::leave_thread();
    give_back(|| {
        move_to(private::sink(local::address()));
    });
    if let Some(private) = local::with(|local| local.private.take()) {
        private.leave();
    }
}

/// Goes elsewhere, and gives this thread's slot back if it has one.
fn give_back(go: impl FnOnce()) {
    let slot = local::with(|local| local.slot.get());
    let (Some(held), Some(slot)) = (held::current(), (slot as usize).checked_sub(1)) else {
        return go();
    };
    let (busy, sequence) = worker::end_occupancy();
    go();
    if let (Some(record), Some(user)) = (held.board.threads.slots.get(slot), held.user(slot)) {
        user.busy.store(busy, Ordering::Relaxed);
        user.sequence.store(sequence, Ordering::Relaxed);
        user.tid.store(0, Ordering::Relaxed);
        occupancy::end(&record.state, user.generation.load(Ordering::Relaxed));
        held.release(slot);
    }
}

/// Makes the key whose destructor notices exits. Once, at init.
pub(crate) fn prepare_exit_key() {
    extern "C" fn at_exit(_: *mut libc::c_void) {
        leave();
    }
    exit::prepare(at_exit);
}
