//! A reader of waits that looks at one thread after the other, and does not look again: what ours is held against.

use probe::layout::{LockRecord, SectionKind, SlotRecord, holder_of};

/// Whether it finds threads that wait for each other.
///
/// # Panics
/// Of a board without locks.
pub fn finds_a_deadlock(board: &inspect::snapshot::Board) -> bool {
    let contents = board.contents();
    let (slots, locks) = (contents.get(SectionKind::Slots), contents.get(SectionKind::Locks));
    let (slots, locks) = (slots.expect("slots"), locks.expect("locks"));
    let word = |at: u64, offset: usize| board.source.word(at + offset as u64);
    let next: Vec<Option<u64>> = (0..slots.used)
        .map(|slot| {
            let at = slots.at(slot)?;
            let waits = word(at, core::mem::offset_of!(SlotRecord, wait)) & 1 == 1;
            let target = word(at, core::mem::offset_of!(SlotRecord, wait_for));
            let lock = locks.at((target & 0xffff).checked_sub(1)?)?;
            let holder = word(lock, core::mem::offset_of!(LockRecord, holder));
            let generation = word(lock, 0) >> 8;
            let party = holder_of(holder, generation).filter(|_| waits)?;
            (party & 0xffff).checked_sub(1)
        })
        .collect();
    (0..next.len()).any(|start| {
        let mut at = start as u64;
        for _ in 0..next.len() {
            match next.get(at as usize).copied().flatten() {
                Some(to) if to == start as u64 => return true,
                Some(to) => at = to,
                None => return false,
            }
        }
        false
    })
}
