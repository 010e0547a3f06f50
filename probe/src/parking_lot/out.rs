//! Probes out: `parking_lot`'s own.

pub use ::parking_lot::{
    Condvar, MappedMutexGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard,
    RawMutex, RawRwLock, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
    WaitTimeoutResult, const_mutex, const_rwlock,
};

/// What the macros make.
#[doc(hidden)]
pub mod named {
    #[inline(always)]
    pub const fn mutex<T>(_: &'static str, value: T) -> parking_lot::Mutex<T> {
        parking_lot::const_mutex(value)
    }

    #[inline(always)]
    pub const fn rwlock<T>(_: &'static str, value: T) -> parking_lot::RwLock<T> {
        parking_lot::const_rwlock(value)
    }
}
