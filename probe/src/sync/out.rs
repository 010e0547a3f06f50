//! Probes out: std's own.

pub use std::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What the macros make.
#[doc(hidden)]
pub mod named {
    #[inline(always)]
    pub const fn mutex<T>(_: &'static str, value: T) -> std::sync::Mutex<T> {
        std::sync::Mutex::new(value)
    }

    #[inline(always)]
    pub const fn rwlock<T>(_: &'static str, value: T) -> std::sync::RwLock<T> {
        std::sync::RwLock::new(value)
    }
}
