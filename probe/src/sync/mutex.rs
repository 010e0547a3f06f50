//! `std::sync::Mutex`, watched.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::layout::{LockFamily, LockKind, WaitHow};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::{Cleared, Clearing, Watched};

/// [`std::sync::Mutex`], which shows who holds it and who waits for it. With probes out it *is* that one.
pub struct Mutex<T: ?Sized> {
    watched: Watched,
    inner: std::sync::Mutex<T>,
}

/// [`std::sync::MutexGuard`] of a [`Mutex`] that shows who holds it. With probes out it *is* that one.
// Fields are dropped in this order: cleared before the lock is let go of, looked at after.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    _clearing: Clearing<'a>,
    inner: std::sync::MutexGuard<'a, T>,
    _cleared: Cleared<'a>,
}

impl<T> Mutex<T> {
    /// As [`std::sync::Mutex::new`].
    #[inline]
    #[track_caller]
    pub const fn new(t: T) -> Self {
        Self::named("", Location::caller(), t)
    }

    #[inline]
    pub(super) const fn named(name: &'static str, place: &'static Location<'static>, t: T) -> Self {
        let watched = Watched::new(LockKind::Mutex, LockFamily::Std, 0, name, place);
        Self { watched, inner: std::sync::Mutex::new(t) }
    }

    /// As [`std::sync::Mutex::into_inner`].
    ///
    /// # Errors
    /// It is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As [`std::sync::Mutex::lock`].
    ///
    /// # Errors
    /// It is poisoned.
    // As a call it would give the guard back in memory: four times the cost of the rest.
    #[inline(always)]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let locked = match self.inner.try_lock() {
            Ok(inner) => Ok(inner),
            Err(TryLockError::Poisoned(poisoned)) => Err(poisoned),
            Err(TryLockError::WouldBlock) => self.wait(Location::caller()),
        };
        mapped(locked, |inner| self.taken(inner))
    }

    /// Inlined, so that a guard stays in registers: beginning and end of a wait are not.
    #[inline(always)]
    fn wait(&self, here: &'static Location<'static>) -> LockResult<std::sync::MutexGuard<'_, T>> {
        let waiting = wait::begin(&self.watched, WaitHow::Exclusive, Limit::None, here);
        let locked = self.inner.lock();
        wait::end(waiting, &self.watched, true);
        locked
    }

    /// As [`std::sync::Mutex::try_lock`].
    ///
    /// # Errors
    /// It is locked, or poisoned.
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.inner.try_lock() {
            Ok(inner) => Ok(self.taken(inner)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Err(TryLockError::Poisoned(PoisonError::new(self.taken(poisoned.into_inner()))))
            }
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    /// As [`std::sync::Mutex::is_poisoned`].
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// As [`std::sync::Mutex::clear_poison`].
    #[inline]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// As [`std::sync::Mutex::get_mut`].
    ///
    /// # Errors
    /// It is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    #[inline(always)]
    fn taken<'a>(&'a self, inner: std::sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard::taken(&self.watched, inner)
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The guard of a lock that this thread has just taken.
    #[inline(always)]
    pub(super) fn taken(watched: &'a Watched, inner: std::sync::MutexGuard<'a, T>) -> Self {
        watched.taken();
        Self { _clearing: Clearing(watched), inner, _cleared: Cleared(watched) }
    }

    /// Its parts, for who lets go of the lock in a call that goes on for long: nobody holds it from now on.
    pub(super) fn released(self) -> (&'a Watched, std::sync::MutexGuard<'a, T>) {
        let (watched, inner) = self.kept();
        watched.clear_before_a_wait();
        (watched, inner)
    }

    /// Its parts; nothing is said of the lock.
    pub(super) fn kept(self) -> (&'a Watched, std::sync::MutexGuard<'a, T>) {
        let Self { _clearing, inner, _cleared } = self;
        let watched = _cleared.0;
        core::mem::forget((_clearing, _cleared));
        (watched, inner)
    }
}

/// A result with its guard wrapped, poisoned or not.
#[inline]
pub(super) fn mapped<A, B>(result: LockResult<A>, wrap: impl FnOnce(A) -> B) -> LockResult<B> {
    match result {
        Ok(inner) => Ok(wrap(inner)),
        Err(poisoned) => Err(PoisonError::new(wrap(poisoned.into_inner()))),
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        Self::new(t)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
