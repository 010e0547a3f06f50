//! Somebody else who has a lock, until the thread that is stepped through sleeps for it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use nix::unistd::gettid;

/// What the holder does, in [`Holder::state`].
const RESTS: u32 = 0;
const ASKED: u32 = 1;
const HOLDS: u32 = 2;

/// A thread that takes a lock when it is asked to.
#[derive(Debug)]
pub struct Holder {
    state: Arc<AtomicU32>,
}

impl Holder {
    /// Of the lock that `take` takes, beside the calling thread.
    ///
    /// # Panics
    /// Without a thread to be had.
    pub fn start<Guard: 'static>(take: fn() -> Guard) -> Self {
        let state = Arc::new(AtomicU32::new(RESTS));
        let (told, other) = (Arc::clone(&state), gettid());
        let name = thread::Builder::new().name("holder".to_owned());
        let hold = move || loop {
            wait_for(&told, ASKED);
            let guard = take();
            told.store(HOLDS, Ordering::Release);
            while !asleep(other.as_raw()) {
                thread::yield_now();
            }
            drop(guard);
            told.store(RESTS, Ordering::Release);
        };
        name.spawn(hold).expect("a thread");
        Self { state }
    }

    /// The holder has the lock when this returns, and lets go of it when the calling thread sleeps next.
    pub fn hold(&self) {
        wait_for(&self.state, RESTS);
        self.state.store(ASKED, Ordering::Release);
        wait_for(&self.state, HOLDS);
    }
}

/// Without sleep: whoever sleeps here would be taken for one who waits for the lock.
fn wait_for(state: &AtomicU32, wanted: u32) {
    while state.load(Ordering::Acquire) != wanted {
        thread::yield_now();
    }
}

/// Whether the kernel says so of a thread of this process.
fn asleep(tid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{tid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
}
