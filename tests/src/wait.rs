//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// What `look` finds at last. Asks every few milliseconds.
///
/// # Panics
/// When it has not found anything by the deadline: `what` says what was waited for.
#[track_caller]
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} for {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}
