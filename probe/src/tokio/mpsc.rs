//! `tokio::sync::mpsc`, watched: channels that show who waits at them, and for whom. What does not wait for room or for
//! items is the original's, by way of a reference to it; so are `closed`, which waits for an end that nobody owes, and
//! `send_timeout`, which is there only with `tokio`'s clock: a wait in those two is not shown.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::sync::mpsc as original;

pub use ::tokio::sync::mpsc::*;

use error::{SendError, TryRecvError, TrySendError};

use crate::layout::{LockFamily, WaitHow};
use crate::on::locks::ends::Ends;
use crate::on::locks::future::operation;
use crate::on::locks::wait::Limit;

/// `tokio::sync::mpsc::Sender` of a channel that shows who waits at it. With probes out it *is* that one.
pub struct Sender<T> {
    ends: Arc<Ends>,
    inner: original::Sender<T>,
}

/// `tokio::sync::mpsc::UnboundedSender` of a channel that shows who waits at it. With probes out it *is* that one.
pub struct UnboundedSender<T> {
    ends: Arc<Ends>,
    inner: original::UnboundedSender<T>,
}

/// `tokio::sync::mpsc::Receiver` of a channel that shows who waits at it. With probes out it *is* that one.
pub struct Receiver<T> {
    ends: Arc<Ends>,
    inner: original::Receiver<T>,
}

/// `tokio::sync::mpsc::UnboundedReceiver` of a channel that shows who waits at it. With probes out it *is* that one.
pub struct UnboundedReceiver<T> {
    ends: Arc<Ends>,
    inner: original::UnboundedReceiver<T>,
}

/// `tokio::sync::mpsc::WeakSender` of a channel that shows who waits at it.
pub struct WeakSender<T> {
    ends: Arc<Ends>,
    inner: original::WeakSender<T>,
}

/// `tokio::sync::mpsc::WeakUnboundedSender` of a channel that shows who waits at it.
pub struct WeakUnboundedSender<T> {
    ends: Arc<Ends>,
    inner: original::WeakUnboundedSender<T>,
}

/// `tokio::sync::mpsc::OwnedPermit` of a channel that shows who waits at it.
pub struct OwnedPermit<T> {
    ends: Arc<Ends>,
    inner: original::OwnedPermit<T>,
}

/// As `tokio::sync::mpsc::channel`.
///
/// # Panics
/// As the original, without room for anything.
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = original::channel(buffer);
    let ends = Arc::new(Ends::new(LockFamily::Tokio, buffer as u64, Location::caller()));
    (Sender { ends: ends.clone(), inner: sender }, Receiver { ends, inner: receiver })
}

/// As `tokio::sync::mpsc::unbounded_channel`.
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = original::unbounded_channel();
    let ends = Arc::new(Ends::new(LockFamily::Tokio, 0, Location::caller()));
    (
        UnboundedSender { ends: ends.clone(), inner: sender },
        UnboundedReceiver { ends, inner: receiver },
    )
}

impl<T> Sender<T> {
    /// Waits for room by way of `future`.
    async fn room<F: Future>(&self, here: &'static Location<'static>, future: F) -> F::Output {
        self.ends.sends_as(operation());
        self.ends.waited(WaitHow::Send, here, future).await
    }

    /// As `tokio::sync::mpsc::Sender::send`.
    ///
    /// # Errors
    /// The receiver is gone.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> + '_ {
        let here = Location::caller();
        async move { self.room(here, self.inner.send(value)).await }
    }

    /// As `tokio::sync::mpsc::Sender::try_send`.
    ///
    /// # Errors
    /// It is full, or the receiver is gone.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.ends.sends_as(operation());
        self.inner.try_send(message)
    }

    /// As `tokio::sync::mpsc::Sender::blocking_send`.
    ///
    /// # Errors
    /// The receiver is gone.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        self.ends.sends();
        match self.inner.try_send(value) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(value)) => Err(SendError(value)),
            Err(TrySendError::Full(value)) => {
                let waiting = self.ends.begin(WaitHow::Send, Limit::None, Location::caller());
                let sent = self.inner.blocking_send(value);
                self.ends.end(waiting);
                sent
            }
        }
    }

    /// As `tokio::sync::mpsc::Sender::reserve`.
    ///
    /// # Errors
    /// The receiver is gone.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        let here = Location::caller();
        async move { self.room(here, self.inner.reserve()).await }
    }

    /// As `tokio::sync::mpsc::Sender::reserve_many`.
    ///
    /// # Errors
    /// The receiver is gone.
    #[track_caller]
    pub fn reserve_many(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<PermitIterator<'_, T>, SendError<()>>> {
        let here = Location::caller();
        async move { self.room(here, self.inner.reserve_many(n)).await }
    }

    /// As `tokio::sync::mpsc::Sender::reserve_owned`.
    ///
    /// # Errors
    /// The receiver is gone.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        let here = Location::caller();
        async move {
            let Self { ends, inner } = self;
            ends.sends_as(operation());
            let inner = ends.waited(WaitHow::Send, here, inner.reserve_owned()).await?;
            Ok(OwnedPermit { ends, inner })
        }
    }

    /// As `tokio::sync::mpsc::Sender::try_reserve_owned`.
    ///
    /// # Errors
    /// It is full, or the receiver is gone.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        let Self { ends, inner } = self;
        ends.sends_as(operation());
        match inner.try_reserve_owned() {
            Ok(inner) => Ok(OwnedPermit { ends, inner }),
            Err(TrySendError::Full(inner)) => Err(TrySendError::Full(Self { ends, inner })),
            Err(TrySendError::Closed(inner)) => Err(TrySendError::Closed(Self { ends, inner })),
        }
    }

    /// As `tokio::sync::mpsc::Sender::downgrade`.
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { ends: self.ends.clone(), inner: self.inner.downgrade() }
    }
}

