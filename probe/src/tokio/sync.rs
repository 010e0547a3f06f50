//! As `tokio::sync`.

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub use ::tokio::sync::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit,
    RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit,
    mpsc,
};

pub use ::tokio::sync::*;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub use super::{
    guards::{
        OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard,
        RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
    },
    mpsc,
    mutex::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard},
    rwlock::RwLock,
    semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
};

/// What the macros make.
#[doc(hidden)]
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub mod named {
    use core::panic::Location;

    #[track_caller]
    pub const fn mutex<T>(name: &'static str, value: T) -> super::Mutex<T> {
        super::Mutex::named(name, Location::caller(), value)
    }

    #[track_caller]
    pub const fn rwlock<T>(name: &'static str, value: T) -> super::RwLock<T> {
        super::RwLock::named(name, Location::caller(), value, u32::MAX >> 3)
    }

    #[track_caller]
    pub const fn semaphore(name: &'static str, permits: usize) -> super::Semaphore {
        super::Semaphore::named(name, Location::caller(), permits)
    }
}

/// What the macros make.
#[doc(hidden)]
#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub mod named {
    #[inline(always)]
    pub const fn mutex<T>(_: &'static str, value: T) -> super::Mutex<T> {
        super::Mutex::const_new(value)
    }

    #[inline(always)]
    pub const fn rwlock<T>(_: &'static str, value: T) -> super::RwLock<T> {
        super::RwLock::const_new(value)
    }

    #[inline(always)]
    pub const fn semaphore(_: &'static str, permits: usize) -> super::Semaphore {
        super::Semaphore::const_new(permits)
    }
}
