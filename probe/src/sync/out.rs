//! Probes out: std's own.

pub use std::sync::{Mutex, MutexGuard};

/// What the macros make.
#[doc(hidden)]
pub mod named {
    #[inline(always)]
    pub const fn mutex<T>(_: &'static str, value: T) -> std::sync::Mutex<T> {
        std::sync::Mutex::new(value)
    }
}
