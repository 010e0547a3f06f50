//! `parking_lot`'s locks, which show who holds them and who waits.
//!
//! `use probe::parking_lot::Mutex` for `use parking_lot::Mutex`, and `inspect waits` shows them. `Mutex`, `RwLock` and
//! `Condvar` with all their guards are wrapped (they are `lock_api`'s over a raw lock of ours, so nothing is missing); the
//! rest is `parking_lot`'s own. With probes out all of it is.
//!
//! A lock without a name is called by the place where somebody first waited for it: `parking_lot` makes locks in constants,
//! which do not know where they stand.

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
#[path = "out.rs"]
mod which;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod condvar;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod mutex;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod rwlock;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod turns;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
#[path = "wrapped.rs"]
mod which;

pub use ::parking_lot::*;

#[doc(hidden)]
pub use which::named;
pub use which::{
    Condvar, MappedMutexGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard,
    RawMutex, RawRwLock, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
    WaitTimeoutResult, const_mutex, const_rwlock,
};

/// A [`parking_lot::Mutex`](Mutex) with a name: `probe::parking_lot::mutex!("index", value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __parking_lot_mutex {
    ($name:literal, $value:expr $(,)?) => {
        $crate::parking_lot::named::mutex($name, $value)
    };
}

/// A [`parking_lot::RwLock`](RwLock) with a name: `probe::parking_lot::rwlock!("index", value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __parking_lot_rwlock {
    ($name:literal, $value:expr $(,)?) => {
        $crate::parking_lot::named::rwlock($name, $value)
    };
}

#[doc(inline)]
pub use __parking_lot_mutex as mutex;
#[doc(inline)]
pub use __parking_lot_rwlock as rwlock;
