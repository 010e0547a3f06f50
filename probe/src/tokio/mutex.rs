//! `tokio::sync::Mutex`, watched: a value and a semaphore of one permit, as the original is. Its guards go wherever their
//! tasks go, so it is an operation that holds it.
#![expect(unsafe_code, reason = "hands out the value to who has the permit")]

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use core::ptr::NonNull;
use std::future::Future;
use std::sync::Arc;

use ::tokio::sync::{Semaphore, TryLockError};

use super::leading::{reads, writes};
use crate::layout::{LOCK_SENT, LockFamily, LockKind, WaitHow};
use crate::on::locks::future::{operation, waited};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

/// `tokio::sync::Mutex`, which shows who holds it and who waits for it. With probes out it *is* that one.
pub struct Mutex<T: ?Sized> {
    lock: Lock,
    value: UnsafeCell<T>,
}

/// What of it does not depend on its value.
struct Lock {
    watched: Watched,
    permit: Semaphore,
}

// SAFETY: the value is with one thread at a time, which has the permit.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: the value is with one thread at a time; references to the lock alone lead to no reference to the value.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// `tokio::sync::MutexGuard` of a lock that shows who holds it.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
}

/// `tokio::sync::MappedMutexGuard` of a lock that shows who holds it.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    held: Held<'a>,
    part: NonNull<T>,
    marker: core::marker::PhantomData<&'a mut T>,
}

/// `tokio::sync::OwnedMutexGuard` of a lock that shows who holds it.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
}

/// `tokio::sync::OwnedMappedMutexGuard` of a lock that shows who holds it.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    part: NonNull<U>,
    // Last: it lets go of the lock.
    guard: OwnedMutexGuard<T>,
}

/// Lets go of a lock when it is dropped.
struct Held<'a>(&'a Lock);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

// SAFETY: it is a reference to the value, which only its holder has.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}
// SAFETY: it is a reference to the value, which only its holder has.
unsafe impl<T: ?Sized + Sync> Sync for OwnedMutexGuard<T> {}
// SAFETY: as a mutable reference to its part.
unsafe impl<T: ?Sized + Send> Send for MappedMutexGuard<'_, T> {}
// SAFETY: as a mutable reference to its part.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}
// SAFETY: as a mutable reference to its part, and its lock.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMappedMutexGuard<T, U> {}
// SAFETY: as a mutable reference to its part, and its lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedMappedMutexGuard<T, U> {}

impl Lock {
    async fn lock(&self, here: &'static Location<'static>) {
        let taken =
            waited(&self.watched, WaitHow::Exclusive, here, || (), self.permit.acquire()).await;
        // It is never closed.
        if let Ok(permit) = taken {
            permit.forget();
        }
        self.watched.taken_as(operation());
    }

    fn try_lock(&self) -> bool {
        let taken = self.permit.try_acquire().map(|permit| permit.forget()).is_ok();
        if taken {
            self.watched.taken_as(operation());
        }
        taken
    }

    fn blocking_lock(&self, here: &'static Location<'static>) {
        if self.try_lock() {
            return;
        }
        let waiting = wait::begin(&self.watched, WaitHow::Exclusive, Limit::None, here);
        let taken = self.permit.blocking_acquire();
        wait::end(waiting, &self.watched, true);
        if let Ok(permit) = taken {
            permit.forget();
        }
        self.watched.taken_as(operation());
    }

    fn let_go(&self) {
        self.watched.clear();
        self.permit.add_permits(1);
        self.watched.cleared();
    }
}

/// The error of a lock that is taken. Only tokio makes one.
#[cold]
pub(super) fn is_taken() -> TryLockError {
    let mutex = ::tokio::sync::Mutex::const_new(());
    let taken = mutex.try_lock();
    loop {
        if let Err(error) = mutex.try_lock() {
            drop(taken);
            return error;
        }
    }
}

impl<T> Mutex<T> {
    /// As `tokio::sync::Mutex::new`.
    #[track_caller]
    pub fn new(t: T) -> Self {
        Self::named("", Location::caller(), t)
    }

    /// As `tokio::sync::Mutex::const_new`.
    #[track_caller]
    pub const fn const_new(t: T) -> Self {
        Self::named("", Location::caller(), t)
    }

    pub(super) const fn named(name: &'static str, place: &'static Location<'static>, t: T) -> Self {
        let (kind, family) = (LockKind::Mutex, LockFamily::Tokio);
        let watched = Watched::new(kind, family, LOCK_SENT, name, place);
        let lock = Lock { watched, permit: Semaphore::const_new(1) };
        Self { lock, value: UnsafeCell::new(t) }
    }

