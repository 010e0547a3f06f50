//! A sampler on a thread of its own, for as long as somebody wants it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Boards, sites, stacks and threads that one sampler learns before another one begins from nothing: a daemon that makes
/// threads for months fills no memory of who looks at it.
const MAX_LEARNT: usize = 200_000;

/// How much a sink has learnt.
#[derive(Debug, Default)]
pub(crate) struct Learnt(usize);

impl Learnt {
    /// One more.
    ///
    /// # Errors
    /// It is too much: the sampler ends, and begins again.
    pub(crate) fn more(&mut self) -> io::Result<()> {
        self.0 += 1;
        if self.0 > MAX_LEARNT {
            return Err(io::Error::other("learnt too much"));
        }
        Ok(())
    }
}

/// A thread that samples. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Background {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Runs `sample` until it returns or is to stop, which it looks at; again when its sink has learnt too much.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start(
        mut sample: impl FnMut(&AtomicBool) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("sampler".to_owned())
            .spawn(move || while sample(&theirs).is_err() && !theirs.load(Ordering::Relaxed) {})?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Whether its thread panicked: the screen says so.
    #[cfg(feature = "top")]
    pub(crate) fn broke(&mut self) -> bool {
        let done = self.thread.take_if(|thread| thread.is_finished());
        done.is_some_and(|thread| thread.join().is_err())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its panic is reported elsewhere.
            let _ = thread.join();
        }
    }
}
