//! What is said beside a record of whoever has it: by few, and seldom, so that those who say nothing write nothing. It
//! names the occupant that it is of by its generation, and may be said of the same one again.
//!
//! An occupancy of its own, whose status is another one each time: by the generation alone a reader would take half of
//! what was said first and half of what was said then for one.

use super::super::atomics::{AtomicU64, Ordering};
use super::occupancy::{self, Reading};

/// Says `values` of the occupant with this generation, and one bit more. Only who has the record says something of it.
#[inline]
pub fn say<const N: usize>(
    word: &AtomicU64,
    rest: [&AtomicU64; N],
    generation: u64,
    odd: bool,
    values: [u64; N],
) {
    // Relaxed: what this writer, or the one before it, stored there last; a number to go on from, whoever's it was.
    let turn = (word.load(Ordering::Relaxed) & 0xff) >> 1;
    occupancy::begin(word, generation);
    for (cell, value) in rest.into_iter().zip(values) {
        // Relaxed: ordered by the state around it.
        cell.store(value, Ordering::Relaxed);
    }
    occupancy::close(word, generation, (turn % 127 + 1) << 1 | u64::from(odd));
}

/// What was said last of the occupant with this generation: the bit and the values. `None` when nothing was, or it was
/// being said at every try.
pub fn read<const N: usize>(
    load_state: impl FnMut() -> u64,
    mut load: impl FnMut(usize) -> u64,
    generation: u64,
    retries: &mut u64,
) -> Option<(bool, [u64; N])> {
    let body = |_, status| (status & 1 == 1, core::array::from_fn(&mut load));
    match occupancy::read_if(|_| true, load_state, body, retries) {
        Reading::Live(of, said) => (of == generation).then_some(said),
        Reading::Vacant | Reading::Torn => None,
    }
}
