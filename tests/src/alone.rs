//! One test at a time, where a test says something of shares of a processor or of all boards of a host.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The turn of this test: others that ask for one wait until it is dropped.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has had its turn.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
