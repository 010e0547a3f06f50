//! The daemon's threads: started by name, waited for with a deadline.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::failure::Failure;

/// Threads that run.
pub(crate) struct Threads {
    running: Vec<String>,
    panicked: bool,
    ends: Receiver<End>,
    end: Sender<End>,
}

struct End {
    name: String,
    panicked: bool,
}

impl Threads {
    pub(crate) fn new() -> Self {
        let (end, ends) = mpsc::channel();
        Self {
            running: Vec::new(),
            panicked: false,
            ends,
            end,
        }
    }

    /// Starts a thread. When it panics, the process gets a SIGTERM: the daemon then ends as if asked to,
    /// writes what it can, and fails.
    ///
    /// # Errors
    /// Out of threads or memory.
    pub(crate) fn start(
        &mut self,
        name: String,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), Failure> {
        let farewell = Farewell {
            name: name.clone(),
            end: self.end.clone(),
        };
        std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || {
                let _farewell = farewell;
                run();
            })
            .map_err(|error| {
                Failure::new(
                    format!("cannot start thread {name}: {error}"),
                    "raise `ulimit -u`",
                )
            })?;
        self.running.push(name);
        Ok(())
    }

    /// Waits until only that thread runs. Returns whether that came true.
    pub(crate) fn wait_for_all_but(&mut self, name: &str, deadline: Instant) -> bool {
        loop {
            self.look();
            if self.running.iter().all(|running| running == name) {
                return true;
            }
            match self
                .ends
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(end) => self.note(&end),
                Err(_) => return false,
            }
        }
    }

    /// Waits until none runs. Returns whether that came true.
    pub(crate) fn wait_for_all(&mut self, deadline: Instant) -> bool {
        self.wait_for_all_but("", deadline)
    }

    /// Whether one panicked.
    pub(crate) fn has_panicked(&mut self) -> bool {
        self.look();
        self.panicked
    }

    fn look(&mut self) {
        while let Ok(end) = self.ends.try_recv() {
            self.note(&end);
        }
    }

    fn note(&mut self, end: &End) {
        self.panicked |= end.panicked;
        self.running.retain(|name| *name != end.name);
    }
}

/// Says that its thread is over, also when it panics.
struct Farewell {
    name: String,
    end: Sender<End>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        // It fails only when nobody listens any more.
        let _ = self.end.send(End {
            name: std::mem::take(&mut self.name),
            panicked,
        });
        if panicked {
            let _ = kill(Pid::this(), Signal::SIGTERM);
        }
    }
}
