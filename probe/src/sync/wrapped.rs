//! Probes in: wrappers.

pub use super::condvar::Condvar;
pub use super::mutex::{Mutex, MutexGuard};
pub use super::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What the macros make.
#[doc(hidden)]
pub mod named {
    use core::panic::Location;

    #[track_caller]
    pub const fn mutex<T>(name: &'static str, value: T) -> super::Mutex<T> {
        super::Mutex::named(name, Location::caller(), value)
    }

    #[track_caller]
    pub const fn rwlock<T>(name: &'static str, value: T) -> super::RwLock<T> {
        super::RwLock::named(name, Location::caller(), value)
    }
}
