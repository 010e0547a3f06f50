//! `tokio::sync::RwLock`, watched: a value and a semaphore, as the original is. Its guards go wherever their tasks go, so it
//! is operations that hold it.
#![expect(unsafe_code, reason = "hands out the value to who has permits")]

use core::cell::UnsafeCell;
use core::panic::Location;
use core::ptr::NonNull;

use ::tokio::sync::Semaphore;

use crate::layout::{LOCK_SENT, LockFamily, LockKind, WaitHow};
use crate::on::locks::future::{operation, waited};
use crate::on::locks::holders::{Holders, Seat};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

/// As many readers as the original takes.
const READERS: u32 = u32::MAX >> 3;

/// `tokio::sync::RwLock`, which shows who holds it and who waits for it. With probes out it *is* that one.
pub struct RwLock<T: ?Sized> {
    pub(super) lock: Lock,
    value: UnsafeCell<T>,
}

/// What of it does not depend on its value.
pub(super) struct Lock {
    watched: Watched,
    readers: Holders,
    /// One for each reader, all of them for a writer.
    permits: Semaphore,
    all: u32,
}

// SAFETY: the value is with one writer at a time, or is only read.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: the value is with one writer at a time; readers on several threads at once read what may be shared.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl Lock {
    pub(super) async fn read(&self, here: &'static Location<'static>) -> Seat {
        let permit = self.permits.acquire();
        let taken = waited(&self.watched, WaitHow::Shared, here, || self.show(), permit).await;
        // It is never closed.
        if let Ok(permit) = taken {
            permit.forget();
        }
        self.reads()
    }

    pub(super) async fn write(&self, here: &'static Location<'static>) {
        let permits = self.permits.acquire_many(self.all);
        let taken = waited(&self.watched, WaitHow::Exclusive, here, || self.show(), permits).await;
        if let Ok(permits) = taken {
            permits.forget();
        }
        self.watched.taken_as(operation());
    }

    pub(super) fn try_read(&self) -> Option<Seat> {
        self.permits.try_acquire().ok()?.forget();
        Some(self.reads())
    }

    pub(super) fn try_write(&self) -> bool {
        let taken = self.permits.try_acquire_many(self.all).map(|permits| permits.forget()).is_ok();
        if taken {
            self.watched.taken_as(operation());
        }
        taken
    }

    fn blocking(&self, how: WaitHow, permits: u32, here: &'static Location<'static>) {
        let waiting = wait::begin(&self.watched, how, Limit::None, here);
        self.show();
        let taken = self.permits.blocking_acquire_many(permits);
        wait::end(waiting, &self.watched, true);
        if let Ok(permits) = taken {
            permits.forget();
        }
    }

    pub(super) fn blocking_read(&self, here: &'static Location<'static>) -> Seat {
        self.try_read().unwrap_or_else(|| {
            self.blocking(WaitHow::Shared, 1, here);
            self.reads()
        })
    }

    pub(super) fn blocking_write(&self, here: &'static Location<'static>) {
        if !self.try_write() {
            self.blocking(WaitHow::Exclusive, self.all, here);
            self.watched.taken_as(operation());
        }
    }

    /// Whoever works on this operation reads it from now on.
    fn reads(&self) -> Seat {
        let seat = self.readers.take(operation());
        self.show();
        seat
    }

    /// One of its readers stands on its record.
    fn show(&self) {
        self.watched.held_by_one_of(|| self.readers.one());
    }

    pub(super) fn read_no_more(&self, seat: Seat) {
        self.readers.leave(seat);
        self.permits.add_permits(1);
        self.show();
    }

    pub(super) fn write_no_more(&self) {
        self.watched.clear();
        self.permits.add_permits(self.all as usize);
        self.watched.cleared();
    }

    /// The writer is one of its readers from now on.
    pub(super) fn read_on(&self) -> Seat {
        let seat = self.reads();
        self.watched.clear();
        self.permits.add_permits(self.all.saturating_sub(1) as usize);
        self.watched.cleared();
        seat
    }
}

impl<T> RwLock<T> {
    /// As `tokio::sync::RwLock::new`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::named("", Location::caller(), value, READERS)
    }

    /// As `tokio::sync::RwLock::with_max_readers`.
    ///
    /// # Panics
    /// As the original, for more readers than there can be.
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> Self {
        Self::named("", Location::caller(), value, max_reads)
    }

    /// As `tokio::sync::RwLock::const_new`.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        Self::named("", Location::caller(), value, READERS)
    }

    /// As `tokio::sync::RwLock::const_with_max_readers`.
    ///
    /// # Panics
    /// As the original, for more readers than there can be.
    #[track_caller]
    pub const fn const_with_max_readers(value: T, max_reads: u32) -> Self {
        Self::named("", Location::caller(), value, max_reads)
    }

    pub(super) const fn named(
        name: &'static str,
        place: &'static Location<'static>,
        value: T,
        all: u32,
    ) -> Self {
        assert!(all <= READERS, "a RwLock may not be created with so many readers");
        let (kind, family) = (LockKind::RwLock, LockFamily::Tokio);
        let watched = Watched::new(kind, family, LOCK_SENT, name, place);
        let permits = Semaphore::const_new(all as usize);
        let lock = Lock { watched, readers: Holders::new(), permits, all };
        Self { lock, value: UnsafeCell::new(value) }
    }

    /// As `tokio::sync::RwLock::into_inner`.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// As `tokio::sync::RwLock::get_mut`.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    pub(super) fn pointer(&self) -> NonNull<T> {
        // SAFETY: what a cell gives is not null.
        unsafe { NonNull::new_unchecked(self.value.get()) }
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}
