//! A condition variable for watched locks: `parking_lot`'s takes the guards of its own raw lock only.
//!
//! Whoever waits joins the queue, of std's making, before it lets go of its lock; whoever notifies looks at the queue. So
//! nobody who let go misses a notification that came after.

use core::panic::Location;
use core::time::Duration;
use std::sync::{Condvar as Queue, Mutex as Counts, MutexGuard as CountsGuard, PoisonError};
use std::time::Instant;

use super::turns::Turns;
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

/// `parking_lot::Condvar`, which shows who waits for it. With probes out it *is* that one.
#[derive(Debug)]
pub struct Condvar {
    watched: Watched,
    turns: Counts<Turns>,
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
            turns: Counts::new(Turns::new()),
            queue: Queue::new(),
        }
    }

    fn turns(&self) -> CountsGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As `parking_lot::Condvar::notify_one`.
    pub fn notify_one(&self) -> bool {
        let is_one = self.turns().release_one();
        if is_one {
            // Whose turn it is finds out by its number.
            self.queue.notify_all();
        }
        is_one
    }

    /// As `parking_lot::Condvar::notify_all`.
    pub fn notify_all(&self) -> usize {
        let count = self.turns().release_all();
        if count > 0 {
            self.queue.notify_all();
        }
        usize::try_from(count).unwrap_or(usize::MAX)
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
        let mut turns = self.turns();
        let mine = turns.join();
        let limit = if until.is_some() { Limit::Time } else { Limit::None };
        let timed_out = MutexGuard::unlocked(guard, || {
            let waiting = wait::begin(&self.watched, WaitHow::Notify, limit, here);
            let mut is_late = false;
            while !turns.may_go(mine) && !is_late {
                turns = match until {
                    None => self.queue.wait(turns).unwrap_or_else(PoisonError::into_inner),
                    Some(until) => {
                        let left = until.saturating_duration_since(Instant::now());
                        let waited = self.queue.wait_timeout(turns, left);
                        let (turns, result) = waited.unwrap_or_else(PoisonError::into_inner);
                        is_late = result.timed_out();
                        turns
                    }
                };
            }
            // A turn that came with the end of the time is taken.
            let timed_out = !turns.may_go(mine);
            if timed_out {
                turns.give_up(mine);
            }
            drop(turns);
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::{Mutex, const_mutex};
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    static LOCK: Mutex<()> = const_mutex(());
    static CONDVAR: Condvar = Condvar::new();

    #[test]
    fn who_timed_out_takes_no_turn_from_those_who_wait() {
        let (woken, wakes) = mpsc::channel();
        assert!(CONDVAR.wait_for(&mut LOCK.lock(), Duration::ZERO).timed_out());
        for _ in 0..2 {
            let woken = woken.clone();
            // Not joined: who is never woken shall fail the test, not hang it.
            thread::spawn(move || {
                CONDVAR.wait(&mut LOCK.lock());
                woken.send(()).expect("the test waits");
            });
        }
        while CONDVAR.turns().waiting() < 2 {
            thread::yield_now();
        }
        for _ in 0..2 {
            assert!(CONDVAR.notify_one());
            wakes.recv_timeout(LONG).expect("one of the two wakes");
        }
        assert!(!CONDVAR.notify_one() && CONDVAR.notify_all() == 0);
    }
}
