//! `std::sync::Condvar`, watched.

use core::fmt;
use core::panic::Location;
use core::time::Duration;
use std::sync::{LockResult, PoisonError, WaitTimeoutResult};
use std::time::Instant;

use super::mutex::{MutexGuard, mapped};
use crate::layout::{LockFamily, LockKind, WaitHow};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

/// [`std::sync::Condvar`], which shows who waits for it. With probes out it *is* that one.
pub struct Condvar {
    watched: Watched,
    inner: std::sync::Condvar,
}

impl Condvar {
    /// As [`std::sync::Condvar::new`].
    #[inline]
    #[track_caller]
    pub const fn new() -> Self {
        let place = Location::caller();
        let watched = Watched::new(LockKind::Condvar, LockFamily::Std, 0, "", place);
        Self { watched, inner: std::sync::Condvar::new() }
    }

    /// As [`std::sync::Condvar::wait`].
    ///
    /// # Errors
    /// The mutex is poisoned.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let (on, inner) = guard.released();
        let waiting = wait::begin(&self.watched, WaitHow::Notify, Limit::None, Location::caller());
        let locked = self.inner.wait(inner);
        wait::end(waiting, &self.watched, true);
        mapped(locked, |inner| MutexGuard::taken(on, inner))
    }

    /// As [`std::sync::Condvar::wait_while`].
    ///
    /// # Errors
    /// The mutex is poisoned.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`std::sync::Condvar::wait_timeout`].
    ///
    /// # Errors
    /// The mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (on, inner) = guard.released();
        let waiting = wait::begin(&self.watched, WaitHow::Notify, Limit::Time, Location::caller());
        let locked = self.inner.wait_timeout(inner, dur);
        wait::end(waiting, &self.watched, true);
        mapped(locked, |(inner, result)| (MutexGuard::taken(on, inner), result))
    }

    /// As `std::sync::Condvar::wait_timeout_ms`.
    ///
    /// # Errors
    /// The mutex is poisoned.
    #[deprecated(note = "replaced by `std::sync::Condvar::wait_timeout`")]
    #[track_caller]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        ms: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let waited = self.wait_timeout(guard, Duration::from_millis(u64::from(ms)));
        mapped(waited, |(guard, result)| (guard, !result.timed_out()))
    }

    /// As [`std::sync::Condvar::wait_timeout_while`].
    ///
    /// # Errors
    /// The mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        loop {
            if !condition(&mut *guard) {
                return self.in_time(guard);
            }
            match dur.checked_sub(start.elapsed()) {
                Some(left) => guard = self.wait_timeout(guard, left)?.0,
                None => return self.too_late(guard),
            }
        }
    }

    /// What it says that did not time out. Only std makes such a result.
    fn in_time<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.answered(guard, |_| false)
    }

    /// What it says that did.
    fn too_late<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.answered(guard, |_| true)
    }

    fn answered<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        goes_on: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (on, inner) = guard.kept();
        match self.inner.wait_timeout_while(inner, Duration::ZERO, goes_on) {
            Ok((inner, result)) => Ok((MutexGuard::taken(on, inner), result)),
            Err(poisoned) => {
                let (inner, result) = poisoned.into_inner();
                Err(PoisonError::new((MutexGuard::taken(on, inner), result)))
            }
        }
    }

    /// As [`std::sync::Condvar::notify_one`].
    #[inline]
    pub fn notify_one(&self) {
        self.inner.notify_one();
    }

    /// As [`std::sync::Condvar::notify_all`].
    #[inline]
    pub fn notify_all(&self) {
        self.inner.notify_all();
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
