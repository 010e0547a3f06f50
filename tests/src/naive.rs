//! Readers that look at one word after the other, and do not look again: what ours are held against.

use std::collections::HashMap;

use probe::layout::{
    BLOCK_BYTES, BLOCK_FRAMES, FrameCopy, LockRecord, SectionKind, SlotRecord, WORD, holder_of,
};

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

/// Labels of the open scopes of a slot, outermost first, then of the line in the innermost: one word after the other, as
/// they come. `None` when there is nobody.
///
/// # Panics
/// Of a board without threads.
pub fn stack(
    board: &inspect::snapshot::Board,
    slot: u64,
    labels: &HashMap<u64, String>,
) -> Option<Vec<String>> {
    let contents = board.contents();
    let slots = contents.get(SectionKind::Slots).expect("slots");
    let frames = contents.get(SectionKind::Frames).expect("frames");
    let word = |at: u64, offset: usize| board.source.word(at + offset as u64);
    let at = slots.at(slot)?;
    if word(at, core::mem::offset_of!(SlotRecord, tid)) == 0 {
        return None;
    }
    let block = word(at, core::mem::offset_of!(SlotRecord, block)) & 1;
    let first = frames.at(slot)? + block * BLOCK_BYTES as u64;
    let frame = |depth: usize| first + (depth * FrameCopy::BYTES) as u64;
    let mut words = Vec::new();
    let mut deepest = frame(1);
    for depth in 2..BLOCK_FRAMES {
        match word(frame(depth), 0) {
            0 => break,
            scope => words.push(scope),
        }
        deepest = frame(depth);
    }
    let line = word(deepest, WORD) & !1;
    if line != 0 && words.last() != Some(&line) {
        words.push(line);
    }
    words.iter().map(|word| labels.get(word).cloned()).collect()
}
