//! A raw lock that is watched.
#![expect(unsafe_code, reason = "lock_api's traits are unsafe to implement, and to let go by")]

use core::panic::Location;
use core::time::Duration;
use std::time::Instant;

use ::parking_lot::lock_api::{
    GuardNoSend, GuardSend, RawMutex as Raw, RawMutexFair, RawMutexTimed,
};

use crate::layout::{LOCK_SENT, LockFamily, LockKind, WaitHow};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

type Inner = ::parking_lot::RawMutex;
type Marker = <Inner as Raw>::GuardMarker;

/// Whether guards go to other threads, by the features of `parking_lot`.
pub(super) trait Sent {
    /// The flag of a lock's record that says so.
    const FLAG: u64;
}

impl Sent for GuardSend {
    const FLAG: u64 = LOCK_SENT;
}

impl Sent for GuardNoSend {
    const FLAG: u64 = 0;
}

/// `parking_lot::RawMutex`, which shows who holds it and who waits for it.
pub struct RawMutex {
    watched: Watched,
    inner: Inner,
}

impl RawMutex {
    pub(super) const fn named(name: &'static str, place: &'static Location<'static>) -> Self {
        let (kind, family) = (LockKind::Mutex, LockFamily::ParkingLot);
        let watched = Watched::new(kind, family, Marker::FLAG, name, place);
        Self { watched, inner: <Inner as Raw>::INIT }
    }

    /// Takes it if `locked` does so in time.
    #[cold]
    #[track_caller]
    fn wait(&self, limit: Limit, locked: impl FnOnce(&Inner) -> bool) -> bool {
        let here = Location::caller();
        let waiting = wait::begin(&self.watched, WaitHow::Exclusive, limit, here);
        let has_it = locked(&self.inner);
        wait::end(waiting, &self.watched, has_it);
        if has_it {
            self.watched.taken();
        }
        has_it
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl Raw for RawMutex {
    const INIT: Self = Self {
        watched: Watched::anywhere(LockKind::Mutex, LockFamily::ParkingLot, Marker::FLAG),
        inner: <Inner as Raw>::INIT,
    };

    type GuardMarker = Marker;

    #[inline]
    #[track_caller]
    fn lock(&self) {
        if !self.try_lock() {
            self.wait(Limit::None, |inner| {
                inner.lock();
                true
            });
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        let has_it = self.inner.try_lock();
        if has_it {
            self.watched.taken();
        }
        has_it
    }

    #[inline]
    unsafe fn unlock(&self) {
        self.watched.clear();
        // SAFETY: the caller has the lock, and so the inner one.
        unsafe { self.inner.unlock() };
        self.watched.cleared();
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.inner.is_locked()
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawMutexFair for RawMutex {
    #[inline]
    unsafe fn unlock_fair(&self) {
        self.watched.clear();
        // SAFETY: the caller has the lock, and so the inner one.
        unsafe { self.inner.unlock_fair() };
        self.watched.cleared();
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawMutexTimed for RawMutex {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    #[track_caller]
    fn try_lock_for(&self, timeout: Duration) -> bool {
        self.try_lock() || self.wait(Limit::Time, |inner| inner.try_lock_for(timeout))
    }

    #[inline]
    #[track_caller]
    fn try_lock_until(&self, timeout: Instant) -> bool {
        self.try_lock() || self.wait(Limit::Time, |inner| inner.try_lock_until(timeout))
    }
}
