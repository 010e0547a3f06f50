//! Guards of `RwLock`: a part of the value, and what lets go of the lock.
#![expect(unsafe_code, reason = "leads to the part of the value that a guard stands for")]

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use std::sync::Arc;

use super::leading::{reads, writes};
use super::rwlock::{Lock, RwLock};
use crate::on::locks::holders::Seat;

/// Lets go of a lock that is read.
struct Reads<'a>(&'a Lock, Seat);

/// Lets go of a lock that is written.
struct Writes<'a>(&'a Lock);

/// Lets go of a lock that is read, and of the lock.
struct OwnedReads<T: ?Sized>(Arc<RwLock<T>>, Seat);

/// Lets go of a lock that is written, and of the lock.
struct OwnedWrites<T: ?Sized>(Arc<RwLock<T>>);

impl Drop for Reads<'_> {
    fn drop(&mut self) {
        self.0.read_no_more(self.1);
    }
}

impl Drop for Writes<'_> {
    fn drop(&mut self) {
        self.0.write_no_more();
    }
}

impl<T: ?Sized> Drop for OwnedReads<T> {
    fn drop(&mut self) {
        self.0.lock.read_no_more(self.1);
    }
}

impl<T: ?Sized> Drop for OwnedWrites<T> {
    fn drop(&mut self) {
        self.0.lock.write_no_more();
    }
}

impl<'a> Writes<'a> {
    fn read_on(self) -> Reads<'a> {
        let this = ManuallyDrop::new(self);
        Reads(this.0, this.0.read_on())
    }
}

impl<T: ?Sized> OwnedWrites<T> {
    fn read_on(self) -> OwnedReads<T> {
        let seat = self.0.lock.read_on();
        let this = ManuallyDrop::new(self);
        // SAFETY: it is not dropped, so this is the only owner that takes it.
        let lock = unsafe { core::ptr::read(&this.0) };
        OwnedReads(lock, seat)
    }
}

/// `tokio::sync::RwLockReadGuard` of a lock that shows who holds it.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    part: NonNull<T>,
    held: Reads<'a>,
    marker: PhantomData<&'a T>,
}

/// `tokio::sync::RwLockWriteGuard` of a lock that shows who holds it.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    part: NonNull<T>,
    held: Writes<'a>,
    marker: PhantomData<&'a mut T>,
}

/// `tokio::sync::RwLockMappedWriteGuard` of a lock that shows who holds it.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    part: NonNull<T>,
    held: Writes<'a>,
    marker: PhantomData<&'a mut T>,
}

/// `tokio::sync::OwnedRwLockReadGuard` of a lock that shows who holds it.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    part: NonNull<U>,
    held: OwnedReads<T>,
}

/// `tokio::sync::OwnedRwLockWriteGuard` of a lock that shows who holds it.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    part: NonNull<T>,
    held: OwnedWrites<T>,
    marker: PhantomData<*mut T>,
}

/// `tokio::sync::OwnedRwLockMappedWriteGuard` of a lock that shows who holds it.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    part: NonNull<U>,
    held: OwnedWrites<T>,
    marker: PhantomData<*mut U>,
}

