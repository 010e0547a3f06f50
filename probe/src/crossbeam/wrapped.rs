//! Probes in: the ends of channels, wrapped. What does not wait is the original's, by way of a reference to it.

use core::fmt;
use core::ops::Deref;
use core::panic::Location;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use ::crossbeam_channel as original;
use ::crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

use crate::layout::{LockFamily, WaitHow};
use crate::on::locks::ends::Ends;
use crate::on::locks::wait::{self, Limit, Waiting};

/// `crossbeam_channel::Sender` of a channel that shows who waits at it. With probes out it *is* that one.
pub struct Sender<T> {
    ends: Arc<Ends>,
    inner: original::Sender<T>,
}

/// `crossbeam_channel::Receiver` of a channel that shows who waits at it. With probes out it *is* that one.
pub struct Receiver<T> {
    ends: Arc<Ends>,
    inner: original::Receiver<T>,
}

/// As `crossbeam_channel::bounded`.
#[track_caller]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    wrapped(cap as u64, Location::caller(), original::bounded(cap))
}

/// As `crossbeam_channel::unbounded`.
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    wrapped(0, Location::caller(), original::unbounded())
}

fn wrapped<T>(
    capacity: u64,
    place: &'static Location<'static>,
    (sender, receiver): (original::Sender<T>, original::Receiver<T>),
) -> (Sender<T>, Receiver<T>) {
    let ends = Arc::new(Ends::new(LockFamily::Crossbeam, capacity, place));
    (Sender { ends: ends.clone(), inner: sender }, Receiver { ends, inner: receiver })
}

/// A thread that waits for any of several channels, until this is ended or dropped.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "no program names it")]
pub struct Selecting(core::cell::Cell<Option<Waiting>>);

impl Selecting {
    pub fn end(&self) {
        if let Some(waiting) = self.0.take() {
            wait::joined(waiting);
        }
    }
}

#[doc(hidden)]
#[track_caller]
pub fn selecting() -> Selecting {
    Selecting(core::cell::Cell::new(Some(wait::begin_to_select(Location::caller()))))
}

impl<T> Sender<T> {
    /// As `crossbeam_channel::Sender::try_send`.
    ///
    /// # Errors
    /// It is full, or all receivers are gone.
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        self.ends.sends();
        self.inner.try_send(msg)
    }

    /// As `crossbeam_channel::Sender::send`.
    ///
    /// # Errors
    /// All receivers are gone.
    #[track_caller]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        match self.try_send(msg) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(msg)) => Err(SendError(msg)),
            Err(TrySendError::Full(msg)) => {
                let waiting = self.ends.begin(WaitHow::Send, Limit::None, Location::caller());
                let sent = self.inner.send(msg);
                self.ends.end(waiting);
                sent
            }
        }
    }

    /// As `crossbeam_channel::Sender::send_timeout`.
    ///
    /// # Errors
    /// It is full for so long, or all receivers are gone.
    #[track_caller]
    pub fn send_timeout(&self, msg: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.within(msg, |inner, msg| inner.send_timeout(msg, timeout))
    }

    /// As `crossbeam_channel::Sender::send_deadline`.
    ///
    /// # Errors
    /// It is full until then, or all receivers are gone.
    #[track_caller]
    pub fn send_deadline(&self, msg: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.within(msg, |inner, msg| inner.send_deadline(msg, deadline))
    }

    /// Sends, or waits for a while if there is no room.
    #[track_caller]
    fn within(
        &self,
        msg: T,
        send: impl FnOnce(&original::Sender<T>, T) -> Result<(), SendTimeoutError<T>>,
    ) -> Result<(), SendTimeoutError<T>> {
        match self.try_send(msg) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(msg)) => Err(SendTimeoutError::Disconnected(msg)),
            Err(TrySendError::Full(msg)) => {
                let waiting = self.ends.begin(WaitHow::Send, Limit::Time, Location::caller());
                let sent = send(&self.inner, msg);
                self.ends.end(waiting);
                sent
            }
        }
    }
}

impl<T> Receiver<T> {
    /// As `crossbeam_channel::Receiver::try_recv`.
    ///
    /// # Errors
    /// It is empty, or all senders are gone.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.ends.receives();
        self.inner.try_recv()
    }

    /// As `crossbeam_channel::Receiver::recv`.
    ///
    /// # Errors
    /// It is empty, and all senders are gone.
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

    /// As `crossbeam_channel::Receiver::recv_timeout`.
    ///
    /// # Errors
    /// It is empty for so long, or all senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.within(|inner| inner.recv_timeout(timeout))
    }

    /// As `crossbeam_channel::Receiver::recv_deadline`.
    ///
    /// # Errors
    /// It is empty until then, or all senders are gone.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.within(|inner| inner.recv_deadline(deadline))
    }

    /// Receives, or waits for a while if there is nothing.
    #[track_caller]
    fn within(
        &self,
        receive: impl FnOnce(&original::Receiver<T>) -> Result<T, RecvTimeoutError>,
    ) -> Result<T, RecvTimeoutError> {
        match self.try_recv() {
            Ok(item) => Ok(item),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {
                let waiting = self.ends.begin(WaitHow::Receive, Limit::Time, Location::caller());
                let item = receive(&self.inner);
                self.ends.end(waiting);
                item
            }
        }
    }

    /// As `crossbeam_channel::Receiver::iter`.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// As `crossbeam_channel::Receiver::try_iter`.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

/// As `crossbeam_channel::Iter`.
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// As `crossbeam_channel::TryIter`.
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// As `crossbeam_channel::IntoIter`.
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
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
        IntoIter { receiver: self }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.ends.has_many_senders();
        Self { ends: self.ends.clone(), inner: self.inner.clone() }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.ends.has_many_receivers();
        Self { ends: self.ends.clone(), inner: self.inner.clone() }
    }
}

macro_rules! ends {
    ($($end:ident),*) => {$(
        impl<T> Deref for $end<T> {
            type Target = original::$end<T>;

            fn deref(&self) -> &Self::Target {
                &self.inner
            }
        }

        impl<T> fmt::Debug for $end<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl<T> std::panic::UnwindSafe for $end<T> {}
        impl<T> std::panic::RefUnwindSafe for $end<T> {}
    )*};
}

ends!(Sender, Receiver);
