//! Profiles under way. Each is a thread of its own; those who ask the same meanwhile share it, and it ends when all
//! of them have left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::reply::Refusal;
use crate::context::Look;
use crate::export::operations::Book;
use crate::export::{Beside, Course};
use crate::locate::Candidate;
use crate::open_board::OpenBoard;
use crate::report::{Options, Tally};
use crate::sampler::{self, Machine, Subject, Wish};

/// Runs at a time.
const MOST: usize = 4;

/// Between two looks at what is beside the samples: operations, queues and counters.
const LOOK_NS: u64 = 100_000_000;

/// What a run has.
pub(super) enum Taken {
    /// Counts.
    Tally(Box<Tally>),
    /// How it went, too, for trace viewers.
    Course(Box<Course>, Box<Beside>),
}

type Done = watch::Receiver<Option<Arc<Taken>>>;

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
            let taken = run.go(&|| waiting.strong_count() == 0);
            sender.send_replace(Some(Arc::new(taken)));
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
    /// How it goes is kept, and what is beside it.
    pub(super) course: bool,
}

impl Run {
    fn go(self, left: &dyn Fn() -> bool) -> Taken {
        let open = |candidate: &Candidate| {
            // One that cannot be opened any more has no samples.
            OpenBoard::open(candidate.clone(), Look::Verdict).ok().filter(OpenBoard::exists)
        };
        let boards: Vec<OpenBoard> = self.candidates.iter().filter_map(open).collect();
        let beside = boards.iter().map(|board| (open(&board.candidate), Book::default()));
        let mut beside: Vec<_> = if self.course { beside.collect() } else { Vec::new() };
        let subjects: Vec<Subject> = boards.into_iter().map(Subject::from).collect();
        let options = sampler::Options {
            rate_hz: self.rate_hz,
            duration: Some(self.duration),
            ..sampler::Options::default()
        };
        let wish =
            || Wish { stop: left().then(|| "nobody waits for it".to_owned()), more: Vec::new() };
        let clock = &mut Machine::new();
        // A count that has learnt too much says what it has.
        if !self.course {
            let mut tally = Tally::new(self.options);
            let _ = sampler::run(subjects, &options, clock, &mut tally, &mut |_| wish());
            tally.finish();
            return Taken::Tally(Box::new(tally));
        }
        let mut course = Course::new(self.options);
        let mut also = Beside::default();
        let mut next = 0;
        let _ = sampler::run(subjects, &options, clock, &mut course, &mut |progress| {
            if progress.elapsed_ns >= next {
                next = progress.elapsed_ns + LOOK_NS;
                look(&mut beside, &mut also, progress.elapsed_ns);
            }
            wish()
        });
        for (index, (_, book)) in (0u32..).zip(&beside) {
            also.operations.extend(book.open().map(|one| (index, one.clone())));
        }
        // What was over before it began is not of this time.
        let start = course.tally.wall_ns;
        also.operations.retain(|(_, one)| one.ended_wall_ns.is_none_or(|end| end >= start));
        also.operations.sort_by(|(_, a), (_, b)| {
            (a.begun_wall_ns, &a.op.id).cmp(&(b.begun_wall_ns, &b.op.id))
        });
        course.finish();
        Taken::Course(Box::new(course), Box::new(also))
    }
}

/// Takes what is beside the samples now.
fn look(boards: &mut [(Option<OpenBoard>, Book)], also: &mut Beside, at_ns: u64) {
    for (index, (board, book)) in (0u32..).zip(boards) {
        let Some(report) = board.as_mut().and_then(|board| board.report().ok()) else { continue };
        also.operations.extend(book.look(&report).into_iter().map(|one| (index, one)));
        also.look(index, at_ns, &report);
    }
}
