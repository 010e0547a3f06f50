//! The ways to take a `RwLock`.

use core::fmt;
use core::panic::Location;
use std::future::Future;
use std::sync::Arc;

use ::tokio::sync::TryLockError;

use super::guards::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
use super::mutex::is_taken;
use super::rwlock::RwLock;

impl<T: ?Sized> RwLock<T> {
    /// As `tokio::sync::RwLock::read`.
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> + use<'_, T> {
        let here = Location::caller();
        async move { RwLockReadGuard::new(self, self.lock.read(here).await) }
    }

    /// As `tokio::sync::RwLock::blocking_read`.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        RwLockReadGuard::new(self, self.lock.blocking_read(Location::caller()))
    }

    /// As `tokio::sync::RwLock::read_owned`.
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> + use<T> {
        let here = Location::caller();
        async move {
            let seat = self.lock.read(here).await;
            OwnedRwLockReadGuard::new(self, seat)
        }
    }

    /// As `tokio::sync::RwLock::try_read`.
    ///
    /// # Errors
    /// A writer has it, or waits for it.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let seat = self.lock.try_read().ok_or_else(is_taken)?;
        Ok(RwLockReadGuard::new(self, seat))
    }

    /// As `tokio::sync::RwLock::try_read_owned`.
    ///
    /// # Errors
    /// A writer has it, or waits for it.
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let seat = self.lock.try_read().ok_or_else(is_taken)?;
        Ok(OwnedRwLockReadGuard::new(self, seat))
    }

    /// As `tokio::sync::RwLock::write`.
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> + use<'_, T> {
        let here = Location::caller();
        async move {
            self.lock.write(here).await;
            RwLockWriteGuard::new(self)
        }
    }

    /// As `tokio::sync::RwLock::blocking_write`.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        self.lock.blocking_write(Location::caller());
        RwLockWriteGuard::new(self)
    }

    /// As `tokio::sync::RwLock::write_owned`.
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> + use<T> {
        let here = Location::caller();
        async move {
            self.lock.write(here).await;
            OwnedRwLockWriteGuard::new(self)
        }
    }

    /// As `tokio::sync::RwLock::try_write`.
    ///
    /// # Errors
    /// It is locked.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        if self.lock.try_write() { Ok(RwLockWriteGuard::new(self)) } else { Err(is_taken()) }
    }

    /// As `tokio::sync::RwLock::try_write_owned`.
    ///
    /// # Errors
    /// It is locked.
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        if self.lock.try_write() { Ok(OwnedRwLockWriteGuard::new(self)) } else { Err(is_taken()) }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => shown.field("data", &&*guard),
            Err(_) => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
