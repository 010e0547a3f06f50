//! How an operation ends, and requests to cancel it: the same with probes and without.

use core::fmt;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// As it should.
    Ok,
    /// It failed.
    Error,
    /// It was given up: because somebody asked, or because its future was dropped.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// Somebody asked the operation to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the operation was cancelled from outside")
    }
}

impl core::error::Error for Cancelled {}

#[cfg(feature = "std")]
impl From<Cancelled> for std::io::Error {
    fn from(cancelled: Cancelled) -> Self {
        Self::other(cancelled)
    }
}

/// Whether cancellation of the operation was requested: what [`op_status!`](crate::op_status!) returns. May be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked(bool);

impl From<bool> for Asked {
    #[inline(always)]
    fn from(asked: bool) -> Self {
        Self(asked)
    }
}

impl Asked {
    /// Nobody asked.
    #[doc(hidden)]
    pub const fn no() -> Self {
        Self(false)
    }

    /// Whether it was.
    #[inline]
    pub fn is_cancelled(self) -> bool {
        self.0
    }

    /// The same as an error, to be passed on with `?`.
    ///
    /// # Errors
    /// [`Cancelled`] when it was.
    #[inline]
    pub fn check(self) -> Result<(), Cancelled> {
        if self.0 { Err(Cancelled) } else { Ok(()) }
    }
}
