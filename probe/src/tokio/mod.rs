//! `tokio`'s locks, which show who holds them and who waits.
//!
//! `use probe::tokio::sync::Mutex` for `use tokio::sync::Mutex`, and `inspect waits` shows which operation holds it, and
//! which ones wait. A task that works on no operation ([`op!`](crate::op!), [`op_async!`](crate::op_async!)) is not named:
//! nobody knows on which thread it will go on. The rest of `tokio::sync` is passed on as it is. With probes out all of it
//! is.

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod mutex;
pub mod sync;

#[doc(hidden)]
pub use sync::named;
pub use sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

/// A [`tokio::sync::Mutex`](sync::Mutex) with a name: `probe::tokio::mutex!("index", value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_mutex {
    ($name:literal, $value:expr $(,)?) => {
        $crate::tokio::named::mutex($name, $value)
    };
}

#[doc(inline)]
pub use __tokio_mutex as mutex;