    /// As `tokio::sync::Mutex::into_inner`.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As `tokio::sync::Mutex::lock`.
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> + use<'_, T> {
        let here = Location::caller();
        async move {
            self.lock.lock(here).await;
            MutexGuard { mutex: self }
        }
    }

    /// As `tokio::sync::Mutex::lock_owned`.
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> + use<T> {
        let here = Location::caller();
        async move {
            self.lock.lock(here).await;
            OwnedMutexGuard { mutex: self }
        }
    }

    /// As `tokio::sync::Mutex::blocking_lock`.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        self.lock.blocking_lock(Location::caller());
        MutexGuard { mutex: self }
    }

    /// As `tokio::sync::Mutex::blocking_lock_owned`.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.lock.blocking_lock(Location::caller());
        OwnedMutexGuard { mutex: self }
    }

    /// As `tokio::sync::Mutex::try_lock`.
    ///
    /// # Errors
    /// It is locked.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        if self.lock.try_lock() { Ok(MutexGuard { mutex: self }) } else { Err(is_taken()) }
    }

    /// As `tokio::sync::Mutex::try_lock_owned`.
    ///
    /// # Errors
    /// It is locked.
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        if self.lock.try_lock() { Ok(OwnedMutexGuard { mutex: self }) } else { Err(is_taken()) }
    }

    /// As `tokio::sync::Mutex::get_mut`.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    fn pointer(&self) -> NonNull<T> {
        // SAFETY: what a cell gives is not null.
        unsafe { NonNull::new_unchecked(self.value.get()) }
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// As `tokio::sync::MutexGuard::mutex`.
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }

    /// As `tokio::sync::MutexGuard::map`.
    pub fn map<U: ?Sized, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut *this));
        Self::part(this, part)
    }

    /// As `tokio::sync::MutexGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<U: ?Sized, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => Ok(Self::part(this, part)),
            None => Err(this),
        }
    }

    fn part<U: ?Sized>(this: Self, part: NonNull<U>) -> MappedMutexGuard<'a, U> {
        let held = Held(&this.mutex.lock);
        core::mem::forget(this);
        MappedMutexGuard { held, part, marker: core::marker::PhantomData }
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// As `tokio::sync::MappedMutexGuard::map`.
    pub fn map<U: ?Sized, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut *this));
        MappedMutexGuard { held: this.held, part, marker: core::marker::PhantomData }
    }

    /// As `tokio::sync::MappedMutexGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<U: ?Sized, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => {
                Ok(MappedMutexGuard { held: this.held, part, marker: core::marker::PhantomData })
            }
            None => Err(this),
        }
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// As `tokio::sync::OwnedMutexGuard::mutex`.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        &this.mutex
    }

    /// As `tokio::sync::OwnedMutexGuard::map`.
    pub fn map<U: ?Sized, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut *this));
        OwnedMappedMutexGuard { part, guard: this }
    }

    /// As `tokio::sync::OwnedMutexGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<U: ?Sized, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => Ok(OwnedMappedMutexGuard { part, guard: this }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// As `tokio::sync::OwnedMappedMutexGuard::map`.
    pub fn map<S: ?Sized, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        F: FnOnce(&mut U) -> &mut S,
    {
        let part = NonNull::from(f(&mut *this));
        OwnedMappedMutexGuard { part, guard: this.guard }
    }

    /// As `tokio::sync::OwnedMappedMutexGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<S: ?Sized, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => Ok(OwnedMappedMutexGuard { part, guard: this.guard }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.lock.let_go();
    }
}

impl<T: ?Sized> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        self.mutex.lock.let_go();
    }
}

reads! {
    [T: ?Sized] MutexGuard<'_, T>, T, |guard| guard.mutex.pointer();
    [T: ?Sized] MappedMutexGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized] OwnedMutexGuard<T>, T, |guard| guard.mutex.pointer();
    [T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U>, U, |guard| guard.part;
}

writes! {
    [T: ?Sized] MutexGuard<'_, T>, T, |guard| guard.mutex.pointer();
    [T: ?Sized] MappedMutexGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized] OwnedMutexGuard<T>, T, |guard| guard.mutex.pointer();
    [T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U>, U, |guard| guard.part;
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
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => shown.field("data", &&*guard),
            Err(_) => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
