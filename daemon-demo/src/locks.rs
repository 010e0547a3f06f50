//! Where locks come from: those that show themselves on the board, or, to measure what that costs, std's own.

#[cfg(not(feature = "plain-locks"))]
pub(crate) use probe::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock, TryLockError};
#[cfg(not(feature = "plain-locks"))]
pub(crate) use probe::{mutex, rwlock};
#[cfg(feature = "plain-locks")]
pub(crate) use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock, TryLockError};

#[cfg(feature = "plain-locks")]
macro_rules! mutex {
    ($name:literal, $value:expr) => {
        $crate::locks::Mutex::new($value)
    };
}
#[cfg(feature = "plain-locks")]
macro_rules! rwlock {
    ($name:literal, $value:expr) => {
        $crate::locks::RwLock::new($value)
    };
}
#[cfg(feature = "plain-locks")]
pub(crate) use {mutex, rwlock};
