//! Probes in: `lock_api`'s locks over raw locks that are watched.

use ::parking_lot::lock_api;

pub use super::condvar::{Condvar, WaitTimeoutResult};
pub use super::mutex::RawMutex;
pub use super::rwlock::RawRwLock;

/// `parking_lot::Mutex`, which shows who holds it and who waits for it. With probes out it *is* that one.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;
/// `parking_lot::MutexGuard` of such a lock.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
/// `parking_lot::MappedMutexGuard` of such a lock.
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;
/// `parking_lot::RwLock`, which shows who holds it and who waits for it. With probes out it *is* that one.
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;
/// `parking_lot::RwLockReadGuard` of such a lock.
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;
/// `parking_lot::RwLockWriteGuard` of such a lock.
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;
/// `parking_lot::MappedRwLockReadGuard` of such a lock.
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;
/// `parking_lot::MappedRwLockWriteGuard` of such a lock.
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;
/// `parking_lot::RwLockUpgradableReadGuard` of such a lock.
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;

/// As `parking_lot::const_mutex`.
pub const fn const_mutex<T>(val: T) -> Mutex<T> {
    Mutex::from_raw(<RawMutex as lock_api::RawMutex>::INIT, val)
}

/// As `parking_lot::const_rwlock`.
pub const fn const_rwlock<T>(val: T) -> RwLock<T> {
    RwLock::from_raw(<RawRwLock as lock_api::RawRwLock>::INIT, val)
}

/// What the macros make.
#[doc(hidden)]
pub mod named {
    use core::panic::Location;

    use super::{Mutex, RawMutex, RawRwLock, RwLock};

    #[track_caller]
    pub const fn mutex<T>(name: &'static str, value: T) -> Mutex<T> {
        Mutex::from_raw(RawMutex::named(name, Location::caller()), value)
    }

    #[track_caller]
    pub const fn rwlock<T>(name: &'static str, value: T) -> RwLock<T> {
        RwLock::from_raw(RawRwLock::named(name, Location::caller()), value)
    }
}
