//! Profiles under way. Each is a thread of its own; those who ask the same meanwhile share it, and it ends when all
//! of them have left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::reply::Refusal;
use crate::context::Look;
use crate::locate::Candidate;
use crate::open_board::OpenBoard;
use crate::report::{Options, Tally};
use crate::sampler::{self, Machine, Subject, Wish};

/// Runs at a time.
const MOST: usize = 4;

type Done = watch::Receiver<Option<Arc<Tally>>>;

/// The runs under way, by what was asked.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<Mutex<HashMap<String, Weak<Done>>>>);

impl Runs {
    /// The run of a key: one that is under way, or a new one.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn join(
        &self,
        key: String,
        new: impl FnOnce() -> Run,
    ) -> Result<Arc<Done>, Refusal> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, run| run.upgrade().is_some_and(|run| run.borrow().is_none()));
        if let Some(run) = runs.get(&key).and_then(Weak::upgrade) {
            return Ok(run);
        }
        if runs.len() >= MOST {
            return Err(Refusal::busy(format!("{MOST} profiles are under way, which is all"), 2));
        }
        let (sender, done) = watch::channel(None);
        let done = Arc::new(done);
        let waiting = Arc::downgrade(&done);
        let run = new();
        let thread = std::thread::Builder::new().name("sampler".to_owned());
        let started = thread.spawn(move || {
            let tally = run.go(&|| waiting.strong_count() == 0);
            sender.send_replace(Some(Arc::new(tally)));
        });
        started.map_err(|error| Refusal::busy(format!("no thread can be started: {error}"), 2))?;
        runs.insert(key, Arc::downgrade(&done));
        Ok(done)
    }
}

/// What a thread is to do.
pub(super) struct Run {
    pub(super) candidates: Vec<Candidate>,
    pub(super) options: Options,
    pub(super) rate_hz: u32,
    pub(super) duration: Duration,
}

impl Run {
    fn go(self, left: &dyn Fn() -> bool) -> Tally {
        let mut tally = Tally::new(self.options);
        // One that cannot be opened any more has no samples.
        let opened = |candidate| OpenBoard::open(candidate, Look::Verdict).ok();
        let boards = self.candidates.into_iter().filter_map(opened).filter(OpenBoard::exists);
        let subjects: Vec<Subject> = boards.map(Subject::from).collect();
        let options = sampler::Options {
            rate_hz: self.rate_hz,
            duration: Some(self.duration),
            ..sampler::Options::default()
        };
        let mut ask = |_: &sampler::Progress| Wish {
            stop: left().then(|| "nobody waits for it".to_owned()),
            more: Vec::new(),
        };
        // A tally that has learnt too much says what it has.
        let _ = sampler::run(subjects, &options, &mut Machine::new(), &mut tally, &mut ask);
        tally.finish();
        tally
    }
}
