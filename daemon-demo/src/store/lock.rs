//! Locks that a board can name.
//!
//! The pattern: the waiter stands on a `wait` tag whose argument is the lock, the holder is in a
//! scope with the same argument. So when a lock is never released, `inspect` shows both lines.

/// The index of the update queue.
pub(crate) const INDEX_LOCK: u32 = 1;
/// The handle of the data file: shared by readers and commits, alone for compaction and reopening.
pub(crate) const FILE_LOCK: u32 = 2;

/// Takes a lock and says so. What is being done has a status for it only if it really has to wait: a
/// status costs as much as a lock that is free.
macro_rules! take {
    ($lock:expr, $attempt:ident, $take:ident, $id:expr, $waits:literal) => {{
        probe::tag!(wait, $waits, $id);
        let guard = match $lock.$attempt() {
            Ok(guard) => guard,
            Err(::std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(::std::sync::TryLockError::WouldBlock) => {
                probe::op_status!(wait, $waits);
                probe::tag!(wait, $waits, $id);
                let guard = $lock.$take().unwrap_or_else(::std::sync::PoisonError::into_inner);
                probe::op_status!("run");
                guard
            }
        };
        // The line that stands again after a scope: this thread does not wait any more.
        probe::tag!();
        guard
    }};
}

/// Takes a mutex and says so: `let (mut guarded, _held) = hold!(mutex, ID, "holds index lock")`.
/// Bind both by name: dropped in reverse order, the scope ends just before the lock does.
macro_rules! hold {
    ($mutex:expr, $id:expr, $waits:literal, $holds:literal) => {{
        let guard = $crate::store::lock::take!($mutex, try_lock, lock, $id, $waits);
        (guard, probe::scope!($holds, $id))
    }};
}
pub(crate) use {hold, take};
