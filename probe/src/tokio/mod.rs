//! `tokio`'s locks and channels, which show who holds them and who waits.
//!
//! `use probe::tokio::sync::Mutex` for `use tokio::sync::Mutex`, likewise `RwLock`, `Semaphore` and `mpsc`, and `inspect
//! waits` shows which operation holds it, and which ones wait. A task that works on no operation ([`op!`](crate::op!),
//! [`op_async!`](crate::op_async!)) is not named: nobody knows on which thread it will go on. The rest of `tokio::sync` is
//! passed on as it is. With probes out all of it is.

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod guards;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod leading;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod locking;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub mod mpsc;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod mutex;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod rwlock;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod semaphore;
pub mod sync;

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub use sync::mpsc;
#[doc(hidden)]
pub use sync::named;
pub use sync::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit,
    RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit,
};

/// A [`tokio::sync::Mutex`](sync::Mutex) with a name: `probe::tokio::mutex!("index", value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_mutex {
    ($name:literal, $value:expr $(,)?) => {
        $crate::tokio::named::mutex($name, $value)
    };
}

/// A [`tokio::sync::RwLock`](sync::RwLock) with a name: `probe::tokio::rwlock!("table", value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_rwlock {
    ($name:literal, $value:expr $(,)?) => {
        $crate::tokio::named::rwlock($name, $value)
    };
}

/// A [`tokio::sync::Semaphore`](sync::Semaphore) with a name: `probe::tokio::semaphore!("slots", 8)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_semaphore {
    ($name:literal, $permits:expr $(,)?) => {
        $crate::tokio::named::semaphore($name, $permits)
    };
}

#[doc(inline)]
pub use __tokio_mutex as mutex;
#[doc(inline)]
pub use __tokio_rwlock as rwlock;
#[doc(inline)]
pub use __tokio_semaphore as semaphore;