// SAFETY: as a reference to its part.
unsafe impl<T: ?Sized + Sync> Send for RwLockReadGuard<'_, T> {}
// SAFETY: as a reference to its part.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: as a mutable reference to its part.
unsafe impl<T: ?Sized + Send + Sync> Send for RwLockWriteGuard<'_, T> {}
// SAFETY: as a mutable reference to its part.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockWriteGuard<'_, T> {}
// SAFETY: as a mutable reference to its part.
unsafe impl<T: ?Sized + Send + Sync> Send for RwLockMappedWriteGuard<'_, T> {}
// SAFETY: as a mutable reference to its part.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockMappedWriteGuard<'_, T> {}
// SAFETY: as a reference to its part, and its lock, whose value it may be the last to have.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Send for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as a reference to its part, and its lock, whose value it may be the last to have.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as a mutable reference to its part, and its lock.
unsafe impl<T: ?Sized + Send + Sync> Send for OwnedRwLockWriteGuard<T> {}
// SAFETY: as a mutable reference to its part, and its lock.
unsafe impl<T: ?Sized + Send + Sync> Sync for OwnedRwLockWriteGuard<T> {}
// SAFETY: as a mutable reference to its part, and its lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Send
    for OwnedRwLockMappedWriteGuard<T, U>
{
}
// SAFETY: as a mutable reference to its part, and its lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync
    for OwnedRwLockMappedWriteGuard<T, U>
{
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    pub(super) fn new(lock: &'a RwLock<T>, seat: Seat) -> Self {
        Self { part: lock.pointer(), held: Reads(&lock.lock, seat), marker: PhantomData }
    }

    /// As `tokio::sync::RwLockReadGuard::map`.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let part = NonNull::from(f(&*this));
        RwLockReadGuard { part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::RwLockReadGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match f(&*this).map(NonNull::from) {
            Some(part) => Ok(RwLockReadGuard { part, held: this.held, marker: PhantomData }),
            None => Err(this),
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    pub(super) fn new(lock: &'a RwLock<T>) -> Self {
        Self { part: lock.pointer(), held: Writes(&lock.lock), marker: PhantomData }
    }

    /// As `tokio::sync::RwLockWriteGuard::map`.
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut *this));
        RwLockMappedWriteGuard { part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::RwLockWriteGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => Ok(RwLockMappedWriteGuard { part, held: this.held, marker: PhantomData }),
            None => Err(this),
        }
    }

    /// As `tokio::sync::RwLockWriteGuard::downgrade_map`.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let part = NonNull::from(f(&*this));
        RwLockReadGuard { part, held: this.held.read_on(), marker: PhantomData }
    }

    /// As `tokio::sync::RwLockWriteGuard::try_downgrade_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match f(&*this).map(NonNull::from) {
            Some(part) => {
                Ok(RwLockReadGuard { part, held: this.held.read_on(), marker: PhantomData })
            }
            None => Err(this),
        }
    }

    /// As `tokio::sync::RwLockWriteGuard::into_mapped`.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard { part: this.part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::RwLockWriteGuard::downgrade`.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { part: self.part, held: self.held.read_on(), marker: PhantomData }
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// As `tokio::sync::RwLockMappedWriteGuard::map`.
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut *this));
        RwLockMappedWriteGuard { part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::RwLockMappedWriteGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => Ok(RwLockMappedWriteGuard { part, held: this.held, marker: PhantomData }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    pub(super) fn new(lock: Arc<RwLock<T>>, seat: Seat) -> Self {
        Self { part: lock.pointer(), held: OwnedReads(lock, seat) }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// As `tokio::sync::OwnedRwLockReadGuard::map`.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        let part = NonNull::from(f(&*this));
        OwnedRwLockReadGuard { part, held: this.held }
    }

    /// As `tokio::sync::OwnedRwLockReadGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        match f(&*this).map(NonNull::from) {
            Some(part) => Ok(OwnedRwLockReadGuard { part, held: this.held }),
            None => Err(this),
        }
    }

    /// As `tokio::sync::OwnedRwLockReadGuard::rwlock`.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.held.0
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    pub(super) fn new(lock: Arc<RwLock<T>>) -> Self {
        Self { part: lock.pointer(), held: OwnedWrites(lock), marker: PhantomData }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::map`.
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut *this));
        OwnedRwLockMappedWriteGuard { part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => {
                Ok(OwnedRwLockMappedWriteGuard { part, held: this.held, marker: PhantomData })
            }
            None => Err(this),
        }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::downgrade_map`.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let part = NonNull::from(f(&*this));
        OwnedRwLockReadGuard { part, held: this.held.read_on() }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::try_downgrade_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match f(&*this).map(NonNull::from) {
            Some(part) => Ok(OwnedRwLockReadGuard { part, held: this.held.read_on() }),
            None => Err(this),
        }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::into_mapped`.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard { part: this.part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::downgrade`.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard { part: self.part, held: self.held.read_on() }
    }

    /// As `tokio::sync::OwnedRwLockWriteGuard::rwlock`.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.held.0
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// As `tokio::sync::OwnedRwLockMappedWriteGuard::map`.
    pub fn map<F, V: ?Sized>(mut this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        let part = NonNull::from(f(&mut *this));
        OwnedRwLockMappedWriteGuard { part, held: this.held, marker: PhantomData }
    }

    /// As `tokio::sync::OwnedRwLockMappedWriteGuard::try_map`.
    ///
    /// # Errors
    /// The guard, where `f` finds nothing.
    pub fn try_map<F, V: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(part) => {
                Ok(OwnedRwLockMappedWriteGuard { part, held: this.held, marker: PhantomData })
            }
            None => Err(this),
        }
    }

    /// As `tokio::sync::OwnedRwLockMappedWriteGuard::rwlock`.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.held.0
    }
}

reads! {
    [T: ?Sized] RwLockReadGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized] RwLockWriteGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized] RwLockMappedWriteGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U>, U, |guard| guard.part;
    [T: ?Sized] OwnedRwLockWriteGuard<T>, T, |guard| guard.part;
    [T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U>, U, |guard| guard.part;
}

writes! {
    [T: ?Sized] RwLockWriteGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized] RwLockMappedWriteGuard<'_, T>, T, |guard| guard.part;
    [T: ?Sized] OwnedRwLockWriteGuard<T>, T, |guard| guard.part;
    [T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U>, U, |guard| guard.part;
}
