//! `tokio::sync::Semaphore`, watched: the original, and who has permits of it.

use core::fmt;
use core::panic::Location;
use std::future::Future;
use std::sync::Arc;

use ::tokio::sync as original;
use ::tokio::sync::{AcquireError, TryAcquireError};

use crate::layout::{LOCK_SENT, LockFamily, LockKind, WaitHow};
use crate::on::locks::future::{operation, waited};
use crate::on::locks::holders::{Holders, Seat};
use crate::on::locks::wait::{self, Limit};
use crate::on::locks::watched::Watched;

/// `tokio::sync::Semaphore`, which shows one who has permits and who waits for some. With probes out it *is* that one.
pub struct Semaphore {
    watched: Watched,
    holders: Holders,
    inner: original::Semaphore,
    /// Permits that it was made with.
    permits: usize,
}

/// `tokio::sync::SemaphorePermit` of a semaphore that shows who has permits.
#[must_use]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
    seat: Seat,
}

/// `tokio::sync::OwnedSemaphorePermit` of a semaphore that shows who has permits.
#[must_use]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
    seat: Seat,
}

/// What permits of a call are: their number, and where their holder stands.
type Taken = (usize, Seat);

impl Semaphore {
    /// As `tokio::sync::Semaphore::MAX_PERMITS`.
    pub const MAX_PERMITS: usize = original::Semaphore::MAX_PERMITS;

    /// As `tokio::sync::Semaphore::new`.
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self::named("", Location::caller(), permits)
    }

    /// As `tokio::sync::Semaphore::const_new`.
    #[track_caller]
    pub const fn const_new(permits: usize) -> Self {
        Self::named("", Location::caller(), permits)
    }

    pub(super) const fn named(
        name: &'static str,
        place: &'static Location<'static>,
        permits: usize,
    ) -> Self {
        let (kind, family) = (LockKind::Semaphore, LockFamily::Tokio);
        let watched = Watched::new(kind, family, LOCK_SENT, name, place);
        let inner = original::Semaphore::const_new(permits);
        Self { watched, holders: Holders::new(), inner, permits }
    }

    /// As `tokio::sync::Semaphore::available_permits`.
    pub fn available_permits(&self) -> usize {
        self.inner.available_permits()
    }

    /// As `tokio::sync::Semaphore::add_permits`.
    pub fn add_permits(&self, n: usize) {
        self.inner.add_permits(n);
    }

    /// As `tokio::sync::Semaphore::forget_permits`.
    pub fn forget_permits(&self, n: usize) -> usize {
        self.inner.forget_permits(n)
    }

    /// As `tokio::sync::Semaphore::close`.
    pub fn close(&self) {
        self.inner.close();
    }

    /// As `tokio::sync::Semaphore::is_closed`.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    async fn take(&self, n: u32, here: &'static Location<'static>) -> Result<Taken, AcquireError> {
        let permits = self.inner.acquire_many(n);
        let permit =
            waited(&self.watched, WaitHow::Shared, here, || self.entered(), permits).await?;
        permit.forget();
        Ok((n as usize, self.seat()))
    }

    fn try_take(&self, n: u32) -> Result<Taken, TryAcquireError> {
        self.inner.try_acquire_many(n)?.forget();
        Ok((n as usize, self.seat()))
    }

    fn take_blocking(
        &self,
        n: u32,
        here: &'static Location<'static>,
    ) -> Result<Taken, AcquireError> {
        if let Ok(taken) = self.try_take(n) {
            return Ok(taken);
        }
        let waiting = wait::begin(&self.watched, WaitHow::Shared, Limit::None, here);
        self.entered();
        let permits = self.inner.blocking_acquire_many(n);
        wait::end(waiting, &self.watched, permits.is_ok());
        permits?.forget();
        Ok((n as usize, self.seat()))
    }

    /// Somebody began to wait.
    fn entered(&self) {
        self.watched.says_capacity(self.permits as u64);
        self.show();
    }

    fn show(&self) {
        self.watched.held_by_one_of(|| self.holders.one());
    }

    /// Whoever works on this operation has permits from now on.
    fn seat(&self) -> Seat {
        let seat = self.holders.take(operation());
        self.show();
        seat
    }

    fn give_back(&self, permits: usize, seat: Seat) {
        self.holders.leave(seat);
        self.inner.add_permits(permits);
        self.show();
    }

    fn permit(&self, (permits, seat): Taken) -> SemaphorePermit<'_> {
        SemaphorePermit { semaphore: self, permits, seat }
    }

    fn owned(self: Arc<Self>, (permits, seat): Taken) -> OwnedSemaphorePermit {
        OwnedSemaphorePermit { semaphore: self, permits, seat }
    }

    /// As `tokio::sync::Semaphore::acquire`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> + '_ {
        self.acquire_many(1)
    }

    /// As `tokio::sync::Semaphore::acquire_many`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn acquire_many(
        &self,
        n: u32,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> + '_ {
        let here = Location::caller();
        async move { self.take(n, here).await.map(|taken| self.permit(taken)) }
    }

    /// As `tokio::sync::Semaphore::try_acquire`.
    ///
    /// # Errors
    /// There is none, or it was closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// As `tokio::sync::Semaphore::try_acquire_many`.
    ///
    /// # Errors
    /// There are less, or it was closed.
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_take(n).map(|taken| self.permit(taken))
    }

    /// As `tokio::sync::Semaphore::blocking_acquire`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.blocking_acquire_many(1)
    }

    /// As `tokio::sync::Semaphore::blocking_acquire_many`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.take_blocking(n, Location::caller()).map(|taken| self.permit(taken))
    }

    /// As `tokio::sync::Semaphore::acquire_owned`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_many_owned(1)
    }

    /// As `tokio::sync::Semaphore::acquire_many_owned`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        let here = Location::caller();
        async move {
            let taken = self.take(n, here).await?;
            Ok(self.owned(taken))
        }
    }

    /// As `tokio::sync::Semaphore::try_acquire_owned`.
    ///
    /// # Errors
    /// There is none, or it was closed.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As `tokio::sync::Semaphore::try_acquire_many_owned`.
    ///
    /// # Errors
    /// There are less, or it was closed.
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let taken = self.try_take(n)?;
        Ok(self.owned(taken))
    }

    /// As `tokio::sync::Semaphore::blocking_acquire_owned`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.blocking_acquire_many_owned(1)
    }

    /// As `tokio::sync::Semaphore::blocking_acquire_many_owned`.
    ///
    /// # Errors
    /// It was closed.
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let taken = self.take_blocking(n, Location::caller())?;
        Ok(self.owned(taken))
    }
}

