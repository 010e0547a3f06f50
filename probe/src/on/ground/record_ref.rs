//! A pointer to a record that lives as long as the process: not there yet, or placed.
#![expect(unsafe_code, reason = "follows a pointer that only `place` sets")]

use core::sync::atomic::{AtomicPtr, Ordering};

/// Where a declared number lives on the board, once there is one.
#[derive(Debug)]
pub(crate) struct RecordRef<T: 'static>(AtomicPtr<T>);

impl<T: Sync> RecordRef<T> {
    /// Nowhere yet.
    pub(crate) const fn unset() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// The record, if it was placed.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // Acquire: pairs with the release in `place`.
        let record = self.0.load(Ordering::Acquire);
        // SAFETY: only `place` stores here, and what it stores is null-free and `'static`.
        unsafe { record.as_ref() }
    }

    /// Places it, or moves it: a forked child has a board of its own.
    pub(crate) fn place(&self, record: &'static T) {
        self.0.store(core::ptr::from_ref(record).cast_mut(), Ordering::Release);
    }

    #[cfg(any(feature = "tracing", feature = "tower"))]
    /// Places it if nothing is there yet; tells whether it did.
    pub(crate) fn place_first(&self, record: &'static T) -> bool {
        let record = core::ptr::from_ref(record).cast_mut();
        let none = core::ptr::null_mut();
        // Release: pairs with the acquire in `get`. Relaxed: who came late looks with `get`.
        self.0.compare_exchange(none, record, Ordering::Release, Ordering::Relaxed).is_ok()
    }
}
