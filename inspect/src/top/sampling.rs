//! A sampler on a thread of its own, which counts into a histogram that the screen may look at.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::histogram::{Counter, Histogram, Shared, locked};
use crate::context::Look;
use crate::locate::Candidate;
use crate::open_board::OpenBoard;
use crate::sampler::background::Background;
use crate::sampler::{self, Machine, Options, Progress, Subject, Wish};

/// A sampler at work. Dropping it ends it.
pub struct Sampler {
    shared: Arc<Mutex<Shared>>,
    background: Background,
}

impl Sampler {
    /// Samples a board until its process ends.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(candidate: Candidate, rate_hz: u32) -> io::Result<Self> {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let theirs = Arc::clone(&shared);
        let background = Background::start(move |stop| {
            let run = sample(&candidate, rate_hz, &theirs, stop);
            if run.is_err() {
                *locked(&theirs) = Shared::default();
            }
            run
        })?;
        Ok(Self { shared, background })
    }

    /// The last seconds.
    pub fn histogram(&self, over: Duration) -> Histogram {
        locked(&self.shared).histogram(over)
    }

    /// Whether its thread panicked.
    pub fn broke(&mut self) -> bool {
        self.background.broke()
    }
}

/// One run of the sampler. An error: it has learnt too much.
fn sample(
    candidate: &Candidate,
    rate_hz: u32,
    shared: &Arc<Mutex<Shared>>,
    stop: &AtomicBool,
) -> io::Result<()> {
    // A board that cannot be opened has no samples.
    let Ok(board) = OpenBoard::open(candidate.clone(), Look::Verdict) else { return Ok(()) };
    if !board.exists() || board.is_saved() {
        return Ok(());
    }
    let options = Options { rate_hz, all_hits: true, ..Options::default() };
    let mut counter = Counter::new(Arc::clone(shared));
    let mut ask = |_: &Progress| Wish {
        stop: stop.load(Ordering::Relaxed).then(|| "asked".to_owned()),
        more: Vec::new(),
    };
    let mut clock = Machine::new();
    sampler::run(vec![Subject::from(board)], &options, &mut clock, &mut counter, &mut ask).map(drop)
}
