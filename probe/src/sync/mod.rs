//! The standard library's locks and channels, which show who holds them and who waits.
//!
//! One changed line, `use probe::sync::Mutex` for `use std::sync::Mutex`, and `inspect waits` shows each chain from who
//! waits to who could go on, with lines and ages, also of a daemon that hangs or is dead; deadlocks are named as such.
//! Methods, poisoning and guards are those of std. What is not wrapped is std's own, so the whole of `std::sync` may be
//! taken from here.
//!
//! With probes out each of them *is* the standard library's.
//!
//! A lock that nobody had to wait for costs nine instructions and two stores, to lock and unlock, and stands nowhere. It
//! gets a record on the board when somebody first waits for it, or with its first use if it has a name
//! ([`mutex!`](crate::mutex!), [`rwlock!`](crate::rwlock!)).

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
#[path = "out.rs"]
mod which;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod condvar;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
pub mod mpsc;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod mutex;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
mod rwlock;
#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
pub use std::sync::mpsc;
#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
#[path = "wrapped.rs"]
mod which;

pub use std::sync::*;

pub use mpsc::{channel, sync_channel};

#[doc(hidden)]
pub use which::named;
pub use which::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
