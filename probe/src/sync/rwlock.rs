//! `std::sync::RwLock`, watched.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use super::mutex::mapped;
use crate::layout::{LockFamily, LockKind, WaitHow};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::{Cleared, Clearing, Noted, Watched};

/// [`std::sync::RwLock`], which shows who holds it and who waits for it. With probes out it *is* that one.
pub struct RwLock<T: ?Sized> {
    watched: Watched,
    inner: std::sync::RwLock<T>,
}

/// [`std::sync::RwLockReadGuard`] of an [`RwLock`] that shows who reads it. With probes out it *is* that one.
// Fields are dropped in this order: forgotten before the lock is let go of.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized + 'a> {
    _noted: Noted<'a>,
    inner: std::sync::RwLockReadGuard<'a, T>,
}

/// [`std::sync::RwLockWriteGuard`] of an [`RwLock`] that shows who writes it. With probes out it *is* that one.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized + 'a> {
    _clearing: Clearing<'a>,
    inner: std::sync::RwLockWriteGuard<'a, T>,
    _cleared: Cleared<'a>,
}

impl<T> RwLock<T> {
    /// As [`std::sync::RwLock::new`].
    #[inline]
    #[track_caller]
    pub const fn new(t: T) -> Self {
        Self::named("", Location::caller(), t)
    }

    #[inline]
    pub(super) const fn named(name: &'static str, place: &'static Location<'static>, t: T) -> Self {
        let watched = Watched::new(LockKind::RwLock, LockFamily::Std, 0, name, place);
        Self { watched, inner: std::sync::RwLock::new(t) }
    }

    /// As [`std::sync::RwLock::into_inner`].
    ///
    /// # Errors
    /// It is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// As [`std::sync::RwLock::read`].
    ///
    /// # Errors
    /// It is poisoned.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let locked = match self.inner.try_read() {
            Ok(inner) => Ok(inner),
            Err(TryLockError::Poisoned(poisoned)) => Err(poisoned),
            Err(TryLockError::WouldBlock) => self.wait_to_read(Location::caller()),
        };
        mapped(locked, |inner| self.reads(inner))
    }

    #[inline(always)]
    fn wait_to_read(
        &self,
        here: &'static Location<'static>,
    ) -> LockResult<std::sync::RwLockReadGuard<'_, T>> {
        let waiting = wait::begin(&self.watched, WaitHow::Shared, Limit::None, here);
        let locked = self.inner.read();
        wait::end(waiting, &self.watched, true);
        locked
    }

    /// As [`std::sync::RwLock::try_read`].
    ///
    /// # Errors
    /// It is locked, or poisoned.
    #[inline]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        tried(self.inner.try_read(), |inner| self.reads(inner))
    }

    /// As [`std::sync::RwLock::write`].
    ///
    /// # Errors
    /// It is poisoned.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let locked = match self.inner.try_write() {
            Ok(inner) => Ok(inner),
            Err(TryLockError::Poisoned(poisoned)) => Err(poisoned),
            Err(TryLockError::WouldBlock) => self.wait_to_write(Location::caller()),
        };
        mapped(locked, |inner| self.writes(inner))
    }

    #[inline(always)]
    fn wait_to_write(
        &self,
        here: &'static Location<'static>,
    ) -> LockResult<std::sync::RwLockWriteGuard<'_, T>> {
        let waiting = wait::begin(&self.watched, WaitHow::Exclusive, Limit::None, here);
        let locked = self.inner.write();
        wait::end(waiting, &self.watched, true);
        locked
    }

    /// As [`std::sync::RwLock::try_write`].
    ///
    /// # Errors
    /// It is locked, or poisoned.
    #[inline]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        tried(self.inner.try_write(), |inner| self.writes(inner))
    }

    /// As [`std::sync::RwLock::is_poisoned`].
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// As [`std::sync::RwLock::clear_poison`].
    #[inline]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// As [`std::sync::RwLock::get_mut`].
    ///
    /// # Errors
    /// It is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    #[inline(always)]
    fn reads<'a>(&'a self, inner: std::sync::RwLockReadGuard<'a, T>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { _noted: Noted::new(&self.watched), inner }
    }

    #[inline(always)]
    fn writes<'a>(&'a self, inner: std::sync::RwLockWriteGuard<'a, T>) -> RwLockWriteGuard<'a, T> {
        self.watched.taken();
        RwLockWriteGuard {
            _clearing: Clearing(&self.watched),
            inner,
            _cleared: Cleared(&self.watched),
        }
    }
}

/// A result with its guard wrapped.
#[inline]
fn tried<A, B>(result: TryLockResult<A>, wrap: impl FnOnce(A) -> B) -> TryLockResult<B> {
    match result {
        Ok(inner) => Ok(wrap(inner)),
        Err(TryLockError::Poisoned(poisoned)) => {
            Err(TryLockError::Poisoned(PoisonError::new(wrap(poisoned.into_inner()))))
        }
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
    }
}

#[cfg(probe_downgrade)]
#[expect(clippy::incompatible_msrv, reason = "only where the compiler has it")]
impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// As `std::sync::RwLockWriteGuard::downgrade`.
    pub fn downgrade(s: Self) -> RwLockReadGuard<'a, T> {
        let Self { _clearing, inner, _cleared } = s;
        let noted = Noted::new(_cleared.0);
        drop(_clearing);
        let inner = std::sync::RwLockWriteGuard::downgrade(inner);
        RwLockReadGuard { _noted: noted, inner }
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        Self::new(t)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

macro_rules! shown {
    ($($guard:ident),*) => {$(
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    )*};
}

shown!(RwLockReadGuard, RwLockWriteGuard);
