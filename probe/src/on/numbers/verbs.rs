//! What macros do to numbers, whichever they are.

use core::fmt;

use crate::on::ground::forks;

/// What [`count!`](crate::count) counts on.
#[doc(hidden)]
pub trait Count {
    /// Adds `n`.
    fn add(&self, n: u64);
}

/// What [`set!`](crate::set) and [`adjust!`](crate::adjust) work on.
#[doc(hidden)]
pub trait Level {
    /// Sets the level.
    fn set(&self, level: i64);
    /// Moves the level.
    fn adjust(&self, by: i64);
}

/// What [`record!`](crate::record) works on.
#[doc(hidden)]
pub trait Sample {
    /// Adds one value.
    fn record(&self, value: u64);
}

/// What [`beat!`](crate::beat) works on.
#[doc(hidden)]
pub trait Beat {
    /// The job ran.
    fn beat(&self);
}

/// What [`progress!`](crate::progress) works on.
#[doc(hidden)]
pub trait Advance {
    /// `done` of `total`.
    fn advance(&self, done: u64, total: u64);
}

impl<T: Count + ?Sized> Count for &T {
    #[inline(always)]
    fn add(&self, n: u64) {
        (**self).add(n);
    }
}

impl<T: Level + ?Sized> Level for &T {
    #[inline(always)]
    fn set(&self, level: i64) {
        (**self).set(level);
    }
    #[inline(always)]
    fn adjust(&self, by: i64) {
        (**self).adjust(by);
    }
}

/// Guard of [`hold!`](crate::hold): a gauge is higher until this is dropped, also by a panic. May go to another thread.
#[must_use = "the gauge is what it was when this is dropped"]
pub struct Held<'a, L: Level> {
    gauge: &'a L,
    by: i64,
    /// In a process that was forked so often.
    forks: u32,
}

/// The gauge is higher by so much for a while.
#[inline]
pub fn hold<L: Level>(gauge: &L, by: i64) -> Held<'_, L> {
    gauge.adjust(by);
    Held { gauge, by, forks: forks::so_far() }
}

impl<L: Level> fmt::Debug for Held<'_, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").field("by", &self.by).finish_non_exhaustive()
    }
}

impl<L: Level> Drop for Held<'_, L> {
    #[inline]
    fn drop(&mut self) {
        // A forked child's gauge was never higher for it.
        if self.forks == forks::so_far() {
            self.gauge.adjust(self.by.wrapping_neg());
        }
    }
}
