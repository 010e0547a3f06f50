//! A condition variable for watched locks: `parking_lot`'s takes the guards of its own raw lock only.
//!
//! Whoever waits joins the queue, of std's making, before it lets go of its lock; whoever notifies looks at the queue. So
//! nobody who let go misses a notification that came after.

use core::panic::Location;
use core::time::Duration;
use std::sync::{Condvar as Queue, Mutex as Counts, MutexGuard as CountsGuard, PoisonError};
use std::time::Instant;

use super::which::MutexGuard;
use crate::layout::{LockFamily, LockKind, WaitHow};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

/// `parking_lot::WaitTimeoutResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the wait was known to have timed out.
    #[inline]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// Who waits, by numbers: those below `released` may go.
#[derive(Debug)]
struct Numbers {
    next: u64,
    released: u64,
    /// Those that gave up before their turn came, and were not counted out yet.
    gone: u64,
}

/// `parking_lot::Condvar`, which shows who waits for it. With probes out it *is* that one.
#[derive(Debug)]
pub struct Condvar {
    watched: Watched,
    numbers: Counts<Numbers>,
    queue: Queue,
}

impl Condvar {
    /// As `parking_lot::Condvar::new`.
    #[inline]
    #[track_caller]
    pub const fn new() -> Self {
        let (kind, family) = (LockKind::Condvar, LockFamily::ParkingLot);
        Self {
            watched: Watched::new(kind, family, 0, "", Location::caller()),
            numbers: Counts::new(Numbers { next: 0, released: 0, gone: 0 }),
            queue: Queue::new(),
        }
    }

    fn numbers(&self) -> CountsGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As `parking_lot::Condvar::notify_one`.
    pub fn notify_one(&self) -> bool {
        self.release(|waiting| waiting.min(1)) > 0
    }

    /// As `parking_lot::Condvar::notify_all`.
    pub fn notify_all(&self) -> usize {
        usize::try_from(self.release(|waiting| waiting)).unwrap_or(usize::MAX)
    }

    fn release(&self, count: impl FnOnce(u64) -> u64) -> u64 {
        let mut numbers = self.numbers();
        let waiting = (numbers.next - numbers.released).saturating_sub(numbers.gone);
        let count = count(waiting);
        if count == waiting {
            (numbers.released, numbers.gone) = (numbers.next, 0);
        } else {
            numbers.released += count;
        }
        drop(numbers);
        if count > 0 {
            // Whose turn it is finds out by its number.
            self.queue.notify_all();
        }
        count
    }

    /// As `parking_lot::Condvar::wait`.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>) {
        self.wait_here(mutex_guard, None, Location::caller());
    }

    /// As `parking_lot::Condvar::wait_until`.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        timeout: Instant,
    ) -> WaitTimeoutResult {
        self.wait_here(mutex_guard, Some(timeout), Location::caller())
    }

    /// As `parking_lot::Condvar::wait_for`.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        self.wait_here(mutex_guard, Instant::now().checked_add(timeout), Location::caller())
    }

    /// As `parking_lot::Condvar::wait_while`.
    #[track_caller]
    pub fn wait_while<T, F>(&self, mutex_guard: &mut MutexGuard<'_, T>, mut condition: F)
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut **mutex_guard) {
            self.wait_here(mutex_guard, None, Location::caller());
        }
    }

    /// As `parking_lot::Condvar::wait_while_until`.
    #[track_caller]
    pub fn wait_while_until<T, F>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        mut condition: F,
        timeout: Instant,
    ) -> WaitTimeoutResult
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut **mutex_guard) {
            if self.wait_here(mutex_guard, Some(timeout), Location::caller()).timed_out() {
                return WaitTimeoutResult(condition(&mut **mutex_guard));
            }
        }
        WaitTimeoutResult(false)
    }

    /// As `parking_lot::Condvar::wait_while_for`.
    #[track_caller]
    pub fn wait_while_for<T: ?Sized, F>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        condition: F,
        timeout: Duration,
    ) -> WaitTimeoutResult
    where
        F: FnMut(&mut T) -> bool,
    {
        match Instant::now().checked_add(timeout) {
            Some(timeout) => self.wait_while_until(mutex_guard, condition, timeout),
            None => {
                self.wait_while(mutex_guard, condition);
                WaitTimeoutResult(false)
            }
        }
    }

    fn wait_here<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        until: Option<Instant>,
        here: &'static Location<'static>,
    ) -> WaitTimeoutResult {
        let mut numbers = self.numbers();
        let mine = numbers.next;
        numbers.next += 1;
        let limit = if until.is_some() { Limit::Time } else { Limit::None };
        let timed_out = MutexGuard::unlocked(guard, || {
            let waiting = wait::begin(&self.watched, WaitHow::Notify, limit, here);
            let mut timed_out = false;
            while numbers.released <= mine && !timed_out {
                numbers = match until {
                    None => self.queue.wait(numbers).unwrap_or_else(PoisonError::into_inner),
                    Some(until) => {
                        let left = until.saturating_duration_since(Instant::now());
                        let waited = self.queue.wait_timeout(numbers, left);
                        let (numbers, result) = waited.unwrap_or_else(PoisonError::into_inner);
                        timed_out = result.timed_out();
                        numbers
                    }
                };
            }
            if numbers.released <= mine {
                numbers.gone += 1;
            } else {
                timed_out = false;
            }
            drop(numbers);
            wait::end(waiting, &self.watched, true);
            timed_out
        });
        WaitTimeoutResult(timed_out)
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
