//! A raw read-write lock that is watched. Who has it upgradable counts as a reader.
#![expect(unsafe_code, reason = "lock_api's traits are unsafe to implement, and to let go by")]

use core::panic::Location;
use core::time::Duration;
use std::time::Instant;

use ::parking_lot::lock_api::{
    RawRwLock as Raw, RawRwLockDowngrade, RawRwLockFair, RawRwLockRecursive,
    RawRwLockRecursiveTimed, RawRwLockTimed, RawRwLockUpgrade, RawRwLockUpgradeDowngrade,
    RawRwLockUpgradeFair, RawRwLockUpgradeTimed,
};

use super::mutex::Sent;
use crate::layout::{LockFamily, LockKind, WaitHow};
use crate::on::locks::shared;
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

type Inner = ::parking_lot::RawRwLock;
type Marker = <Inner as Raw>::GuardMarker;

/// `parking_lot::RawRwLock`, which shows who holds it and who waits for it.
pub struct RawRwLock {
    watched: Watched,
    inner: Inner,
}

impl RawRwLock {
    pub(super) const fn named(name: &'static str, place: &'static Location<'static>) -> Self {
        let (kind, family) = (LockKind::RwLock, LockFamily::ParkingLot);
        let watched = Watched::new(kind, family, Marker::FLAG, name, place);
        Self { watched, inner: <Inner as Raw>::INIT }
    }

    /// Waits until `locked` has it, or has not in time.
    #[cold]
    #[track_caller]
    fn wait(&self, how: WaitHow, limit: Limit, locked: impl FnOnce(&Inner) -> bool) -> bool {
        let waiting = wait::begin(&self.watched, how, limit, Location::caller());
        let has_it = locked(&self.inner);
        wait::end(waiting, &self.watched, has_it);
        has_it
    }

    #[inline]
    fn read_if(&self, has_it: bool) -> bool {
        if has_it {
            let _ = shared::note(self.watched.identity());
        }
        has_it
    }

    #[inline]
    fn write_if(&self, has_it: bool) -> bool {
        if has_it {
            self.watched.taken();
        }
        has_it
    }

    #[inline]
    fn forget(&self) {
        shared::forget_by_identity(self.watched.identity());
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl Raw for RawRwLock {
    const INIT: Self = Self {
        watched: Watched::anywhere(LockKind::RwLock, LockFamily::ParkingLot, Marker::FLAG),
        inner: <Inner as Raw>::INIT,
    };

    type GuardMarker = Marker;

    #[inline]
    #[track_caller]
    fn lock_shared(&self) {
        let waited = |inner: &Inner| {
            inner.lock_shared();
            true
        };
        let has_it =
            self.inner.try_lock_shared() || self.wait(WaitHow::Shared, Limit::None, waited);
        self.read_if(has_it);
    }

    #[inline]
    fn try_lock_shared(&self) -> bool {
        self.read_if(self.inner.try_lock_shared())
    }

    #[inline]
    unsafe fn unlock_shared(&self) {
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.unlock_shared() };
    }

    #[inline]
    #[track_caller]
    fn lock_exclusive(&self) {
        let waited = |inner: &Inner| {
            inner.lock_exclusive();
            true
        };
        let has_it =
            self.inner.try_lock_exclusive() || self.wait(WaitHow::Exclusive, Limit::None, waited);
        self.write_if(has_it);
    }

    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.write_if(self.inner.try_lock_exclusive())
    }

    #[inline]
    unsafe fn unlock_exclusive(&self) {
        self.watched.clear();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.unlock_exclusive() };
        self.watched.cleared();
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.inner.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.inner.is_locked_exclusive()
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockFair for RawRwLock {
    #[inline]
    unsafe fn unlock_shared_fair(&self) {
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.unlock_shared_fair() };
    }

    #[inline]
    unsafe fn unlock_exclusive_fair(&self) {
        self.watched.clear();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.unlock_exclusive_fair() };
        self.watched.cleared();
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockDowngrade for RawRwLock {
    #[inline]
    unsafe fn downgrade(&self) {
        let _ = shared::note(self.watched.identity());
        self.watched.clear();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.downgrade() };
        self.watched.cleared();
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_shared_for(&self, timeout: Duration) -> bool {
        let waited = |inner: &Inner| inner.try_lock_shared_for(timeout);
        let has_it =
            self.inner.try_lock_shared() || self.wait(WaitHow::Shared, Limit::Time, waited);
        self.read_if(has_it)
    }

    #[track_caller]
    fn try_lock_shared_until(&self, timeout: Instant) -> bool {
        let waited = |inner: &Inner| inner.try_lock_shared_until(timeout);
        let has_it =
            self.inner.try_lock_shared() || self.wait(WaitHow::Shared, Limit::Time, waited);
        self.read_if(has_it)
    }

    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
        let waited = |inner: &Inner| inner.try_lock_exclusive_for(timeout);
        let has_it =
            self.inner.try_lock_exclusive() || self.wait(WaitHow::Exclusive, Limit::Time, waited);
        self.write_if(has_it)
    }

