//! Asking one operation to end, by its generation: whoever asks says which one he means, and whoever works on
//! an operation looks whether his own was meant. So a request that comes too late meets nobody, whoever
//! has the record by then, and nothing has to be taken back. There is one who asks at a time.
//!
//! All of it is relaxed: each word says all there is to say. Who sleeps is woken by a waker whose own
//! exchange carries the request along: he leaves the waker first and looks then, and who asks does so
//! first and wakes then.

use super::super::atomics::{AtomicU64, Ordering};

/// The operation of this generation is in flight. `open` is private memory, as all here.
#[inline(always)]
pub fn begin(open: &AtomicU64, generation: u64) {
    open.store(generation, Ordering::Relaxed);
}

/// It ends.
#[inline(always)]
pub fn end(open: &AtomicU64) {
    open.store(0, Ordering::Relaxed);
}

/// Whether the operation of this generation is in flight. Generation 0 is nobody's.
#[inline(always)]
pub fn is_open(open: &AtomicU64, generation: u64) -> bool {
    generation != 0 && open.load(Ordering::Relaxed) == generation
}

/// The operation of this generation shall end.
#[inline(always)]
pub fn ask(asked: &AtomicU64, generation: u64) {
    asked.store(generation, Ordering::Relaxed);
}

/// Whether the operation of this generation shall end.
#[inline(always)]
pub fn is_asked(asked: &AtomicU64, generation: u64) -> bool {
    asked.load(Ordering::Relaxed) == generation
}
