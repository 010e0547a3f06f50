//! The protocols over loom's atomics.

/// What the protocols take for atomics.
pub mod atomics {
    pub(crate) use loom::sync::atomic::{Ordering, fence};

    pub(crate) use super::interrupts::AtomicU64;

    /// Nothing is taken for granted of the lock.
    pub(crate) fn fence_behind_a_lock() {
        fence(Ordering::SeqCst);
    }
}

mod raw {
    //! The checker's own.

    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
    pub(super) use loom::thread::{ThreadId, current};
}

#[path = "../interrupts.rs"]
mod interrupts;

#[path = "../../../../probe/src/protocol/mod.rs"]
pub mod protocol;

#[path = "../models/mod.rs"]
pub mod models;

pub mod run {
    //! Exhaustive exploration.

    pub(crate) use loom::thread::spawn;

    pub(crate) use super::interrupts::interrupted;

    pub use crate::seen::Seen;

    /// Runs `body` in every order; `preemptions` bounds how often a thread is interrupted where
    /// it could go on (`None`: as often as one likes). Then every one of `must` was seen, or
    /// the scenario has proved nothing.
    pub(crate) fn explore(
        name: &str,
        preemptions: Option<usize>,
        must: &[u64],
        body: impl Fn(&Seen) + Sync + Send + 'static,
    ) {
        let seen = Seen::default();
        let inside = seen.clone();
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = preemptions;
        builder.check(move || {
            inside.count_execution();
            body(&inside);
        });
        seen.report(name, preemptions);
        seen.require(name, must);
    }
}
