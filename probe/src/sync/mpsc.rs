//! `std::sync::mpsc`, watched: channels that show who waits at them, and for whom.

use core::fmt;
use core::panic::Location;
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

use crate::layout::{LockFamily, WaitHow};
use crate::on::locks::ends::Ends;
use crate::on::locks::wait::Limit;

/// [`std::sync::mpsc::Sender`] of a channel that shows who waits at it. With probes out it *is* that one.
pub struct Sender<T> {
    ends: Arc<Ends>,
    inner: std_mpsc::Sender<T>,
}

/// [`std::sync::mpsc::SyncSender`] of a channel that shows who waits at it. With probes out it *is* that one.
pub struct SyncSender<T> {
    ends: Arc<Ends>,
    inner: std_mpsc::SyncSender<T>,
}

/// [`std::sync::mpsc::Receiver`] of a channel that shows who waits at it. With probes out it *is* that one.
pub struct Receiver<T> {
    ends: Arc<Ends>,
    inner: std_mpsc::Receiver<T>,
}

/// As [`std::sync::mpsc::channel`].
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let ends = Arc::new(Ends::new(LockFamily::Std, 0, Location::caller()));
    let (sender, receiver) = std_mpsc::channel();
    (Sender { ends: ends.clone(), inner: sender }, Receiver { ends, inner: receiver })
}

/// As [`std::sync::mpsc::sync_channel`].
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let ends = Arc::new(Ends::new(LockFamily::Std, bound as u64, Location::caller()));
    let (sender, receiver) = std_mpsc::sync_channel(bound);
    (SyncSender { ends: ends.clone(), inner: sender }, Receiver { ends, inner: receiver })
}

impl<T> Sender<T> {
    /// As [`std::sync::mpsc::Sender::send`].
    ///
    /// # Errors
    /// The receiver is gone.
    #[inline]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.ends.sends();
        self.inner.send(t)
    }
}

impl<T> SyncSender<T> {
    /// As [`std::sync::mpsc::SyncSender::send`].
    ///
    /// # Errors
    /// The receiver is gone.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.ends.sends();
        match self.inner.try_send(t) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(t)) => Err(SendError(t)),
            Err(TrySendError::Full(t)) => {
                let waiting = self.ends.begin(WaitHow::Send, Limit::None, Location::caller());
                let sent = self.inner.send(t);
                self.ends.end(waiting);
                sent
            }
        }
    }

    /// As [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    /// It is full, or the receiver is gone.
    #[inline]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        self.ends.sends();
        self.inner.try_send(t)
    }
}

impl<T> Receiver<T> {
    /// As [`std::sync::mpsc::Receiver::try_recv`].
    ///
    /// # Errors
    /// It is empty, or every sender is gone.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.ends.receives();
        self.inner.try_recv()
    }

    /// As [`std::sync::mpsc::Receiver::recv`].
    ///
    /// # Errors
    /// It is empty, and every sender is gone.
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(item) => Ok(item),
            Err(TryRecvError::Disconnected) => Err(RecvError),
            Err(TryRecvError::Empty) => {
                let waiting = self.ends.begin(WaitHow::Receive, Limit::None, Location::caller());
                let item = self.inner.recv();
                self.ends.end(waiting);
                item
            }
        }
    }

    /// As [`std::sync::mpsc::Receiver::recv_timeout`].
    ///
    /// # Errors
    /// It is empty for so long, or every sender is gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match self.try_recv() {
            Ok(item) => Ok(item),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {
                let waiting = self.ends.begin(WaitHow::Receive, Limit::Time, Location::caller());
                let item = self.inner.recv_timeout(timeout);
                self.ends.end(waiting);
                item
            }
        }
    }

    /// As [`std::sync::mpsc::Receiver::iter`].
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rx: self }
    }

    /// As [`std::sync::mpsc::Receiver::try_iter`].
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { rx: self }
    }
}

/// As [`std::sync::mpsc::Iter`].
#[derive(Debug)]
pub struct Iter<'a, T: 'a> {
    rx: &'a Receiver<T>,
}

/// As [`std::sync::mpsc::TryIter`].
#[derive(Debug)]
pub struct TryIter<'a, T: 'a> {
    rx: &'a Receiver<T>,
}

/// As [`std::sync::mpsc::IntoIter`].
#[derive(Debug)]
pub struct IntoIter<T> {
    rx: Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.rx.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { rx: self }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.ends.has_many_senders();
        Self { ends: self.ends.clone(), inner: self.inner.clone() }
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        self.ends.has_many_senders();
        Self { ends: self.ends.clone(), inner: self.inner.clone() }
    }
}

macro_rules! shown {
    ($($end:ident),*) => {$(
        impl<T> fmt::Debug for $end<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    )*};
}

shown!(Sender, SyncSender, Receiver);