impl<'a> SemaphorePermit<'a> {
    /// As `tokio::sync::SemaphorePermit::forget`.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// As `tokio::sync::SemaphorePermit::merge`.
    ///
    /// # Panics
    /// As the original, for permits of two semaphores.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let one = core::ptr::eq(self.semaphore, other.semaphore);
        assert!(one, "merging permits from different semaphore instances");
        self.permits += core::mem::take(&mut other.permits);
    }

    /// As `tokio::sync::SemaphorePermit::split`.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(self.semaphore.permit((n, self.semaphore.seat())))
    }

    /// As `tokio::sync::SemaphorePermit::semaphore`.
    pub fn semaphore(&self) -> &'a Semaphore {
        self.semaphore
    }

    /// As `tokio::sync::SemaphorePermit::num_permits`.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl OwnedSemaphorePermit {
    /// As `tokio::sync::OwnedSemaphorePermit::forget`.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// As `tokio::sync::OwnedSemaphorePermit::merge`.
    ///
    /// # Panics
    /// As the original, for permits of two semaphores.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let one = Arc::ptr_eq(&self.semaphore, &other.semaphore);
        assert!(one, "merging permits from different semaphore instances");
        self.permits += core::mem::take(&mut other.permits);
    }

    /// As `tokio::sync::OwnedSemaphorePermit::split`.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(self.semaphore.clone().owned((n, self.semaphore.seat())))
    }

    /// As `tokio::sync::OwnedSemaphorePermit::semaphore`.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// As `tokio::sync::OwnedSemaphorePermit::num_permits`.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.give_back(self.permits, self.seat);
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.give_back(self.permits, self.seat);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
