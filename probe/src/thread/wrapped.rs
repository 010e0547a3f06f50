//! Probes in: who joins a thread waits for it, and says so.
#![expect(unsafe_code, reason = "std's `spawn_unchecked` is unsafe to call")]

use core::panic::Location;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;
use std::os::unix::thread::{JoinHandleExt, RawPthread};
use std::sync::Arc;
use std::time::Duration;

use crate::layout::PARTY_UNKNOWN;
use crate::on::ground::threads;
use crate::on::locks::wait;

/// How often a join looks whether its thread has begun: at once, and then with a pause between.
const YIELDS: u32 = 200;
const PAUSES: u32 = 100;
const PAUSE: Duration = Duration::from_micros(50);

/// [`std::thread::JoinHandle`] of a thread that shows who waits for its end. With probes out it *is* that one.
#[derive(Debug)]
pub struct JoinHandle<T> {
    inner: std::thread::JoinHandle<T>,
    /// The thread as its probes know it; 0 before it ran, [`PARTY_UNKNOWN`] where it has no slot.
    party: Arc<AtomicU64>,
}

/// [`std::thread::Builder`] of such threads. With probes out it *is* that one.
#[derive(Debug)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder(std::thread::Builder);

/// As [`std::thread::spawn`].
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T,
    F: Send + 'static,
    T: Send + 'static,
{
    let (party, body) = noted(f);
    JoinHandle { inner: std::thread::spawn(body), party }
}

/// Where the thread will stand, and what it runs.
fn noted<F, T>(f: F) -> (Arc<AtomicU64>, impl FnOnce() -> T + Send)
where
    F: FnOnce() -> T + Send,
{
    let party = Arc::new(AtomicU64::new(0));
    let mine = party.clone();
    let body = move || {
        let party = wait::this_thread();
        mine.store(if party == 0 { PARTY_UNKNOWN } else { party }, Ordering::Relaxed);
        f()
    };
    (party, body)
}

#[expect(clippy::new_without_default, reason = "std's has none")]
impl Builder {
    /// As [`std::thread::Builder::new`].
    pub fn new() -> Self {
        Self(std::thread::Builder::new())
    }

    /// As [`std::thread::Builder::name`].
    pub fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// As [`std::thread::Builder::stack_size`].
    pub fn stack_size(self, size: usize) -> Self {
        Self(self.0.stack_size(size))
    }

    /// As [`std::thread::Builder::spawn`].
    ///
    /// # Errors
    /// The system makes no more threads.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send + 'static,
    {
        let (party, body) = noted(f);
        Ok(JoinHandle { inner: self.0.spawn(body)?, party })
    }

    /// As [`std::thread::Builder::spawn_unchecked`].
    ///
    /// # Errors
    /// The system makes no more threads.
    ///
    /// # Safety
    /// As std's: the thread has to end, or be joined, while what `f` and its result refer to is there.
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send,
        T: Send,
    {
        let (party, body) = noted(f);
        // SAFETY: the caller promises it of `f`, and what runs beside it is the thread's own.
        let inner = unsafe { self.0.spawn_unchecked(body) }?;
        Ok(JoinHandle { inner, party })
    }

    /// As [`std::thread::Builder::spawn_scoped`]: std's own.
    ///
    /// # Errors
    /// The system makes no more threads.
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope std::thread::Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<std::thread::ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.0.spawn_scoped(scope, f)
    }
}

impl<T> JoinHandle<T> {
    /// As [`std::thread::JoinHandle::thread`].
    #[must_use]
    pub fn thread(&self) -> &std::thread::Thread {
        self.inner.thread()
    }

    /// As [`std::thread::JoinHandle::join`].
    ///
    /// # Errors
    /// The thread panicked.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        if self.inner.is_finished() {
            return self.inner.join();
        }
        let party = self.started();
        let waiting = wait::begin_to_join(party, Location::caller());
        let result = self.inner.join();
        wait::joined(waiting);
        result
    }

    /// The thread as its probes know it, once it runs: before that nobody can say who is waited for. A join waits for its
    /// beginning in any case; here not for longer than some milliseconds.
    fn started(&self) -> u64 {
        for look in 0..YIELDS + PAUSES {
            let party = self.party.load(Ordering::Relaxed);
            if party != 0 || self.inner.is_finished() {
                return party;
            }
            if look < YIELDS {
                std::thread::yield_now();
            } else {
                threads::pause(PAUSE);
            }
        }
        0
    }

    /// As [`std::thread::JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> JoinHandleExt for JoinHandle<T> {
    fn as_pthread_t(&self) -> RawPthread {
        self.inner.as_pthread_t()
    }

    fn into_pthread_t(self) -> RawPthread {
        self.inner.into_pthread_t()
    }
}
