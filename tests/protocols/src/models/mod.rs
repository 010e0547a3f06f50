//! One scenario per claim. A writer does what `probe` does, word for word; a reader must accept
//! only what existed. Every scenario says which readings must occur, so that none passes by
//! refusing everything.
//!
//! The writer runs on the checker's own thread and the reader is spawned: loom explores more of
//! what a reader can see that way round.

mod asking;
mod claims;
mod doubled;
mod entering;
mod fifo;
mod forgotten;
mod held;
mod holding;
mod keyed;
mod occupancy;
mod operation;
mod published;
mod rings;
mod second_look;
mod stack;
mod statuses;
mod sums;
mod texts;
mod traces;
mod trail;
mod waiting;

use std::sync::Arc;

pub use asking::*;
pub use claims::*;
pub use doubled::*;
pub use entering::*;
pub use fifo::*;
pub use forgotten::*;
pub use held::*;
pub use holding::*;
pub use keyed::*;
pub use occupancy::{occupancy_closed, occupancy_members, occupancy_slot};
pub use operation::*;
pub use published::*;
pub use rings::*;
pub use second_look::*;
pub use stack::{
    stack_arguments, stack_scope_after_scope, stack_scope_in_scope, stack_what_was_left,
};
pub use statuses::*;
pub use sums::*;
pub use texts::*;
pub use traces::*;
pub use trail::*;
pub use waiting::*;

use super::atomics::{AtomicU64, Ordering};
use super::run::spawn;

const RELAXED: Ordering = Ordering::Relaxed;

fn words<const N: usize>() -> [AtomicU64; N] {
    core::array::from_fn(|_| AtomicU64::new(0))
}

fn get(word: &AtomicU64) -> u64 {
    word.load(RELAXED)
}

fn set(word: &AtomicU64, value: u64) {
    word.store(value, RELAXED);
}

/// Runs `writer` here and `reader` on a thread of its own, over one set of words.
fn beside<T: Send + Sync + 'static>(
    shared: T,
    writer: impl FnOnce(&T),
    reader: impl FnOnce(&T) + Send + 'static,
) {
    let shared = Arc::new(shared);
    let reader = {
        let shared = Arc::clone(&shared);
        spawn(move || reader(&shared))
    };
    writer(&shared);
    reader.join().expect("the reader's claim holds");
}
