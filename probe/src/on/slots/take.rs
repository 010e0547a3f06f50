//! A slot, taken and filled for its new thread.

use core::sync::atomic::Ordering;

use super::held::Slots;
use super::kernel;
use crate::layout::{SectionKind, pack, party};
use crate::on::ground::clock;
use crate::on::thread::local;
use crate::on::thread::place::Place;
use crate::protocol::{doubled, occupancy};

/// A slot that is this thread's, and what its last thread left.
pub(super) struct TakenSlot {
    pub(super) place: Place,
    pub(super) generation: u64,
    pub(super) busy: u64,
    pub(super) sequence: u64,
}

/// A free slot, filled for this thread.
pub(super) fn free_slot(held: &'static Slots) -> Option<TakenSlot> {
    fill(held, held.claim()?)
}

/// The slot of a thread that ended without running its destructors, filled for this thread.
pub(super) fn abandoned_slot(held: &'static Slots) -> Option<TakenSlot> {
    fill(held, reclaim(held)?)
}

/// Fills a slot that this thread has just claimed.
fn fill(held: &'static Slots, slot: usize) -> Option<TakenSlot> {
    let tables = &held.board.threads;
    let record = tables.slots.get(slot)?;
    let user = held.user(slot)?;
    let blocks = tables.blocks.get(slot)?;
    let worker = tables.workers.get(slot)?;
    let shard = tables.shard(slot)?;
    let generation = user.generation.load(Ordering::Relaxed) + 1;
    user.generation.store(generation, Ordering::Relaxed);

    occupancy::begin(&record.state, generation);
    let (index, block) = blocks.clear_of(local::address());
    for frame in &blocks.blocks[index] {
        frame.scope.store(0, Ordering::Relaxed);
        frame.line.store(0, Ordering::Relaxed);
    }
    #[cfg(feature = "trail")]
    let trail = tables.trails?.get(slot)?;
    #[cfg(feature = "trail")]
    trail.clear();
    let tid = kernel::thread_id();
    let mut name = [0; 2];
    pack(&kernel::thread_name(), &mut name);
    record.tid.store(tid, Ordering::Relaxed);
    for (word, value) in record.name.iter().zip(name) {
        word.store(value, Ordering::Relaxed);
    }
    record.started.store(clock::units(), Ordering::Relaxed);
    record.block.store(index as u64, Ordering::Relaxed);
    let busy = user.busy.load(Ordering::Relaxed);
    record.busy_at_start.store(busy, Ordering::Relaxed);
    record.wait.store(0, Ordering::Relaxed);
    user.waits.store(0, Ordering::Relaxed);
    for word in record.shared.iter().chain([&record.shared_more]) {
        word.store(0, Ordering::Relaxed);
    }
    occupancy::publish(&record.state, generation);

    user.block.store(index as u64, Ordering::Relaxed);
    // Release: the keeper reads the rest after the thread id.
    user.tid.store(tid, Ordering::Release);
    held.board.raise_used(SectionKind::Slots, slot + 1);
    let place = Place {
        block,
        shard,
        #[cfg(feature = "trail")]
        trail,
        worker: Some(worker),
        slot: u32::try_from(slot).ok()? + 1,
        party: party(slot, generation),
        shared: record.shared.as_ptr(),
    };
    Some(TakenSlot { place, generation, busy, sequence: user.sequence.load(Ordering::Relaxed) })
}

/// Takes over the slot of a thread that ended without running its destructors.
fn reclaim(held: &Slots) -> Option<usize> {
    let gone = |slot: &usize| {
        let tid = held.user(*slot).map_or(0, |user| user.tid.load(Ordering::Acquire));
        tid != 0 && !kernel::thread_exists(tid)
    };
    let slot = held.held().find(gone)?;
    let user = held.user(slot)?;
    let tid = user.tid.load(Ordering::Relaxed);
    // Whoever makes the id zero has the slot: two reclaiming threads never take the same one.
    user.tid.compare_exchange(tid, 0, Ordering::AcqRel, Ordering::Relaxed).ok()?;
    // What that thread took with it stands in its worker record, which goes on from there.
    let worker = held.board.threads.workers.get(slot)?;
    let left = doubled::read::<1>(
        || worker.sequence.load(Ordering::Relaxed),
        |odd, _| if odd { &worker.odd } else { &worker.even }[0].load(Ordering::Relaxed),
        &mut 0,
    );
    if let Some((sequence, [busy])) = left {
        user.sequence.store(sequence, Ordering::Relaxed);
        user.busy.store(busy, Ordering::Relaxed);
    }
    Some(slot)
}
