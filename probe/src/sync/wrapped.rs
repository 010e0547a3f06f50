//! Probes in: wrappers.

pub use super::mutex::{Mutex, MutexGuard};

/// What the macros make.
#[doc(hidden)]
pub mod named {
    use core::panic::Location;

    #[track_caller]
    pub const fn mutex<T>(name: &'static str, value: T) -> super::Mutex<T> {
        super::Mutex::named(name, Location::caller(), value)
    }
}
