//! As `tokio::sync`.

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub use ::tokio::sync::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
};

pub use ::tokio::sync::*;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub use super::mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
};

/// What the macros make.
#[doc(hidden)]
pub mod named {
    #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
    #[track_caller]
    pub const fn mutex<T>(name: &'static str, value: T) -> super::Mutex<T> {
        super::Mutex::named(name, core::panic::Location::caller(), value)
    }

    #[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
    #[inline(always)]
    pub const fn mutex<T>(_: &'static str, value: T) -> super::Mutex<T> {
        super::Mutex::const_new(value)
    }
}
