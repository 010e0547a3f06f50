//! The protocols over core's atomics.

/// What the protocols take for atomics.
pub mod atomics {
    pub(crate) use core::sync::atomic::{Ordering, fence};

    pub(crate) use super::interrupts::AtomicU64;

    /// Nothing is taken for granted of the lock.
    pub(crate) fn fence_behind_a_lock() {
        fence(Ordering::SeqCst);
    }
}

mod raw {
    //! The checker's own.

    pub(super) use core::sync::atomic::{AtomicU64, Ordering};
    pub(super) use std::thread::{ThreadId, current};
}

#[path = "../interrupts.rs"]
mod interrupts;

#[path = "../../../../probe/src/protocol/mod.rs"]
pub mod protocol;

#[path = "../models/mod.rs"]
pub mod models;

pub mod run {
    //! Real threads, as they come.

    pub(crate) use std::thread::spawn;

    pub(crate) use super::interrupts::interrupted;

    pub use crate::seen::Seen;

    /// Rounds of one scenario: Miri makes its own by seeds.
    const ROUNDS: usize = if cfg!(miri) { 2 } else { 2000 };

    /// Runs `body` some times. What must be seen is loom's to say: here nothing is certain to
    /// happen.
    pub(crate) fn explore(
        _name: &str,
        _preemptions: Option<usize>,
        _must: &[u64],
        body: impl Fn(&Seen) + Sync + Send + 'static,
    ) {
        let seen = Seen::default();
        for _ in 0..ROUNDS {
            seen.count_execution();
            body(&seen);
        }
    }
}