    #[track_caller]
    fn try_lock_exclusive_until(&self, timeout: Instant) -> bool {
        let waited = |inner: &Inner| inner.try_lock_exclusive_until(timeout);
        let has_it =
            self.inner.try_lock_exclusive() || self.wait(WaitHow::Exclusive, Limit::Time, waited);
        self.write_if(has_it)
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockRecursive for RawRwLock {
    #[track_caller]
    fn lock_shared_recursive(&self) {
        let waited = |inner: &Inner| {
            inner.lock_shared_recursive();
            true
        };
        let has_it = self.inner.try_lock_shared_recursive()
            || self.wait(WaitHow::Shared, Limit::None, waited);
        self.read_if(has_it);
    }

    fn try_lock_shared_recursive(&self) -> bool {
        self.read_if(self.inner.try_lock_shared_recursive())
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockRecursiveTimed for RawRwLock {
    #[track_caller]
    fn try_lock_shared_recursive_for(&self, timeout: Duration) -> bool {
        let waited = |inner: &Inner| inner.try_lock_shared_recursive_for(timeout);
        let has_it = self.inner.try_lock_shared_recursive()
            || self.wait(WaitHow::Shared, Limit::Time, waited);
        self.read_if(has_it)
    }

    #[track_caller]
    fn try_lock_shared_recursive_until(&self, timeout: Instant) -> bool {
        let waited = |inner: &Inner| inner.try_lock_shared_recursive_until(timeout);
        let has_it = self.inner.try_lock_shared_recursive()
            || self.wait(WaitHow::Shared, Limit::Time, waited);
        self.read_if(has_it)
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockUpgrade for RawRwLock {
    #[track_caller]
    fn lock_upgradable(&self) {
        let waited = |inner: &Inner| {
            inner.lock_upgradable();
            true
        };
        let has_it =
            self.inner.try_lock_upgradable() || self.wait(WaitHow::Shared, Limit::None, waited);
        self.read_if(has_it);
    }

    fn try_lock_upgradable(&self) -> bool {
        self.read_if(self.inner.try_lock_upgradable())
    }

    unsafe fn unlock_upgradable(&self) {
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.unlock_upgradable() };
    }

    #[track_caller]
    unsafe fn upgrade(&self) {
        // It waits for the other readers, not for itself.
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one.
        let at_once = unsafe { self.inner.try_upgrade() };
        let waited = |inner: &Inner| {
            // SAFETY: it did not become another's, as was just seen.
            unsafe { inner.upgrade() };
            true
        };
        self.write_if(at_once || self.wait(WaitHow::Exclusive, Limit::None, waited));
    }

    unsafe fn try_upgrade(&self) -> bool {
        // SAFETY: the caller has the lock so, and so the inner one.
        let has_it = unsafe { self.inner.try_upgrade() };
        if has_it {
            self.forget();
        }
        self.write_if(has_it)
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockUpgradeFair for RawRwLock {
    unsafe fn unlock_upgradable_fair(&self) {
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.unlock_upgradable_fair() };
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockUpgradeDowngrade for RawRwLock {
    unsafe fn downgrade_upgradable(&self) {
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.downgrade_upgradable() };
    }

    unsafe fn downgrade_to_upgradable(&self) {
        let _ = shared::note(self.watched.identity());
        self.watched.clear();
        // SAFETY: the caller has the lock so, and so the inner one.
        unsafe { self.inner.downgrade_to_upgradable() };
        self.watched.cleared();
    }
}

// SAFETY: the inner one keeps what the trait promises; what is done beside it does not touch the lock.
unsafe impl RawRwLockUpgradeTimed for RawRwLock {
    #[track_caller]
    fn try_lock_upgradable_for(&self, timeout: Duration) -> bool {
        let waited = |inner: &Inner| inner.try_lock_upgradable_for(timeout);
        let has_it =
            self.inner.try_lock_upgradable() || self.wait(WaitHow::Shared, Limit::Time, waited);
        self.read_if(has_it)
    }

    #[track_caller]
    fn try_lock_upgradable_until(&self, timeout: Instant) -> bool {
        let waited = |inner: &Inner| inner.try_lock_upgradable_until(timeout);
        let has_it =
            self.inner.try_lock_upgradable() || self.wait(WaitHow::Shared, Limit::Time, waited);
        self.read_if(has_it)
    }

    #[track_caller]
    unsafe fn try_upgrade_for(&self, timeout: Duration) -> bool {
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one, until it is upgraded.
        let waited = |inner: &Inner| unsafe { inner.try_upgrade_for(timeout) };
        let has_it = self.wait(WaitHow::Exclusive, Limit::Time, waited);
        self.read_if(!has_it);
        self.write_if(has_it)
    }

    #[track_caller]
    unsafe fn try_upgrade_until(&self, timeout: Instant) -> bool {
        self.forget();
        // SAFETY: the caller has the lock so, and so the inner one, until it is upgraded.
        let waited = |inner: &Inner| unsafe { inner.try_upgrade_until(timeout) };
        let has_it = self.wait(WaitHow::Exclusive, Limit::Time, waited);
        self.read_if(!has_it);
        self.write_if(has_it)
    }
}