impl<T> UnboundedSender<T> {
    /// As `tokio::sync::mpsc::UnboundedSender::send`.
    ///
    /// # Errors
    /// The receiver is gone.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.ends.sends_as(operation());
        self.inner.send(message)
    }

    /// As `tokio::sync::mpsc::UnboundedSender::downgrade`.
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { ends: self.ends.clone(), inner: self.inner.downgrade() }
    }
}

impl<T> WeakSender<T> {
    /// As `tokio::sync::mpsc::WeakSender::upgrade`.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let inner = self.inner.upgrade()?;
        self.ends.has_many_senders();
        Some(Sender { ends: self.ends.clone(), inner })
    }
}

impl<T> WeakUnboundedSender<T> {
    /// As `tokio::sync::mpsc::WeakUnboundedSender::upgrade`.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        let inner = self.inner.upgrade()?;
        self.ends.has_many_senders();
        Some(UnboundedSender { ends: self.ends.clone(), inner })
    }
}

impl<T> OwnedPermit<T> {
    /// As `tokio::sync::mpsc::OwnedPermit::send`.
    pub fn send(self, value: T) -> Sender<T> {
        Sender { ends: self.ends, inner: self.inner.send(value) }
    }

    /// As `tokio::sync::mpsc::OwnedPermit::release`.
    pub fn release(self) -> Sender<T> {
        Sender { ends: self.ends, inner: self.inner.release() }
    }

    /// As `tokio::sync::mpsc::OwnedPermit::same_channel`.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As `tokio::sync::mpsc::OwnedPermit::same_channel_as_sender`.
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.inner.same_channel_as_sender(&sender.inner)
    }
}

macro_rules! receives {
    ($($receiver:ident),*) => {$(
        impl<T> $receiver<T> {
            /// As the original's `recv`.
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> + '_ {
                let here = Location::caller();
                async move {
                    let Self { ends, inner } = self;
                    ends.receives_as(operation());
                    ends.waited(WaitHow::Receive, here, inner.recv()).await
                }
            }

            /// As the original's `recv_many`.
            #[track_caller]
            pub fn recv_many<'a>(
                &'a mut self,
                buffer: &'a mut Vec<T>,
                limit: usize,
            ) -> impl Future<Output = usize> + 'a {
                let here = Location::caller();
                async move {
                    let Self { ends, inner } = self;
                    ends.receives_as(operation());
                    ends.waited(WaitHow::Receive, here, inner.recv_many(buffer, limit)).await
                }
            }

            /// As the original's `try_recv`.
            ///
            /// # Errors
            /// It is empty, or all senders are gone.
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                self.ends.receives_as(operation());
                self.inner.try_recv()
            }

            /// As the original's `blocking_recv`.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                self.ends.receives();
                match self.inner.try_recv() {
                    Ok(item) => return Some(item),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => {}
                }
                let waiting = self.ends.begin(WaitHow::Receive, Limit::None, Location::caller());
                let item = self.inner.blocking_recv();
                self.ends.end(waiting);
                item
            }

            /// As the original's `blocking_recv_many`.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                self.ends.receives();
                if limit == 0 || !self.inner.is_empty() {
                    return self.inner.blocking_recv_many(buffer, limit);
                }
                let waiting = self.ends.begin(WaitHow::Receive, Limit::None, Location::caller());
                let items = self.inner.blocking_recv_many(buffer, limit);
                self.ends.end(waiting);
                items
            }

            /// As the original's `poll_recv`.
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                self.ends.receives_as(operation());
                self.inner.poll_recv(cx)
            }

            /// As the original's `poll_recv_many`.
            pub fn poll_recv_many(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                self.ends.receives_as(operation());
                self.inner.poll_recv_many(cx, buffer, limit)
            }
        }

        impl<T> DerefMut for $receiver<T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.inner
            }
        }
    )*};
}

receives!(Receiver, UnboundedReceiver);

macro_rules! cloned {
    ($($end:ident),*) => {$(
        impl<T> Clone for $end<T> {
            fn clone(&self) -> Self {
                self.ends.has_many_senders();
                Self { ends: self.ends.clone(), inner: self.inner.clone() }
            }
        }
    )*};
}

cloned!(Sender, UnboundedSender, WeakSender, WeakUnboundedSender);

macro_rules! ends {
    ($($end:ident),*) => {$(
        impl<T> Deref for $end<T> {
            type Target = original::$end<T>;

            fn deref(&self) -> &Self::Target {
                &self.inner
            }
        }
    )*};
}

ends!(Sender, UnboundedSender, Receiver, UnboundedReceiver, WeakSender, WeakUnboundedSender);

macro_rules! shown {
    ($($end:ident),*) => {$(
        impl<T> fmt::Debug for $end<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    )*};
}

shown!(
    Sender,
    UnboundedSender,
    Receiver,
    UnboundedReceiver,
    WeakSender,
    WeakUnboundedSender,
    OwnedPermit
);
