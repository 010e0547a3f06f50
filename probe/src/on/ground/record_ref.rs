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

    /// There.
    pub(crate) const fn at(record: &'static T) -> Self {
        Self(AtomicPtr::new(core::ptr::from_ref(record).cast_mut()))
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

    /// Whether it is somewhere, for who looks often: nothing that was written before is promised to be seen.
    #[inline(always)]
    pub(crate) fn is_placed(&self) -> bool {
        !self.0.load(Ordering::Relaxed).is_null()
    }

    /// Takes it away from there, unless it is elsewhere by now; tells whether it did.
    pub(crate) fn take_from(&self, record: &'static T) -> bool {
        self.change(Some(record), None)
    }

    /// Places it where `before` was; tells whether it did.
    pub(crate) fn change(&self, before: Option<&'static T>, after: Option<&'static T>) -> bool {
        let pointer = |record: Option<&'static T>| {
            record.map_or(core::ptr::null_mut(), |record| core::ptr::from_ref(record).cast_mut())
        };
        let (before, after) = (pointer(before), pointer(after));
        // SeqCst: who places it for others to find looks at them next.
        self.0.compare_exchange(before, after, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// Places it if nothing is there yet; tells whether it did.
    pub(crate) fn place_first(&self, record: &'static T) -> bool {
        let record = core::ptr::from_ref(record).cast_mut();
        let none = core::ptr::null_mut();
        // Release: pairs with the acquire in `get`. Relaxed: who came late looks with `get`.
        self.0.compare_exchange(none, record, Ordering::Release, Ordering::Relaxed).is_ok()
    }
}
